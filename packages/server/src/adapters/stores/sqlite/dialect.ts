import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { Fault } from '../../../domain/fault.ts';
import type { SqlDialect } from '../sql/dialect.ts';
import type { Tables } from '../sql/schema.ts';
import { openReader, openWriter, type PreparedDatabase, preparedOnce } from './connection.ts';

/**
 * SQLite as the statements see it: one connection that writes, one transaction at a time, and one that reads.
 *
 * A transaction takes the write lock when it begins. Kysely's own `begin` would take it at the first write, and fail
 * there when another process has written since the transaction's first read.
 */
export function createSqliteDialect(path: string): SqlDialect {
  const connection = openWriter(path);
  const readConnection = openReader(path);
  const writable = preparedOnce(connection);
  const readable = preparedOnce(readConnection);
  const writer = kyselyOver(writable);
  const reader = kyselyOver(readable);
  const begin = connection.prepare('begin immediate');
  const commit = connection.prepare('commit');
  const rollback = connection.prepare('rollback');
  let last: Promise<unknown> = Promise.resolve();

  async function transact<T>(work: (transaction: Kysely<Tables>) => Promise<T>): Promise<T> {
    try {
      begin.run();
      const result = await work(writer);
      commit.run();
      return result;
    } catch (error) {
      // Some errors, a full disk among them, have rolled back by themselves.
      if (connection.inTransaction) rollback.run();
      throw explained(error);
    }
  }

  return {
    reader,
    write(work) {
      const turn = last.then(() => transact(work));
      last = turn.catch(() => undefined);
      return turn;
    },
    direct: {
      first: (text) => (values) => readable.prepare(text).get(values),
      write: (text) => (values) => writable.prepare(text).run(values).changes,
    },
    locksRows: false,
    blobType: 'blob',
    tables: async (database) => (await database.introspection.getTables()).map(({ name }) => name),
    alone: async () => undefined,
    async close() {
      await last;
      // The writer goes last, so that it folds the log into the file and leaves one file behind.
      readConnection.close();
      connection.close();
    },
  };
}

function kyselyOver(database: PreparedDatabase): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
}

function explained(error: unknown): unknown {
  if (error instanceof Database.SqliteError && error.code === 'SQLITE_FULL')
    return new Fault('storage_full', 'The disk of this server is full. Try again later.', { cause: error });
  return error;
}
