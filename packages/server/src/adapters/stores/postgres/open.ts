import type { Pool } from 'pg';
import type { Log } from '../../../ports/log.ts';
import type { Store } from '../../../ports/store.ts';
import { type Migrated, migrate, requireMigrated } from '../sql/migrate.ts';
import { createSqlStore } from '../sql/store.ts';
import { createPostgresDialect } from './dialect.ts';
import { createPool } from './pool.ts';

export interface PostgresWish {
  readonly url: string;
  /** Connections of this process at most. */
  readonly connections: number;
  /** `migrate`: bring the schema up to date first; `require`: refuse one that is not. */
  readonly schema: 'migrate' | 'require';
  readonly log: Log;
}

/** A store in PostgreSQL, and the pool that its bell rings over. */
export interface OpenedPostgres {
  readonly store: Store;
  readonly pool: Pool;
}

/**
 * Opens the store in a PostgreSQL database.
 *
 * @throws ForeignDatabase when the database is not ours, or `require`d and not up to date
 */
export async function openPostgresStore(wish: PostgresWish, now: number = Date.now()): Promise<OpenedPostgres> {
  const { url, connections, log } = wish;
  const onBroken = (error: Error) => log.warn({ err: error }, 'a connection to the database broke');
  const pool = createPool({ url, connections, onBroken });
  const dialect = createPostgresDialect(pool);
  try {
    const where = nameOf(url);
    if (wish.schema === 'migrate') await migrate(dialect, where, now);
    else await requireMigrated(dialect, where);
    return { store: createSqlStore(dialect), pool };
  } catch (error) {
    await dialect.close();
    throw error;
  }
}

/** Brings the schema of a database up to date, and does nothing else. */
export async function migratePostgres(url: string, now: number = Date.now()): Promise<Migrated> {
  const dialect = createPostgresDialect(createPool({ url, connections: 2, onBroken() {} }));
  try {
    return await migrate(dialect, nameOf(url), now);
  } finally {
    await dialect.close();
  }
}

/**
 * How far the clock of this machine is at least ahead of the database's, in milliseconds; negative: behind it. While the
 * question was on its way either of them may have gone on, so a slow answer proves less.
 */
export async function clockSkew(pool: Pool, now: () => number = Date.now): Promise<number> {
  const asked = now();
  const { rows } = await pool.query<{ at: number }>(
    'select (extract(epoch from clock_timestamp()) * 1000)::float8 as at',
  );
  const heard = now();
  const at = rows[0]?.at ?? heard;
  if (at < asked) return asked - at;
  return at > heard ? heard - at : 0;
}

/** How messages name a database: never with its password. */
export function nameOf(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null) return 'The database';
  return `The database ${parsed.pathname.slice(1) || parsed.username} at ${parsed.host || 'this machine'}`;
}
