import { constants, copyFile, mkdir, opendir, readdir, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { backupSqlite } from '../adapters/stores/sqlite/backup.ts';
import { readVideos } from '../adapters/stores/sqlite/read-videos.ts';
import { makeFolder } from '../adapters/system/make-folder.ts';
import { artifactsOf } from '../domain/video.ts';
import { filesOf } from './files.ts';

/** What a backup copied. */
export interface BackupReport {
  readonly folder: string;
  readonly videos: number;
  readonly files: number;
  readonly bytes: number;
  /** Files that the copied rows name and that were deleted while the copy was made. */
  readonly missing: number;
}

/**
 * Copies the data folder consistently while its server may run: files first, then the database as of one instant, then
 * the files that came in between. A file is stored before its row names it, so every file a copied row names is there,
 * unless its video was deleted or expired meanwhile. The copy is a data folder: start a server on it to restore.
 */
export async function backUp(dataFolder: string, target: string): Promise<BackupReport | { readonly problem: string }> {
  const from = filesOf(resolve(dataFolder));
  const to = filesOf(resolve(target));
  const there = await stat(from.database).catch(() => undefined);
  if (there === undefined)
    return {
      problem: `There is no Inbetween database in ${dataFolder}. Name the server's data folder with --data-dir.`,
    };
  if ((await readdir(target).catch(() => [])).length > 0)
    return { problem: `${target} is not empty. A backup needs a folder of its own.` };
  await makeFolder(target, 0o700);
  const copied = new Map<string, number>();
  await copyNew(from.artifacts, to.artifacts, copied);
  await backupSqlite(from.database, to.database);
  await copyNew(from.artifacts, to.artifacts, copied);
  const { videos, missing } = check(to.database, copied);
  return {
    folder: resolve(target),
    videos,
    files: copied.size,
    bytes: [...copied.values()].reduce((sum, bytes) => sum + bytes, 0),
    missing,
  };
}

/** Copies what is not copied yet; a file system that can share blocks between copies does. */
async function copyNew(from: string, to: string, copied: Map<string, number>): Promise<void> {
  const folder = await opendir(from, { recursive: true }).catch(() => undefined);
  if (folder === undefined) return;
  for await (const entry of folder) {
    const path = join(entry.parentPath, entry.name);
    const key = relative(from, path);
    // What begins with a dot is being written and has no row yet.
    if (!entry.isFile() || key.startsWith('.') || copied.has(key)) continue;
    const bytes = await copyOne(path, join(to, key));
    if (bytes !== undefined) copied.set(key, bytes);
  }
}

async function copyOne(from: string, to: string): Promise<number | undefined> {
  try {
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, to, constants.COPYFILE_FICLONE);
    return (await stat(to)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads the copy once: how many videos it holds, and how many of their files are not in it. */
function check(database: string, copied: ReadonlyMap<string, number>): { videos: number; missing: number } {
  let videos = 0;
  let missing = 0;
  for (const video of readVideos(database)) {
    videos += 1;
    missing += artifactsOf(video).filter(({ key }) => !copied.has(key)).length;
  }
  return { videos, missing };
}
