import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { VideoId } from '../../../domain/id.ts';
import { ALICE, CHARGE, NOW, pending, queued, videoId, wish } from '../../../ports/store-contract/fixtures.contract.ts';
import { commitsInLog } from './commits.fixture.ts';
import { openWriter } from './connection.ts';
import { openSqliteStore } from './open.ts';

/** Inserts videos with all their effects, saying each id once the store has said that it is safe. */
const INSERT_FOR_EVER = `
  import { writeSync } from 'node:fs';
  import { openSqliteStore } from ${JSON.stringify(new URL('open.ts', import.meta.url))};
  import { pending } from ${JSON.stringify(new URL('../../../ports/store-contract/fixtures.contract.ts', import.meta.url))};
  const [path, from] = process.argv.slice(1);
  const store = await openSqliteStore(path);
  for (let n = Number(from); ; n += 1) {
    const video = pending(n, { tags: { n: String(n) } });
    const bytes = new Uint8Array(20_000).fill(n);
    await store.videos.insert(video, {
      event: { type: 'video.pending', at: video.createdAt },
      idempotency: { key: 'key ' + n, fingerprint: 'f' },
      inputs: [{ role: 'first', bytes }],
    });
    writeSync(1, video.id + '\\n');
  }
`;

/** Opens the store, says so, and closes it when told to. */
const OPEN = `
  import { openSqliteStore } from ${JSON.stringify(new URL('open.ts', import.meta.url))};
  const store = await openSqliteStore(process.argv[1]);
  await store.close();
`;

const run = (script: string, ...args: readonly string[]) =>
  spawn(process.execPath, ['--input-type=module', '-e', script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });

/** Lets a child insert until it has said `count` ids, then kills it without warning. */
async function insertAndKill(path: string, from: number, count: number): Promise<readonly VideoId[]> {
  const child = run(INSERT_FOR_EVER, path, String(from));
  const said: VideoId[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line as VideoId);
    if (said.length === count) child.kill('SIGKILL');
  }
  return said;
}

describe('durability of a SQLite store', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inbetween-durability-'));
    path = join(folder, 'store.db');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps every insert it acknowledged, whole, through kill -9', async () => {
    const acknowledged: VideoId[] = [];
    for (const [round, count] of [1, 40, 75, 120].entries()) {
      acknowledged.push(...(await insertAndKill(path, round * 1_000_000, count)));
      const store = await openSqliteStore(path);
      for (const id of acknowledged) {
        const video = await store.videos.find(id);
        const n = video?.generation.seed ?? -1;
        expect(video).toMatchObject({ id, status: 'pending' });
        expect((await store.videos.input(id, 'first'))?.at(-1)).toBe(n % 256);
        expect((await store.videos.findByKey(ALICE, `key ${n}`))?.video.id).toBe(id);
      }
      // At most one more per round: the insert that was done and not yet said.
      const { pending: stored } = await store.videos.counts();
      expect(stored).toBeLessThanOrEqual(acknowledged.length + round + 1);
      await store.close();
    }
    const database = new Database(path, { readonly: true });
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.pragma('foreign_key_check')).toEqual([]);
    database.close();
  });

  it('waits for the disk at each commit', async () => {
    const connection = openWriter(path);
    const FULL = 2;
    expect(connection.pragma('synchronous', { simple: true })).toBe(FULL);
    expect(connection.pragma('journal_mode', { simple: true })).toBe('wal');
    expect(connection.pragma('foreign_keys', { simple: true })).toBe(1);
    connection.close();
  });

  it('makes one commit of an insert with its effects, and none of a look that finds nothing', async () => {
    const store = await openSqliteStore(path);
    const before = commitsInLog(path);
    await store.videos.insert(queued(1, { tags: { a: 'b' }, at: NOW + 1, charge: CHARGE }), {
      event: { type: 'video.queued', at: NOW },
      idempotency: { key: 'k', fingerprint: 'f' },
      inputs: [{ role: 'first', bytes: new Uint8Array(100_000) }],
      within: { queued: 5, owner: { monthlySeconds: 100 } },
    });
    expect(commitsInLog(path)).toBe(before + 1);
    await store.videos.insert(pending(2), { idempotency: { key: 'k', fingerprint: 'f' } });
    await store.videos.claim(wish('a'));
    await store.videos.claim(wish('a', { lane: 'admit' }));
    await store.videos.due('overdue', { now: NOW, limit: 1 });
    expect(await store.videos.exists(videoId(2))).toBe(false);
    expect(commitsInLog(path)).toBe(before + 1);
    await store.close();
  });

  it('is made once when several processes open an empty file together', async () => {
    const children = Array.from({ length: 4 }, () => run(OPEN, path));
    const codes = await Promise.all(
      children.map((child) => new Promise<number | null>((resolve) => child.once('exit', resolve))),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    const store = await openSqliteStore(path);
    await store.ping();
    await store.close();
  });
});
