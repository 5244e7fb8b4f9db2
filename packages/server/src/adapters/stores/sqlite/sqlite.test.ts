import { existsSync } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storeContract } from '../../../ports/store.contract.ts';
import { ALICE, pending, videoId } from '../../../ports/store-contract/fixtures.contract.ts';
import { openSqliteStore } from './open.ts';
import { makeFolder, openEmpty } from './subject.fixture.ts';

storeContract('sqlite', openEmpty);

describe('opening a SQLite store', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await makeFolder();
    path = join(folder, 'store.db');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('finds everything again', async () => {
    const first = await openSqliteStore(path);
    await first.videos.insert(pending(1), { idempotency: { key: 'k', fingerprint: 'f' } });
    await first.close();
    const second = await openSqliteStore(path);
    expect(await second.videos.find(videoId(1), ALICE)).toStrictEqual(pending(1));
    expect((await second.videos.findByKey(ALICE, 'k'))?.fingerprint).toBe('f');
    await second.close();
  });

  it('leaves one file behind, readable by its user alone', async () => {
    const store = await openSqliteStore(path);
    await store.videos.insert(pending(1), {});
    await store.close();
    expect([existsSync(`${path}-wal`), existsSync(`${path}-shm`)]).toEqual([false, false]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('refuses a database that holds tables of somebody else, and leaves it alone', async () => {
    const foreign = new Database(path);
    foreign.exec('create table customer (id integer)');
    foreign.close();
    await expect(openSqliteStore(path)).rejects.toThrow(/store\.db holds tables that are not Inbetween's \(customer\)/);
    const again = new Database(path);
    expect(again.prepare('select name from sqlite_master').all()).toEqual([{ name: 'customer' }]);
    again.close();
  });

  it('refuses a marker table that is not ours', async () => {
    const foreign = new Database(path);
    foreign.exec('create table inbetween (product text, schema_version integer)');
    foreign.close();
    await expect(openSqliteStore(path)).rejects.toThrow(/not Inbetween's/);
  });

  it.each([99, null])('refuses a database of a later version that lets no older one go on (%s)', async (oldest) => {
    await (await openSqliteStore(path)).close();
    const database = new Database(path);
    database.prepare('update inbetween set schema_version = 99, oldest_neighbour = ?').run(oldest);
    database.close();
    await expect(openSqliteStore(path)).rejects.toThrow(/schema version 99/);
  });

  it('goes on with a database of a later version that lets it', async () => {
    await (await openSqliteStore(path)).close();
    const database = new Database(path);
    database.exec('update inbetween set schema_version = 99');
    database.close();
    const store = await openSqliteStore(path);
    await store.ping();
    await store.close();
    const again = new Database(path);
    expect(again.prepare('select schema_version from inbetween').pluck().get()).toBe(99);
    again.close();
  });

  it('refuses a file that is not a database, and a place without a file', async () => {
    await writeFile(path, 'This is not a database, but it is longer than a header of one hundred bytes. '.repeat(20));
    await expect(openSqliteStore(path)).rejects.toThrow(/store\.db is not a SQLite database/);
    await expect(openSqliteStore(':memory:')).rejects.toThrow(/needs a file/);
  });
});
