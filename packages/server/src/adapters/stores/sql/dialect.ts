import type { Kysely } from 'kysely';
import type { Tables } from './schema.ts';

/** What differs between the databases; the statements know nothing else of where they run. */
export interface SqlDialect {
  /** For single reads: sees only what is committed, and never waits for a writer. */
  readonly reader: Kysely<Tables>;
  /**
   * Runs `work` as one transaction and resolves when its commit is durable; when `work` rejects, nothing is written.
   * It may be run more than once before that, each time on the state that the last commit left.
   * Inside, only the given handle may be used. Where rows cannot be locked one by one, transactions run one at a time.
   */
  write<T>(work: (transaction: Kysely<Tables>) => Promise<T>): Promise<T>;
  /** Where the database is in this very process: a short way to it for statements that run at each request. */
  readonly direct?: DirectStatements;
  /** Rows can be locked one by one (`for update skip locked`), so that claimers pass each other by. */
  readonly locksRows: boolean;
  /** Knows by itself that a condition implies the wider one of a partial index, so that only the narrow one is written. */
  readonly infersConditions: boolean;
  /** The column type of bytes. */
  readonly blobType: string;
  /** Names of the tables that stand where ours belong, whoever made them. */
  tables(database: Kysely<Tables>): Promise<readonly string[]>;
  /**
   * Resolves when no other open transaction, of any process, has asked for the same name; the others then wait for the
   * end of this one. At once where transactions run one at a time anyway.
   */
  alone(transaction: Kysely<Tables>, name: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Runs the text of a statement without Kysely between. What Kysely does for each run (six promises, a connection handed
 * out and back) takes several times what SQLite needs to find a row by its key: 12 µs of CPU time against 4 µs.
 */
export interface DirectStatements {
  /** Which state of the database the reader sees: what was read at the same number is still so. */
  epoch(): number;
  /** A read on the reader; returns the first row. */
  first(text: string): (values: readonly unknown[]) => unknown;
  /** A read within the transaction that is open; returns all rows. */
  all(text: string): (values: readonly unknown[]) => readonly unknown[];
  /** A write within the transaction that is open; returns how many rows changed. */
  write(text: string): (values: readonly unknown[]) => number;
}
