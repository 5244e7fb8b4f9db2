import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { SqliteDatabase } from 'kysely';
import { ForeignDatabase } from '../sql/migrate.ts';

/** How long a writer waits for another process, such as the command line beside a running server. */
const BUSY_MS = 5_000;
/**
 * After so many pages (16 MB) the log is folded into the file. That waits for the disk twice more, so not as often as
 * SQLite's own 1,000 pages would have it: those are the pictures of 30 creates, and most of them are dropped from the
 * database before they would reach the file.
 */
const LOG_PAGES = 4_000;
/** A log file that once grew large is cut back to this size. */
const LOG_BYTES = 64 * 1024 * 1024;

/** The connection that writes. Creates the file, readable by its user alone: it holds the installation's secrets. */
export function openWriter(path: string): Database.Database {
  if (path.trim() === '' || path.trim() === ':memory:')
    throw new Error('The SQLite store needs a file: its reader is a second connection to it.');
  closeSync(openSync(path, 'a', 0o600));
  const database = new Database(path, { timeout: BUSY_MS });
  try {
    // A commit is on the disk when it returns (FULL); on macOS only this pragma makes the disk itself write.
    database.pragma('journal_mode = WAL');
    database.pragma('synchronous = FULL');
    database.pragma('fullfsync = ON');
    database.pragma('foreign_keys = ON');
    database.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
    database.pragma(`journal_size_limit = ${LOG_BYTES}`);
    // What a caller deleted is overwritten with zeros wherever that costs no extra page.
    database.pragma('secure_delete = FAST');
    return database;
  } catch (error) {
    database.close();
    throw explained(error, path);
  }
}

/** The connection that reads: it sees committed rows only, while the writer is in the middle of a transaction. */
export function openReader(path: string): Database.Database {
  try {
    return new Database(path, { timeout: BUSY_MS, readonly: true, fileMustExist: true });
  } catch (error) {
    throw explained(error, path);
  }
}

function explained(error: unknown, path: string): unknown {
  if (error instanceof Database.SqliteError && error.code === 'SQLITE_NOTADB')
    return new ForeignDatabase(`${path} is not a SQLite database.`, { cause: error });
  return error;
}

/** Far more than the texts we have; beyond it something makes texts without end, and memory matters more than speed. */
const STATEMENTS_MAX = 500;

/** A connection as Kysely wants it, and a little more than that. */
export interface PreparedDatabase extends SqliteDatabase {
  prepare(text: string): Database.Statement;
}

/** The connection with each text prepared once: preparing costs several times what a look-up does. */
export function preparedOnce(database: Database.Database): PreparedDatabase {
  const statements = new Map<string, Database.Statement>();
  return {
    prepare(text) {
      const known = statements.get(text);
      if (known !== undefined) return known;
      if (statements.size >= STATEMENTS_MAX) statements.clear();
      const statement = database.prepare(text);
      statements.set(text, statement);
      return statement;
    },
    close() {
      database.close();
    },
  };
}
