import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { openDiskArtifacts } from '../adapters/artifacts/disk.ts';
import { openS3Artifacts } from '../adapters/artifacts/s3/s3.ts';
import { type CopyProgress, copySqliteToPostgres } from '../adapters/stores/copy.ts';
import { CopyError } from '../adapters/stores/sql/copy.ts';
import { readVideos } from '../adapters/stores/sqlite/read-videos.ts';
import { openDataFolder } from '../adapters/system/data-folder.ts';
import type { S3Config } from '../config/config.ts';
import { artifactsOf } from '../domain/video.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import { filesOf } from './files.ts';
import { StartRefusal } from './role.ts';

/** What a copy did. */
export interface CopyReport {
  readonly videos: number;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  /** Files that were in the bucket already, from a copy that was broken off. */
  readonly known: number;
}

/**
 * Moves an embedded installation to PostgreSQL and S3: owners, keys, videos, secrets, files. The data folder is held
 * meanwhile, so no server runs on it, and it is left as it is. Files go first, so that whatever a row names is there; in
 * the end both sides are read and compared. Broken off, it is run again and goes on.
 */
export async function copyInstallation(
  dataFolder: string,
  url: string,
  s3: S3Config,
  progress: (progress: CopyProgress) => void,
): Promise<CopyReport> {
  const there = await stat(filesOf(dataFolder).database).catch(() => undefined);
  if (there === undefined)
    throw new StartRefusal(
      `There is no Inbetween database in ${dataFolder}. Name the server's data folder with --data-dir.`,
    );
  const folder = await openDataFolder(dataFolder);
  try {
    const files = filesOf(folder.path);
    const from = await openDiskArtifacts(files.artifacts);
    const to = await openS3Artifacts(s3);
    try {
      const copied = await copyFiles(from, to);
      let rows = 0;
      await copySqliteToPostgres(files.database, url, (step) => {
        rows += step.rows;
        progress(step);
      });
      return { videos: await verifyFiles(files.database, to), rows, ...copied };
    } finally {
      to.close();
    }
  } finally {
    await folder.close();
  }
}

async function copyFiles(from: ArtifactStore, to: ArtifactStore) {
  let [files, bytes, known] = [0, 0, 0];
  for await (const { key } of from.list('')) {
    const source = await from.open(key);
    if (source === undefined) continue;
    files += 1;
    bytes += source.bytes;
    if ((await sizeOf(to, key)) === source.bytes) {
      known += 1;
      for await (const _ of source.stream) break;
    } else await to.put(key, { stream: source.stream }, typeOf(key));
  }
  return { files, bytes, known };
}

/** An object is there as a whole or not at all, so its size tells enough to skip it; its bytes are read in the end. */
async function sizeOf(store: ArtifactStore, key: string): Promise<number | undefined> {
  const enough = new AbortController();
  const opened = await store.open(key, undefined, enough.signal);
  enough.abort();
  return opened?.bytes;
}

/** Reads back every file that a row names. */
async function verifyFiles(database: string, to: ArtifactStore): Promise<number> {
  let videos = 0;
  for (const video of readVideos(database)) {
    videos += 1;
    for (const { key, sha256 } of artifactsOf(video)) {
      const opened = await to.open(key);
      if (opened === undefined) throw new CopyError(`${key} is not in the bucket, nor in the data folder.`);
      const hash = createHash('sha256');
      for await (const chunk of opened.stream) hash.update(chunk);
      if (hash.digest('hex') !== sha256)
        throw new CopyError(`${key} in the bucket is not what ${video.id} says it is.`);
    }
  }
  return videos;
}

const TYPES: Readonly<Record<string, string>> = { mp4: 'video/mp4', webp: 'image/webp', png: 'image/png' };

/** For those who look into the bucket; what we serve is told by the row. */
function typeOf(key: string): string {
  return TYPES[/\.(\w+)$/.exec(key)?.[1] ?? ''] ?? 'application/octet-stream';
}
