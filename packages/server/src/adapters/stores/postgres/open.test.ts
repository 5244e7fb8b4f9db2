import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasPostgres, type PostgresCluster, startPostgres } from '../../../../../../test/support/postgres-cluster.ts';
import { until } from '../../../../../../test/support/until.ts';
import { Fault } from '../../../domain/fault.ts';
import { pending, videoId } from '../../../ports/store-contract/fixtures.contract.ts';
import { MIGRATIONS } from '../sql/migrations/index.ts';
import { clockSkew, nameOf, openPostgresStore } from './open.ts';
import { QUIET } from './subject.fixture.ts';

describe.skipIf(!hasPostgres())('opening a PostgreSQL store', () => {
  let cluster: PostgresCluster;
  let made = 0;
  beforeAll(async () => {
    cluster = await startPostgres();
  }, 60_000);
  afterAll(() => cluster.close());

  const fresh = async () => {
    made += 1;
    return cluster.database(`fresh_${made}`);
  };
  const open = (url: string, schema: 'migrate' | 'require' = 'migrate') =>
    openPostgresStore({ url, connections: 3, schema, log: QUIET });

  async function ask<T extends object>(url: string, text: string): Promise<readonly T[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<T>(text)).rows;
    } finally {
      await client.end();
    }
  }

  it('migrates once when many processes open an empty database together', async () => {
    const url = await fresh();
    const stores = await Promise.all(Array.from({ length: 8 }, async () => (await open(url)).store));
    for (const store of stores) {
      await store.ping();
      await store.close();
    }
    expect(await ask(url, 'select product, schema_version from inbetween')).toEqual([
      { product: 'inbetween', schema_version: MIGRATIONS.length },
    ]);
  });

  it('says what to do with a database that is not migrated, where it must not do so itself', async () => {
    const url = await fresh();
    await expect(open(url, 'require')).rejects.toThrow(
      /fresh_\d+ at 127\.0\.0\.1:\d+ is empty\. Run "inbetween migrate"/,
    );
    await (await open(url)).store.close();
    await (await open(url, 'require')).store.close();
    await ask(url, 'update inbetween set schema_version = 1');
    await expect(open(url, 'require')).rejects.toThrow(/has schema version 1, and this version needs/);
  });

  it("refuses a database of somebody else, but not one that only holds other people's schemas and extensions", async () => {
    const url = await fresh();
    await ask(url, 'create schema theirs; create table theirs.customer (id integer); create view v as select 1');
    await (await open(url)).store.close();
    const foreign = await fresh();
    await ask(foreign, 'create table customer (id integer)');
    await expect(open(foreign)).rejects.toThrow(/holds tables that are not Inbetween's \(customer\)/);
    expect(await ask(foreign, "select tablename from pg_tables where schemaname = 'public'")).toHaveLength(1);
  });

  it('works beside a newer version that says it may, and refuses one that says it may not', async () => {
    const url = await fresh();
    await (await open(url)).store.close();
    await ask(url, 'update inbetween set schema_version = 99');
    await (await open(url)).store.close();
    await (await open(url, 'require')).store.close();
    await ask(url, 'update inbetween set oldest_neighbour = 99');
    await expect(open(url)).rejects.toThrow(/schema version 99/);
    await expect(open(url, 'require')).rejects.toThrow(/schema version 99/);
  });

  it('brings a database of the first version up to date', async () => {
    const url = await fresh();
    const first = MIGRATIONS[0]?.({ blobType: 'bytea' }) ?? [];
    await ask(
      url,
      [
        'create table inbetween (product text not null primary key, schema_version integer not null, migrated_at bigint not null)',
        "insert into inbetween values ('inbetween', 1, 5)",
        ...first,
      ].join('; '),
    );
    const { store } = await open(url);
    await store.videos.insert(pending(1), {});
    expect(await store.videos.find(videoId(1))).toStrictEqual(pending(1));
    await store.close();
  });

  it('tells of a wrong password, host or database as it is', async () => {
    await expect(open(`postgres://inbetween@127.0.0.1:${cluster.port}/absent`)).rejects.toThrow(
      /"absent" does not exist/,
    );
    await expect(open('postgres://inbetween@127.0.0.1:1/x')).rejects.toMatchObject({ code: 'storage_unavailable' });
    expect(nameOf('postgres://me:secret@db.example.com/videos')).toBe('The database videos at db.example.com');
  });

  it('goes on by itself when the server comes back, and says meanwhile that it does not answer', async () => {
    const { store } = await open(await fresh());
    await store.videos.insert(pending(1), {});
    await cluster.kill();
    await expect(store.videos.find(videoId(1))).rejects.toMatchObject({ code: 'storage_unavailable' });
    await expect(store.videos.insert(pending(2), {})).rejects.toBeInstanceOf(Fault);
    await expect(store.ping()).rejects.toMatchObject({ code: 'storage_unavailable', retryAfterMs: 2_000 });
    await cluster.start();
    await until('the store', () =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
    expect(await store.videos.find(videoId(1))).toStrictEqual(pending(1));
    await store.videos.insert(pending(2), {});
    await store.close();
  });

  it('survives the end of a connection between two statements of a transaction', async () => {
    const url = await fresh();
    const { store, pool } = await open(url);
    const client = await pool.connect();
    await client.query('begin');
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    await ask(url, `select pg_terminate_backend(${rows[0]?.pid})`);
    await expect(client.query('select 1')).rejects.toThrow();
    client.release(true);
    await store.ping();
    await store.close();
  });

  it('tells how far the clocks are apart, and blames none for a slow answer', async () => {
    const { store, pool } = await open(await fresh());
    expect(Math.abs(await clockSkew(pool))).toBeLessThan(2);
    const off = (ms: number) => clockSkew(pool, () => Date.now() + ms);
    expect(Math.round((await off(60_000)) / 10_000)).toBe(6);
    expect(Math.round((await off(-60_000)) / 10_000)).toBe(-6);
    const times = [Date.now() - 10_000, Date.now() + 10_000];
    expect(await clockSkew(pool, () => times.shift() ?? 0)).toBe(0);
    await store.close();
  });

  it('gives no transaction more time than it needs', async () => {
    const { store, pool } = await open(await fresh());
    const { rows } = await pool.query(
      "select name, setting from pg_settings where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout') order by name",
    );
    expect(rows).toEqual([
      { name: 'idle_in_transaction_session_timeout', setting: '10000' },
      { name: 'lock_timeout', setting: '10000' },
      { name: 'statement_timeout', setting: '15000' },
    ]);
    await store.close();
  });
});
