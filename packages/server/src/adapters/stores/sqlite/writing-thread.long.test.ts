import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { MessageChannel, Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { VideoId } from '../../../domain/id.ts';
import type { OpenedStore } from '../../../ports/store.contract.ts';
import { storeContract } from '../../../ports/store.contract.ts';
import { migrate } from '../sql/migrate.ts';
import { createSqlStore } from '../sql/store.ts';
import { createSqliteDialect } from './dialect.ts';
import { openSqliteStore } from './open.ts';
import { openRelievedSqliteStore } from './open-relieved.ts';
import { outliveThread } from './outlive-thread.fixture.ts';
import { pendingCalls } from './pending-calls.ts';
import { lookBehind, makeFolder } from './subject.fixture.ts';
import { withWrites } from './writes.ts';
import type { WritingThread } from './writing-thread.ts';

let writes: Worker;
beforeAll(() => {
  writes = new Worker(new URL('./many-stores-thread.fixture.ts', import.meta.url));
});
afterAll(() => writes.terminate());

/** The one thread, as a thread of its own for each store. */
function start(path: string, onCommit: () => void): WritingThread {
  const { port1, port2 } = new MessageChannel();
  writes.postMessage({ path, port: port2 }, [port2]);
  const { ready, call, close } = pendingCalls(port1, onCommit);
  const ended = once(port1, 'close').then(() => undefined);
  return {
    ready,
    ended,
    call,
    close() {
      close();
      return ended;
    },
  };
}

/** A store whose writes are made by a thread; one that the table of writes lacks is refused. */
async function openWithThread(): Promise<OpenedStore> {
  const path = join(await makeFolder(), 'store.db');
  const dialect = createSqliteDialect(path);
  await migrate(dialect, path, 0);
  const store = createSqlStore({ ...dialect, write: () => Promise.reject(new Error('written here')) });
  const thread = start(path, dialect.committed);
  await thread.ready;
  const close = async () => {
    await thread.close();
    await dialect.close();
  };
  return { store: { ...withWrites(store, thread.call), close }, ...lookBehind(path) };
}

/** A store that changes threads in the middle of each test, with the first video. */
async function openRelieved(): Promise<OpenedStore> {
  const path = join(await makeFolder(), 'store.db');
  const onLost = (reason: unknown) => expect.fail(`the thread ended: ${reason}`);
  return { store: await openRelievedSqliteStore(path, { crowd: 1, onLost, start }), ...lookBehind(path) };
}

storeContract('sqlite, written by a thread', openWithThread);
storeContract('sqlite, changing to a thread', openRelieved);

const AT_ONCE = 8;

/** Inserts many videos at a time in a thread, saying each id once it was told that it is safe. */
const INSERT_FOR_EVER = `
  import { writeSync } from 'node:fs';
  import { openSqliteStore } from ${JSON.stringify(new URL('open.ts', import.meta.url))};
  import { startWritingThread } from ${JSON.stringify(new URL('writing-thread.ts', import.meta.url))};
  import { pending } from ${JSON.stringify(new URL('../../../ports/store-contract/fixtures.contract.ts', import.meta.url))};
  const [path, from] = process.argv.slice(1);
  const store = await openSqliteStore(path);
  const thread = startWritingThread(path, () => {});
  await thread.ready;
  let n = Number(from);
  const insert = async () => {
    for (;;) {
      const bytes = new Uint8Array(20_000).fill(n);
      const video = pending(n++);
      await thread.call({ part: 'videos', method: 'insert', args: [video, { inputs: [{ role: 'first', bytes }] }] });
      writeSync(1, video.id + '\\n');
    }
  };
  await Promise.all(Array.from({ length: ${AT_ONCE} }, insert));
`;

describe('a thread that writes', () => {
  let path: string;
  beforeEach(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'inbetween-thread-')), 'store.db');
  });
  afterEach(() => rm(join(path, '..'), { recursive: true }));

  it('keeps every insert it acknowledged, whole, through kill -9', async () => {
    const acknowledged: VideoId[] = [];
    for (const [round, count] of [5, 40, 150, 300].entries()) {
      acknowledged.push(...(await insertAndKill(path, round * 1_000_000, count)));
      const store = await openSqliteStore(path);
      for (const id of acknowledged) {
        const video = await store.videos.find(id);
        expect(video).toMatchObject({ id, status: 'pending' });
        const bytes = await store.videos.input(id, 'first');
        expect([bytes?.length, bytes?.at(-1)]).toEqual([20_000, (video?.generation.seed ?? -1) % 256]);
      }
      // Each round leaves at most what was in the thread's hands and not yet said.
      const { pending: stored } = await store.videos.counts();
      expect(stored).toBeLessThanOrEqual(acknowledged.length + (round + 1) * AT_ONCE);
      await store.close();
    }
    const database = new Database(path, { readonly: true });
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(database.pragma('foreign_key_check')).toEqual([]);
    database.close();
  });

  it('that runs out of memory takes nothing along', async () => {
    const store = await openSqliteStore(path);
    await outliveThread(store, path, 'memory');
    await store.close();
  });
});

async function insertAndKill(path: string, from: number, count: number): Promise<readonly VideoId[]> {
  const args = ['--input-type=module', '-e', INSERT_FOR_EVER, path, String(from)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said: VideoId[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line as VideoId);
    if (said.length === count) child.kill('SIGKILL');
  }
  return said;
}
