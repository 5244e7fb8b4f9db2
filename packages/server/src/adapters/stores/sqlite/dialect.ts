import { Kysely, SqliteDialect } from 'kysely';
import type { SqlDialect } from '../sql/dialect.ts';
import type { Tables } from '../sql/schema.ts';
import { openReader, openWriter, type PreparedDatabase, preparedOnce } from './connection.ts';
import { watchEpoch } from './epoch.ts';
import { createWriter } from './writer.ts';

export interface ThisSqliteDialect extends SqlDialect {
  /** Another thread of this process has committed. */
  committed(): void;
}

/** SQLite as the statements see it: one connection that writes, one transaction at a time, and one that reads. */
export function createSqliteDialect(path: string): ThisSqliteDialect {
  const connection = openWriter(path);
  const readConnection = openReader(path);
  const writable = preparedOnce(connection);
  const readable = preparedOnce(readConnection);
  const reader = kyselyOver(readable);
  const epoch = watchEpoch(readConnection);
  const { write, idle } = createWriter(connection, kyselyOver(writable), epoch.passed);

  return {
    reader,
    write,
    committed: epoch.passed,
    direct: {
      epoch: epoch.now,
      first: (text) => (values) => readable.prepare(text).get(values),
      all: (text) => (values) => writable.prepare(text).all(values),
      write: (text) => (values) => writable.prepare(text).run(values).changes,
    },
    locksRows: false,
    infersConditions: false,
    blobType: 'blob',
    tables: async (database) => (await database.introspection.getTables()).map(({ name }) => name),
    alone: async () => undefined,
    async close() {
      await idle();
      // The writer goes last, so that it folds the log into the file and leaves one file behind.
      readConnection.close();
      connection.close();
    },
  };
}

function kyselyOver(database: PreparedDatabase): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
}
