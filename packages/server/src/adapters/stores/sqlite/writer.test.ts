import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitsInLog } from './commits.fixture.ts';
import { createSqliteDialect } from './dialect.ts';

const ROOM = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

describe('writes of a SQLite store that wait at the same time', () => {
  let folder: string;
  let path: string;
  let dialect: ReturnType<typeof createSqliteDialect>;
  let outside: Database.Database;

  beforeEach(async () => {
    folder = await mkdtemp(join(ROOM, 'inbetween-writer-'));
    path = join(folder, 'store.db');
    dialect = createSqliteDialect(path);
    await dialect.write((transaction) =>
      sql`create table note (n integer not null primary key, bytes blob)`.execute(transaction),
    );
    outside = new Database(path, { readonly: true });
  });
  afterEach(async () => {
    outside.close();
    await dialect.close();
    await rm(folder, { recursive: true });
  });

  const note = (n: number, bytes = 0) =>
    dialect.write(async (transaction) => {
      await sql`insert into note values (${n}, zeroblob(${bytes}))`.execute(transaction);
      return n;
    });
  const stored = () => outside.prepare('select n from note order by n').pluck().all();

  it('are committed together, and each gets its own result', async () => {
    const before = commitsInLog(path);
    expect(await Promise.all([1, 2, 3, 4, 5].map((n) => note(n)))).toEqual([1, 2, 3, 4, 5]);
    expect(stored()).toEqual([1, 2, 3, 4, 5]);
    expect(commitsInLog(path)).toBe(before + 1);
  });

  it('wait for those that come a turn later, as long as each turn brings one', async () => {
    const before = commitsInLog(path);
    await new Promise<void>((resolve, reject) => {
      const come: Promise<number>[] = [];
      const arrive = (n: number) => {
        if (n < 4) setImmediate(arrive, n + 1);
        come.push(note(n));
        if (n === 4) Promise.all(come).then(() => resolve(), reject);
      };
      arrive(1);
    });
    expect(commitsInLog(path)).toBe(before + 1);
    expect(stored()).toEqual([1, 2, 3, 4]);
  });

  it('are told only when the commit is there', async () => {
    await Promise.all([1, 2, 3].map((n) => note(n).then((own) => expect(stored()).toContain(own))));
  });

  it('fail alone', async () => {
    await note(2);
    const problem = new Error('changed its mind');
    const results = await Promise.allSettled([
      note(1),
      note(2),
      dialect.write(async (transaction) => {
        await sql`insert into note values (7, null)`.execute(transaction);
        throw problem;
      }),
      note(3),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'SQLITE_CONSTRAINT_PRIMARYKEY' } });
    expect(results[2]).toMatchObject({ reason: problem });
    expect(stored()).toEqual([1, 2, 3]);
  });

  it('keep exactly what was told when the disk is full, and the next one succeeds', async () => {
    await dialect.write((transaction) => sql`pragma max_page_count = 20`.execute(transaction));
    const results = await Promise.allSettled([note(1), note(2, 200_000), note(3)]);
    expect(results.some(({ status }) => status === 'rejected')).toBe(true);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'storage_full' });
    }
    const told = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(stored()).toEqual(told);
    expect(await note(4)).toBe(4);
  });

  it('that come while others are committed are written next, in their order', async () => {
    const later: Promise<number>[] = [];
    await dialect.write(async (transaction) => {
      await sql`insert into note values (1, null)`.execute(transaction);
      later.push(note(2), note(3));
    });
    expect(await Promise.all(later)).toEqual([2, 3]);
    expect(stored()).toEqual([1, 2, 3]);
  });
});
