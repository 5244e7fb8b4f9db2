import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Fault } from '../../../domain/fault.ts';
import type { Store } from '../../../ports/store.ts';
import { ALICE, pending, videoId } from '../../../ports/store-contract/fixtures.contract.ts';
import { commitsInLog } from './commits.fixture.ts';
import { openSqliteStore } from './open.ts';
import { openRelievedSqliteStore } from './open-relieved.ts';
import { ENDING, outliveThread } from './outlive-thread.fixture.ts';
import { startWritingThread, type WritingThread } from './writing-thread.ts';
import { discard, packed, unpacked, wrapped } from './writing-thread-protocol.ts';

const PICTURE = new Uint8Array(41_000).fill(7);

let folder: string;
let path: string;
let store: Store;
const threads: WritingThread[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'inbetween-thread-'));
  path = join(folder, 'store.db');
  store = await openSqliteStore(path);
});
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.close();
  await store.close();
  await rm(folder, { recursive: true });
});

async function ready(main?: URL): Promise<WritingThread> {
  const thread = startWritingThread(path, () => {}, main);
  threads.push(thread);
  await thread.ready;
  return thread;
}

const insert = (n: number, effects: object = {}) => ({
  part: 'videos',
  method: 'insert',
  args: [pending(n), { inputs: [{ role: 'first', bytes: PICTURE }], ...effects }],
});

it('a thread commits what has come together as one, and answers when that is there to be read', async () => {
  const before = commitsInLog(path);
  // Called before it listens, so that it finds all of them.
  const thread = startWritingThread(path, () => {});
  threads.push(thread);
  await Promise.all(
    [1, 2, 3, 4].map(async (n) => {
      expect(await thread.call(insert(n))).toEqual({ outcome: 'inserted', video: pending(n) });
      expect(await store.videos.find(videoId(n))).toStrictEqual(pending(n));
      expect(Buffer.compare((await store.videos.input(videoId(n), 'first')) ?? Buffer.of(), PICTURE)).toBe(0);
    }),
  );
  expect(commitsInLog(path)).toBe(before + 1);
  await thread.call(insert(5));
  expect(commitsInLog(path)).toBe(before + 2);
});

it('a thread writes in the order of its calls, however many come', async () => {
  const thread = await ready();
  const numbers = Array.from({ length: 100 }, (_, n) => n);
  await Promise.all(numbers.map((n) => thread.call(insert(n))));
  const rows = new Database(path, { readonly: true });
  const ids = rows.prepare('select id from video order by rowid').pluck().all();
  rows.close();
  expect(ids).toEqual(numbers.map(videoId));
});

it('an error of SQLite keeps its code, and the next write succeeds', async () => {
  const thread = await ready();
  const key = { id: 'key_1', owner: ALICE, name: 'k', prefix: 'p', hash: 'h', scopes: [], limits: {}, createdAt: 1 };
  const add = () =>
    thread.call({
      part: 'keys',
      method: 'add',
      args: [{ ...key, expiresAt: null, revokedAt: null, lastUsedAt: null }],
    });
  await add();
  await expect(add()).rejects.toMatchObject({ code: 'SQLITE_CONSTRAINT_UNIQUE' });
  expect(await thread.call(insert(1))).toMatchObject({ outcome: 'inserted' });
});

it.each(['exit', 'throw'] as const)('a thread that ends (%s) fails what it had begun; all else goes on here', (way) =>
  outliveThread(store, path, way),
);

it('a thread that has ended answers at once', async () => {
  const thread = await ready(ENDING);
  await expect(thread.call({ part: 'videos', method: 'purge', args: ['exit'] })).rejects.toMatchObject({
    code: 'storage_unavailable',
  });
  await expect(thread.call(insert(1))).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(await thread.ended).toMatchObject({ message: 'it exited with code 7' });
});

it('a thread that cannot open the file says why', async () => {
  const thread = startWritingThread(join(folder, 'absent', 'store.db'), () => {});
  await expect(thread.ready).rejects.toMatchObject({
    code: 'storage_unavailable',
    cause: { cause: { code: 'ENOENT' } },
  });
  await expect(thread.call(insert(1))).rejects.toMatchObject({ code: 'storage_unavailable' });
});

it('a store with a crowd leaves one file behind, and nothing that was told is lost', async () => {
  const onLost = vi.fn();
  const relieved = await openRelievedSqliteStore(path, { crowd: 2, onLost });
  const numbers = Array.from({ length: 40 }, (_, n) => n);
  for (const n of numbers)
    await Promise.all([relieved.videos.insert(pending(n), {}), relieved.videos.insert(pending(n + 100), {})]);
  await store.close();
  await relieved.close();
  expect(existsSync(`${path}-wal`)).toBe(false);
  expect(onLost).not.toHaveBeenCalled();
  store = await openSqliteStore(path);
  expect(await store.videos.counts()).toMatchObject({ pending: 80 });
});

it('a store that is closed while its thread starts is closed to the end', async () => {
  const script = `
    import { openRelievedSqliteStore } from ${JSON.stringify(new URL('open-relieved.ts', import.meta.url))};
    import { pending } from ${JSON.stringify(new URL('../../../ports/store-contract/fixtures.contract.ts', import.meta.url))};
    const store = await openRelievedSqliteStore(process.argv[1], { crowd: 1, onLost: console.error });
    await store.videos.insert(pending(1), {});
    await store.close();
    process.stdout.write('closed');
  `;
  const args = ['--input-type=module', '-e', script, join(folder, 'other.db')];
  expect(await promisify(execFile)(process.execPath, args)).toMatchObject({ stdout: 'closed' });
  expect(existsSync(join(folder, 'other.db-wal'))).toBe(false);
});

it('a fault is itself on the other side, and so is a bug', () => {
  const details = { param: 'size', retryAfterMs: 5, retryable: true, attemptGoesOn: true, promptFailed: true };
  const fault = new Fault('storage_full', 'full', {
    ...details,
    cause: Object.assign(new Error('x'), { code: 'EIO' }),
  });
  const crossed = unpacked(structuredClone(packed(fault)));
  expect(crossed).toBeInstanceOf(Fault);
  expect(crossed).toMatchObject({
    ...details,
    code: 'storage_full',
    message: 'full',
    cause: { message: 'x', code: 'EIO' },
  });
  const bug = unpacked(structuredClone(packed(new TypeError('no function', { cause: 'a word' }))));
  expect(bug).toMatchObject({ name: 'TypeError', message: 'no function', cause: { message: 'a word' } });
  expect(bug.stack).toContain('writing-thread.test.ts');
});

it('bytes cross without the buffer they lie in, and stay with who sent them', () => {
  const whole = Buffer.alloc(1_000_000, 1);
  const part = whole.subarray(10, 20);
  const { args, owned } = wrapped(insert(1, { inputs: [{ role: 'last', bytes: part }] }).args);
  expect(owned.map(({ byteLength }) => byteLength)).toEqual([10]);
  const received = structuredClone(args, { transfer: owned });
  expect(received[1]).toEqual({ inputs: [{ role: 'last', bytes: new Uint8Array(10).fill(1) }] });
  expect(part).toHaveLength(10);
  discard(received);
  expect(received[1]).toMatchObject({ inputs: [{ bytes: { byteLength: 0 } }] });
});
