import { Client } from 'pg';
import { startPostgres } from '../../../../../../test/support/postgres-cluster.ts';
import type { VideoEvent } from '../../../domain/event.ts';
import type { OpenedStore } from '../../../ports/store.contract.ts';
import { openPostgresStore } from './open.ts';

export const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

/** One database, migrated once and emptied for each test: making a schema anew costs more than most tests. */
export async function openSubject() {
  const cluster = await startPostgres();
  const url = await cluster.database('inbetween_test');
  const behind = new Client({ connectionString: url });
  await behind.connect();
  const open = () => openPostgresStore({ url, connections: 8, schema: 'migrate', log: QUIET });
  await (await open()).store.close();
  const { rows } = await behind.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' and tablename <> 'inbetween'",
  );
  // The foreign keys cascade, so the order does not matter.
  const empty = rows.map(({ name }) => `delete from ${name}`).join('; ');

  return {
    url,
    cluster,
    behind,
    open,
    async openEmpty(): Promise<OpenedStore> {
      await behind.query(empty);
      const { store } = await open();
      return {
        store,
        events: async (id) =>
          (
            await behind.query<VideoEvent & { version: number }>(
              'select type, at::float8 as at, version::float8 as version from event where video = $1 order by version',
              [id],
            )
          ).rows,
        async close() {},
      };
    },
    async close() {
      await behind.end();
      await cluster.close();
    },
  };
}
