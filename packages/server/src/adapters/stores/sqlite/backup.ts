import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { ForeignDatabase } from '../sql/migrate.ts';
import { openReader } from './connection.ts';

export interface BackupProgress {
  readonly totalPages: number;
  readonly remainingPages: number;
}

/** Pages of one step; between steps, other work of the process gets its turn. */
const PAGES_A_STEP = 1_000;

/**
 * Copies a live database into one new file: the state of one instant, checked, durable, readable by its user alone.
 * Writers are not stopped, in this process or another.
 *
 * @throws ForeignDatabase when `source` is not a database of ours; an error with code `EEXIST` when `target` exists
 */
export async function backupSqlite(
  source: string,
  target: string,
  progress: (progress: BackupProgress) => void = () => {},
): Promise<void> {
  const connection = openReader(source);
  try {
    requireOurs(connection, source);
    await (await open(target, 'wx', 0o600)).close();
    const partial = `${target}.partial`;
    try {
      await (await open(partial, 'w', 0o600)).close();
      await copy(connection, partial, progress);
      settle(partial);
      await sync(partial);
      await rename(partial, target);
      await sync(dirname(target));
    } catch (error) {
      await Promise.all([rm(partial, { force: true }), rm(target, { force: true })]);
      throw error;
    }
  } finally {
    connection.close();
  }
}

function requireOurs(connection: Database.Database, source: string): void {
  try {
    if (connection.prepare('select product from inbetween').pluck().get() === 'inbetween') return;
  } catch (error) {
    throw new ForeignDatabase(`${source} is not a database of Inbetween.`, { cause: error });
  }
  throw new ForeignDatabase(`${source} is not a database of Inbetween.`);
}

/**
 * An open read transaction pins the copy to one instant. Without it, SQLite starts the copy over whenever another
 * connection writes, which under steady load is for ever.
 */
async function copy(
  connection: Database.Database,
  partial: string,
  progress: (progress: BackupProgress) => void,
): Promise<void> {
  connection.exec('begin');
  connection.prepare('select 1 from inbetween').get();
  const { totalPages } = await connection.backup(partial, {
    progress(state) {
      progress(state);
      return PAGES_A_STEP;
    },
  });
  progress({ totalPages, remainingPages: 0 });
  connection.exec('commit');
}

/** Makes the copy one plain file without a log beside it, and reads it through once. */
function settle(partial: string): void {
  const copy = new Database(partial, { fileMustExist: true });
  try {
    copy.pragma('journal_mode = DELETE');
    const verdict = copy.pragma('quick_check(1)', { simple: true });
    if (verdict !== 'ok') throw new Error(`The copy is damaged, so its source may be too: ${String(verdict)}`);
  } finally {
    copy.close();
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
