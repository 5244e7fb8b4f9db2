import { DatabaseError } from 'pg';
import { Fault } from '../../../domain/fault.ts';

/** Another transaction was in the way; the same one, run again, finds a clear road. */
const RUN_AGAIN: readonly (string | undefined)[] = ['40001', '40P01'];

/** The server goes down, comes up, has no connection left, or took longer than we wait: SQLSTATE by SQLSTATE. */
const UNAVAILABLE: readonly (string | undefined)[] = ['53300', '55P03', '57014', '57P01', '57P02', '57P03', '25P03'];
const BROKEN_CONNECTION = /^08/;
const FULL_DISK = '53100';
/** Writing to a server that only reads: a stand-by that has just been promoted elsewhere, or is about to be. */
const READ_ONLY = '25006';

/** Errors of sockets and name look-ups. */
const NETWORK: readonly unknown[] = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENOENT',
];
/** What pg says without a code. */
const PG_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed)/;

export const READ_TIMEOUT = 'Query read timeout';

/** Whether nothing was written and the transaction is worth running again at once. */
export function isCollision(error: unknown): boolean {
  return error instanceof DatabaseError && RUN_AGAIN.includes(error.code);
}

/** Whether the server could not be reached or could not answer, whatever was asked of it. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DatabaseError) {
    const { code = '' } = error;
    return UNAVAILABLE.includes(code) || code === READ_ONLY || BROKEN_CONNECTION.test(code);
  }
  if (error instanceof AggregateError) return error.errors.some(isUnavailable);
  if (!(error instanceof Error)) return false;
  return ('code' in error && NETWORK.includes(error.code)) || PG_WORDS.test(error.message);
}

/** Reads an error of the database: what a caller can wait for becomes a fault, everything else stays what it is. */
export function explained(error: unknown): unknown {
  if (error instanceof DatabaseError && error.code === FULL_DISK) {
    return new Fault('storage_full', 'The disk of the database is full. Try again later.', { cause: error });
  }
  if (!isUnavailable(error)) return error;
  return new Fault('storage_unavailable', 'The database does not answer at the moment. Try again in a few seconds.', {
    retryAfterMs: 2_000,
    cause: error,
  });
}

/** Why the server does not let us in, as a sentence for the operator; undefined for every other error. */
export function databaseRefusal(error: unknown): string | undefined {
  if (!(error instanceof DatabaseError)) return undefined;
  switch (error.code) {
    case '28000':
    case '28P01':
      return 'The database of DATABASE_URL refuses the user or the password.';
    case '3D000':
      return 'The database server of DATABASE_URL has no database of that name. Create it, or correct the name.';
    case '42501':
      return 'The user of DATABASE_URL may not do what is needed. It must own the database, or may create tables in its schema.';
    default:
      return undefined;
  }
}
