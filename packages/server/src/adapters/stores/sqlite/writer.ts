import Database from 'better-sqlite3';
import type { Kysely } from 'kysely';
import { Fault } from '../../../domain/fault.ts';
import type { SqlDialect } from '../sql/dialect.ts';
import type { Tables } from '../sql/schema.ts';

/** More would keep the event loop for longer than what they save of the disk's time is worth. */
const TOGETHER_MAX = 32;

type Work = (transaction: Kysely<Tables>) => Promise<unknown>;

/** A transaction that was undone. */
interface Failed {
  readonly error: unknown;
  /** One of its writes failed, not its beginning or its end. */
  readonly byWork: boolean;
}

interface Waiting {
  readonly work: Work;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes that wait at the same time share one transaction and so one wait for the disk. When one of them fails, all are
 * undone and run again, each within a savepoint of its own, so that it fails alone. With eight callers at once that is
 * twice as many creates a second, the more the slower the disk. A write that waits alone is a transaction of its own.
 *
 * A transaction takes the write lock when it begins. Kysely's own `begin` would take it at the first write, and fail
 * there when another process has written since the transaction's first read.
 *
 * @param onCommit called before any of the writes in a commit is told to be done
 */
export function createWriter(
  connection: Database.Database,
  handle: Kysely<Tables>,
  onCommit: () => void,
): { readonly write: SqlDialect['write']; idle(): Promise<void> } {
  const begin = connection.prepare('begin immediate');
  const commit = connection.prepare('commit');
  const rollback = connection.prepare('rollback');
  const savepoint = connection.prepare('savepoint one');
  const release = connection.prepare('release one');
  const undo = connection.prepare('rollback to one');
  const waiting: Waiting[] = [];
  let running: Promise<void> = Promise.resolve();
  let isRunning = false;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      // Requests that have arrived come this far first, and are in the same transaction. While a turn brings another
      // write, one more is waited for: a turn without one ends it, so that who writes alone waits for one turn.
      for (let before = 0; waiting.length > before && waiting.length < TOGETHER_MAX; ) {
        before = waiting.length;
        await new Promise(setImmediate);
      }
      await commitTogether(waiting.splice(0, TOGETHER_MAX));
    }
    isRunning = false;
  }

  async function commitTogether(writes: readonly Waiting[]): Promise<void> {
    let failed = await transact(writes, attempt);
    // Savepoints cost an eighth of a create, so they are set only once one of several has failed.
    if (failed?.byWork === true && writes.length > 1) failed = await transact(writes, attemptWithin);
    if (failed !== undefined) for (const { reject } of writes) reject(explained(failed.error));
  }

  /** Runs writes as one transaction. Returns why nothing of it was written, or undefined once all are told to be done. */
  async function transact(
    writes: readonly Waiting[],
    run: (write: Waiting) => Promise<() => void>,
  ): Promise<Failed | undefined> {
    const done: (() => void)[] = [];
    let byWork = false;
    try {
      begin.run();
      byWork = true;
      for (const write of writes) done.push(await run(write));
      byWork = false;
      commit.run();
      onCommit();
    } catch (error) {
      // Some errors, a full disk among them, have rolled back by themselves, and everything with it.
      if (connection.inTransaction) rollback.run();
      return { error, byWork };
    }
    for (const finish of done) finish();
    return undefined;
  }

  /** Returns what is to be done once the commit is durable. */
  async function attempt({ work, resolve }: Waiting): Promise<() => void> {
    const result = await work(handle);
    return () => resolve(result);
  }

  /** The same for one of several: when it fails, it is undone. What it failed at may not last either, so it waits as well. */
  async function attemptWithin(write: Waiting): Promise<() => void> {
    savepoint.run();
    try {
      const finish = await attempt(write);
      release.run();
      return finish;
    } catch (error) {
      if (!connection.inTransaction) throw error;
      undo.run();
      release.run();
      return () => write.reject(explained(error));
    }
  }

  return {
    write<T>(work: (transaction: Kysely<Tables>) => Promise<T>): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      waiting.push({ work, resolve: (result) => resolve(result as T), reject });
      if (!isRunning) {
        isRunning = true;
        running = run();
      }
      return promise;
    },
    idle: () => running,
  };
}

function explained(error: unknown): unknown {
  if (error instanceof Database.SqliteError && error.code === 'SQLITE_FULL')
    return new Fault('storage_full', 'The disk of this server is full. Try again later.', { cause: error });
  return error;
}
