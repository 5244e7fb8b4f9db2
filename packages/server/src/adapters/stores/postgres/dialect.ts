import { Kysely, type LogEvent, PostgresDialect, sql } from 'kysely';
import type { Pool } from 'pg';
import type { SqlDialect } from '../sql/dialect.ts';
import type { Tables } from '../sql/schema.ts';
import { isCollision } from './errors.ts';
import { kyselyPool } from './pool.ts';

/** A transaction that collides is run again this often; each time somebody else got on, so this many is plenty. */
const RUNS_MAX = 10;

/**
 * PostgreSQL as the statements see it: transactions at `read committed`, side by side, over one pool. What they must not
 * do side by side they say by row locks, by unique keys, and by `alone`.
 */
export function createPostgresDialect(pool: Pool, log?: (event: LogEvent) => void): SqlDialect {
  const database = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: kyselyPool(pool) }),
    ...(log === undefined ? {} : { log }),
  });
  let closing: Promise<void> | undefined;

  async function write<T>(work: (transaction: Kysely<Tables>) => Promise<T>): Promise<T> {
    for (let run = 1; ; run += 1) {
      try {
        return await database.transaction().execute(work);
      } catch (error) {
        if (!isCollision(error) || run === RUNS_MAX) throw error;
      }
    }
  }

  return {
    reader: database,
    write,
    locksRows: true,
    infersConditions: true,
    blobType: 'bytea',
    async tables(of) {
      // Tables of extensions stand in the same schema on many hosted servers and are nobody's.
      const { rows } = await sql<{ name: string }>`
        select relname as name from pg_class
        where relkind in ('r', 'p') and relnamespace = (select oid from pg_namespace where nspname = current_schema())
          and oid not in (select objid from pg_depend where deptype = 'e' and classid = 'pg_class'::regclass)
        order by relname`.execute(of);
      return rows.map(({ name }) => name);
    },
    async alone(transaction, name) {
      await sql`select pg_advisory_xact_lock(hashtext(${`inbetween ${name}`}))`.execute(transaction);
    },
    async close() {
      // Kysely ends a pool only once it has used it.
      closing ??= database.destroy().then(async () => (pool.ending ? undefined : pool.end()));
      await closing;
    },
  };
}
