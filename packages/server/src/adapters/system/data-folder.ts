import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import Database from 'better-sqlite3';
import { makeFolder } from './make-folder.ts';

/** The folder a server keeps everything in, held by this process alone. */
export interface DataFolder {
  /** Absolute. */
  readonly path: string;
  /** Empty at start, on the same file system as everything else here, so that a finished file is moved by a rename. */
  readonly tmp: string;
  /** Lets others have the folder. */
  close(): Promise<void>;
}

/** The data folder cannot be used; the message tells an operator which, why, and what to do. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
  /** Another process holds it. */
  readonly inUse: boolean;

  constructor(message: string, { cause, inUse = false }: { readonly cause?: unknown; readonly inUse?: boolean } = {}) {
    super(message, { cause });
    this.inUse = inUse;
  }
}

/**
 * Opens the data folder, creating it for this user only, and holds it until `close` or the end of the process, however
 * it ends.
 *
 * @throws DataFolderError when another process holds it, or it cannot be used
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const path = resolve(folder);
  await makePrivateFolder(path);
  const lock = await takeLock(path);
  try {
    await noteProcess(path);
    const tmp = join(path, 'tmp');
    // Only now: before the lock was ours, these were another server's half-written files.
    await rm(tmp, { recursive: true, force: true });
    await mkdir(tmp, { mode: 0o700 });
    return {
      path,
      tmp,
      async close() {
        if (!lock.open) return;
        await rm(processFile(path), { force: true });
        lock.close();
      },
    };
  } catch (cause) {
    lock.close();
    throw unusable(path, cause);
  }
}

/** Processes of one fleet that may share a folder of one machine. */
const PROCESSES_MAX = 1_000;

/**
 * Opens a folder of this process's own within one that it shares with other processes: the first that nobody holds, so that
 * what a dead process left is emptied by the next.
 *
 * @throws DataFolderError when it cannot be used
 */
export async function openProcessFolder(folder: string): Promise<DataFolder> {
  for (let n = 1; ; n += 1) {
    try {
      return await openDataFolder(join(folder, `process-${n}`));
    } catch (error) {
      if (!(error instanceof DataFolderError) || !error.inUse || n === PROCESSES_MAX) throw error;
    }
  }
}

async function makePrivateFolder(path: string): Promise<void> {
  try {
    const made = await makeFolder(path, 0o700);
    // `mode` is subject to the umask, which may only take away; a folder that was there keeps what its owner gave it.
    if (made !== undefined) await chmod(path, 0o700);
  } catch (cause) {
    throw unusable(path, cause);
  }
}

/**
 * An open exclusive transaction on a database file of nothing is a lock that works wherever better-sqlite3 does, that
 * the kernel drops with the process (also on kill -9), and that cannot be left behind as a stale file can.
 *
 * The file `lock` must never be opened otherwise by this process: POSIX drops a process's locks on a file when it
 * closes any descriptor of it. That is why the process id is noted in a file beside it.
 */
async function takeLock(path: string): Promise<Database.Database> {
  let lock: Database.Database | undefined;
  try {
    lock = new Database(join(path, 'lock'), { timeout: 0 });
    lock.pragma('locking_mode = EXCLUSIVE');
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock?.close();
    if (!isBusy(cause)) throw unusable(path, cause);
    const holder = await readHolder(path);
    throw new DataFolderError(
      `The data folder ${path} is in use by another server${holder}. Stop that one, or give this one a folder of its own with INBETWEEN_DATA_DIR.`,
      { cause, inUse: true },
    );
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
}

function processFile(path: string): string {
  return join(path, 'lock.pid');
}

/** For the message of a second server only; nothing decides by it, so it may be stale. */
async function noteProcess(path: string): Promise<void> {
  await writeFile(processFile(path), `${process.pid}\n`, { mode: 0o600 });
}

async function readHolder(path: string): Promise<string> {
  const text = await readFile(processFile(path), 'utf8').catch(() => '');
  const [pid] = /^\d+(?=\n)/.exec(text) ?? [];
  return pid === undefined ? '' : ` (process ${pid})`;
}

function unusable(path: string, cause: unknown): DataFolderError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new DataFolderError(`The data folder ${path} cannot be used: ${reason}`, { cause });
}
