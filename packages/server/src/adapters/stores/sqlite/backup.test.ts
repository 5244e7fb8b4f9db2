import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../../../ports/store.ts';
import { pending, videoId } from '../../../ports/store-contract/fixtures.contract.ts';
import { type BackupProgress, backupSqlite } from './backup.ts';
import { openSqliteStore } from './open.ts';

const MEGABYTE = new Uint8Array(1_000_000).fill(7);

describe('backup of a SQLite store', () => {
  let folder: string;
  let source: string;
  let target: string;
  let store: Store;
  beforeEach(async () => {
    folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'inbetween-backup-'));
    source = join(folder, 'store.db');
    target = join(folder, 'copy.db');
    store = await openSqliteStore(source);
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  it('copies one instant of a database that is written all the while', async () => {
    for (let n = 0; n < 30; n += 1)
      await store.videos.insert(pending(n), { inputs: [{ role: 'first', bytes: MEGABYTE }] });
    const seen: BackupProgress[] = [];
    let writing: Promise<unknown> = Promise.resolve();
    let written = 30;
    await backupSqlite(source, target, (progress) => {
      seen.push(progress);
      writing = store.videos.insert(pending(written++), { inputs: [{ role: 'first', bytes: MEGABYTE }] });
    });
    await writing;
    expect(seen.length).toBeGreaterThan(5);
    expect(seen.at(-1)?.remainingPages).toBe(0);
    for (const [n, { remainingPages }] of seen.entries())
      expect(remainingPages).toBeLessThanOrEqual(seen[n - 1]?.remainingPages ?? Number.POSITIVE_INFINITY);

    expect((await readdir(folder)).filter((name) => name.startsWith('copy'))).toEqual(['copy.db']);
    expect((await stat(target)).mode & 0o777).toBe(0o600);
    const copy = await openSqliteStore(target);
    expect(await copy.videos.counts()).toMatchObject({ pending: 30 });
    expect(await copy.videos.input(videoId(29), 'first')).toHaveLength(1_000_000);
    await copy.close();
    expect(await store.videos.counts()).toMatchObject({ pending: written });
  });

  it('overwrites nothing', async () => {
    await writeFile(target, 'precious');
    await expect(backupSqlite(source, target)).rejects.toMatchObject({ code: 'EEXIST' });
    expect((await stat(target)).size).toBe(8);
  });

  it('copies no database but ours, and leaves nothing behind', async () => {
    const foreign = join(folder, 'foreign.db');
    new Database(foreign).exec('create table customer (id integer)').close();
    await expect(backupSqlite(foreign, target)).rejects.toThrow(/not a database of Inbetween/);
    await expect(backupSqlite(join(folder, 'absent.db'), target)).rejects.toThrow();
    expect((await readdir(folder)).filter((name) => name.startsWith('copy'))).toEqual([]);
  });
});
