import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { Pool, type PoolClient, types } from 'pg';
import { explained, READ_TIMEOUT } from './errors.ts';

export interface PoolWish {
  /** `postgres://user:password@host:port/database?…` */
  readonly url: string;
  /** Connections of this process at most. */
  readonly connections: number;
  /** Told when an idle connection breaks; nothing else need be done about it. */
  onBroken(error: Error): void;
}

/** A statement of ours takes milliseconds; one that takes this long waits for something that will not come. */
const STATEMENT_MS = 15_000;
const LOCK_MS = 10_000;
/** A process that stands still in the middle of a transaction must not hold its locks longer than this. */
const IDLE_IN_TRANSACTION_MS = 10_000;
/** Past the server's own limit the answer was lost on the way. */
const ANSWER_MS = STATEMENT_MS + 5_000;
const CONNECT_MS = 5_000;
const IDLE_MS = 30_000;

/** Instants, versions and counts are `bigint`; all of ours are far below 2^53. */
const INT8 = 20;

/** A pool whose connections read numbers as numbers, have limits on every wait, and never end the process. */
export function createPool({ url, connections, onBroken }: PoolWish): Pool {
  const pool = new Pool({
    connectionString: url,
    max: connections,
    application_name: 'inbetween',
    connectionTimeoutMillis: CONNECT_MS,
    idleTimeoutMillis: IDLE_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    types: { getTypeParser: ((oid: number, format) => parserOf(oid, format)) as typeof types.getTypeParser },
    // Set on the connection rather than at its start, because a pooler in between may refuse unknown start parameters.
    async onConnect(client) {
      await client.query(
        `set statement_timeout = ${STATEMENT_MS}; set lock_timeout = ${LOCK_MS}; set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`,
      );
    },
  });
  pool.on('error', onBroken);
  // A connection that breaks while it is lent and between two queries has no other listener, and an error event
  // without one ends the process.
  pool.on('connect', (client) => void client.on('error', () => {}));
  return pool;
}

function parserOf(oid: number, format: 'text' | 'binary' | undefined) {
  if (oid === INT8) return readInteger;
  return types.getTypeParser(oid, format as 'text');
}

function readInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is beyond the integers that are exact`);
  return value;
}

/** The pool as Kysely wants it, with faults for errors; a connection whose answer did not come is not lent again. */
export function kyselyPool(pool: Pool): PostgresPool {
  return {
    options: pool.options,
    async connect() {
      try {
        return guarded(await pool.connect());
      } catch (error) {
        throw explained(error);
      }
    },
    end: () => pool.end(),
  };
}

function guarded(client: PoolClient): PostgresPoolClient {
  let silent = false;
  const query = async (text: string, values: readonly unknown[]) => {
    try {
      return await client.query(text, [...values]);
    } catch (error) {
      // The late answer would be taken for that of the next query.
      if (error instanceof Error && error.message === READ_TIMEOUT) silent = true;
      throw explained(error);
    }
  };
  return {
    // Kysely also knows queries by cursor, which nothing here uses.
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy?: boolean) => client.release(destroy === true || silent),
  };
}
