import type { Store } from '../../../ports/store.ts';
import { migrate } from '../sql/migrate.ts';
import { createSqlStore } from '../sql/store.ts';
import { createSqliteDialect } from './dialect.ts';

/**
 * Opens the store in a SQLite file; makes the file when there is none, in a folder that exists.
 *
 * @throws ForeignDatabase when the file is not a database of ours
 */
export async function openSqliteStore(path: string, now: number = Date.now()): Promise<Store> {
  const dialect = createSqliteDialect(path);
  try {
    await migrate(dialect, path, now);
    return createSqlStore(dialect);
  } catch (error) {
    await dialect.close();
    throw error;
  }
}
