import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { openDiskArtifacts } from '../adapters/artifacts/disk.ts';
import { openRelievedSqliteStore } from '../adapters/stores/sqlite/open-relieved.ts';
import { createBell } from '../adapters/system/bell.ts';
import { systemClock } from '../adapters/system/clock.ts';
import { openDataFolder, openProcessFolder } from '../adapters/system/data-folder.ts';
import type { Config } from '../config/config.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Store } from '../ports/store.ts';
import { clockProblem } from './clock-problem.ts';
import { filesOf } from './files.ts';
import { type Role, StartRefusal } from './role.ts';

/** Something the server needs, asked whether it is there: resolves with a sentence for everyone when it is not. */
export interface Need {
  readonly name: string;
  problem(): Promise<string | undefined>;
}

/**
 * Where everything is kept: the only switch on kinds of stores, artifacts and bells. The clients of PostgreSQL and S3 are
 * loaded where they are used, for they take as much memory as half of the server.
 */
export interface Storage {
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly bell: Bell;
  /** What all who share this storage go by. */
  readonly clock: Clock;
  /** Files of this process alone, empty at start. */
  readonly tmp: string;
  /** The processes of a fleet share this storage. */
  readonly shared: boolean;
  readonly needs: readonly Need[];
  /** Small regular work of whoever sweeps. */
  readonly chores: readonly (() => Promise<void>)[];
  close(): Promise<void>;
}

const HOUR = 3_600_000;
/** Longer than any upload takes. */
const UPLOAD_AGE_MS = 24 * HOUR;

export async function openStorage(config: Config, role: Role, log: Log): Promise<Storage> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const { postgres, s3 } = config;
    const shared = postgres !== undefined && s3 !== undefined;
    // Of what is shared nothing lies in the folder, so any number of processes may have theirs in one.
    const folder = await (shared ? openProcessFolder : openDataFolder)(config.data.folder);
    closers.push(() => folder.close());
    const files = filesOf(folder.path);
    const needs: Need[] = [];
    const chores: (() => Promise<void>)[] = [];
    const local = createBell(log);
    let bell: Bell = local;
    let store: Store;
    let clock: Clock = systemClock;
    if (postgres === undefined) {
      store = await openRelievedSqliteStore(files.database, {
        onLost: (cause) => log.error({ err: cause }, 'the thread that writes has ended; writes go on without it'),
      });
      closers.push(() => store.close());
      // The folder is ours alone, so whoever held a lease in it is dead.
      await store.workers.removeAll();
    } else {
      const { createPostgresBell } = await import('../adapters/stores/postgres/bell.ts');
      const { createFleetClock } = await import('../adapters/stores/postgres/clock.ts');
      const { clockSkew, openPostgresStore } = await import('../adapters/stores/postgres/open.ts');
      const schema = role === 'serve' ? 'migrate' : 'require';
      const opened = await openPostgresStore({ ...postgres, schema, log });
      store = opened.store;
      closers.push(() => store.close());
      const { pool } = opened;
      const time = await createFleetClock({ ahead: (now) => clockSkew(pool, now) });
      closers.push(() => time.close());
      clock = time;
      const over = createPostgresBell({ url: postgres.url, pool, local, clock, log });
      closers.push(() => over.close());
      bell = over;
      needs.push({ name: 'clock', problem: () => clockProblem(() => clockSkew(pool)) });
    }
    needs.unshift({ name: 'store', problem: () => answered(store.ping(), 'the database does not answer') });
    let artifacts: ArtifactStore;
    if (s3 === undefined) {
      artifacts = await openDiskArtifacts(files.artifacts);
      if (postgres !== undefined) await requireSameFolder(store, files.home);
    } else {
      const { openS3Artifacts } = await import('../adapters/artifacts/s3/s3.ts');
      const bucket = await openS3Artifacts(s3);
      closers.push(() => bucket.close());
      artifacts = bucket;
      needs.push({ name: 'files', problem: () => answered(bucket.ping(), 'the file storage does not answer') });
      chores.push(hourly(async () => void (await bucket.sweepUploads(Date.now() - UPLOAD_AGE_MS))));
    }
    return { store, artifacts, bell, clock, tmp: files.tmp, shared, needs, chores, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A database outside and files in a folder belong together: with another folder, every video's files would be missing. */
async function requireSameFolder(store: Store, file: string): Promise<void> {
  const known = await readFile(file, 'utf8').catch(() => undefined);
  const ours = known?.trim() ?? randomUUID();
  const theirs = await store.secrets.ensure('files-folder', ours, Date.now());
  if (theirs !== ours) {
    throw new StartRefusal(
      'The files of this database lie in another data folder. Start the server with that one (INBETWEEN_DATA_DIR), or set S3_BUCKET so that several machines share the files.',
    );
  }
  if (known === undefined) await writeFile(file, `${ours}\n`, { mode: 0o600 });
}

async function answered(look: Promise<unknown>, problem: string): Promise<string | undefined> {
  return look.then(
    () => undefined,
    () => problem,
  );
}

function hourly(work: () => Promise<void>): () => Promise<void> {
  let next = 0;
  return async () => {
    if (Date.now() < next) return;
    next = Date.now() + HOUR;
    await work();
  };
}
