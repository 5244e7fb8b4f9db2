import type { Store } from '../../../ports/store.ts';
import { migrate } from '../sql/migrate.ts';
import { createSqlStore } from '../sql/store.ts';
import { createSqliteDialect } from './dialect.ts';
import { createRelief } from './relief.ts';
import { make, withWrites } from './writes.ts';
import { startWritingThread } from './writing-thread.ts';

/** Fewer are soon done. */
const CROWD = 4;
const REST_MS = 60_000;

export interface ReliefOptions {
  /** So many creates at once begin the writing thread. */
  readonly crowd?: number;
  /** After so long without so many it ends. */
  readonly restMs?: number;
  /** It ended by itself: this thread makes all writes from now on. */
  readonly onLost: (reason: unknown) => void;
  /** For tests. */
  readonly start?: typeof startWritingThread;
}

/**
 * The store of `openSqliteStore` for a process that answers many: while many create at once, another thread writes
 * (decision 37).
 *
 * @throws ForeignDatabase when the file is not a database of ours
 */
export async function openRelievedSqliteStore(
  path: string,
  { crowd = CROWD, restMs = REST_MS, onLost, start = startWritingThread }: ReliefOptions,
  now: number = Date.now(),
): Promise<Store> {
  const dialect = createSqliteDialect(path);
  try {
    await migrate(dialect, path, now);
  } catch (error) {
    await dialect.close();
    throw error;
  }
  const store = createSqlStore(dialect);
  const relief = createRelief({
    here: (call) => make(store, call),
    start: () => start(path, dialect.committed),
    // The lanes write several things at once when a server starts and has nothing to do.
    counts: ({ part, method }) => part === 'videos' && method === 'insert',
    crowd,
    restMs,
    onLost,
  });
  return {
    ...withWrites(store, relief.write),
    async close() {
      await relief.close();
      // Last, so that it folds the log into the file and leaves one file behind.
      await store.close();
    },
  };
}
