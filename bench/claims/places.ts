import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Client } from 'pg';
import { openPostgresStore } from '../../packages/server/src/adapters/stores/postgres/open.ts';
import { openSqliteStore } from '../../packages/server/src/adapters/stores/sqlite/open.ts';
import type { Store } from '../../packages/server/src/ports/store.ts';
import { startPostgres } from '../../test/support/postgres-cluster.ts';
import { copyStatement, insertModel } from './history.ts';

/** A database of its own that can be given a history. */
export interface Place {
  readonly store: Store;
  /** Adds so many finished videos, and lets the database count them, as it does by itself in time. */
  fill(history: number): Promise<void>;
}

export interface Places extends AsyncDisposable {
  open(name: string): Promise<Place>;
}

const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

export async function openSqlitePlaces(): Promise<Places> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-bench-'));
  const stores: Store[] = [];
  return {
    async open(name) {
      const path = join(folder, `${name}.db`);
      const store = await openSqliteStore(path);
      stores.push(store);
      return {
        store,
        async fill(history) {
          await insertModel(store);
          const database = new Database(path);
          const columns = database.prepare<[], { name: string }>(`select name from pragma_table_info('video')`).all();
          const names = columns.map((column) => column.name);
          const numbers = `(with recursive n(i) as (select 1 union all select i + 1 from n where i < ${history}) select i from n)`;
          if (history > 0) database.exec(copyStatement(names, numbers, "printf('%025d', i)"));
          database.exec('analyze');
          database.close();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function openPostgresPlaces(): Promise<Places> {
  const cluster = await startPostgres({ durable: true });
  const stores: Store[] = [];
  return {
    async open(name) {
      const url = await cluster.database(name);
      const { store } = await openPostgresStore({ url, connections: 4, schema: 'migrate', log });
      stores.push(store);
      return {
        store,
        async fill(history) {
          await insertModel(store);
          const client = new Client({ connectionString: url });
          await client.connect();
          const { rows } = await client.query<{ name: string }>(
            "select column_name as name from information_schema.columns where table_name = 'video'",
          );
          const names = rows.map((column) => column.name);
          const numbers = `generate_series(1, ${history}) as n(i)`;
          if (history > 0) await client.query(copyStatement(names, numbers, "lpad(i::text, 25, '0')"));
          await client.query('vacuum analyze');
          // What was just filled in is not written out while others are measured.
          await client.query('checkpoint');
          await client.end();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.close();
      await cluster.close();
    },
  };
}
