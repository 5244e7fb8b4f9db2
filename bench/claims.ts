import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { openSqliteStore } from '../packages/server/src/adapters/stores/sqlite/open.ts';
import type { OwnerId, WorkerId } from '../packages/server/src/domain/id.ts';
import { cancel } from '../packages/server/src/domain/transitions.ts';
import { NOW, POLICY, queued, videoId } from '../packages/server/src/ports/store-contract/fixtures.contract.ts';

/**
 * What a claim costs with 10,000 queued videos, and with a long history beside them.
 *
 *   node bench/claims.ts [finished videos, 1000000]
 */
const HISTORY = Number(process.argv[2] ?? 1_000_000);
const QUEUED = 10_000;
const CLAIMS = 500;
const SLOTS = { renderer: 100_000 };
const worker = 'worker_bench' as WorkerId;

async function measure(history: number): Promise<{ readonly claimMs: number; readonly placeMs: number }> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-bench-'));
  const path = join(folder, 'store.db');
  const store = await openSqliteStore(path);
  await store.workers.renew(worker, NOW + 1e9);
  for (let n = 0; n < QUEUED; n += 100) {
    const some = Array.from({ length: 100 }, (_, i) => queued(n + i, { owner: `owner-${i}` as OwnerId, at: NOW - n }));
    await Promise.all(some.map((video) => store.videos.insert(video, {})));
  }
  await fill(path, store, history);
  const wish = { worker, lane: 'generate', limit: 1, now: NOW, slots: SLOTS } as const;
  const claimMs = await timeOf(async () => {
    const [claimed] = await store.videos.claim(wish);
    if (claimed === undefined) throw new Error('there was something to claim');
    const { video } = claimed;
    await store.videos.swap(video, cancel(video, NOW, POLICY), { freeSlot: true });
  });
  const placeMs = await timeOf(() => store.videos.queuePosition(queued(QUEUED / 2)));
  await store.close();
  await rm(folder, { recursive: true });
  return { claimMs, placeMs };
}

/** Copies of one finished row, written past the store: a million inserts one by one take an hour. */
async function fill(path: string, store: Awaited<ReturnType<typeof openSqliteStore>>, history: number): Promise<void> {
  if (history === 0) return;
  const model = cancel(queued(9_000_000), NOW, POLICY);
  await store.videos.insert(model, {});
  const database = new Database(path);
  const columns = database
    .prepare<unknown[], { name: string }>('select name from pragma_table_info(?)')
    .all('video')
    .map(({ name }) => name)
    .filter((name) => name !== 'id');
  database
    .prepare(
      `with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)
       insert into video (id, ${columns.join(', ')})
       select 'video_h' || printf('%025d', i), ${columns.join(', ')} from n, video where video.id = ?`,
    )
    .run(history, videoId(9_000_000));
  database.exec('analyze');
  database.close();
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < CLAIMS; n += 1) {
    const startedAt = performance.now();
    await work();
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((a, b) => a - b)[CLAIMS >> 1] ?? Number.NaN;
}

const empty = await measure(0);
const long = await measure(HISTORY);
const show = (name: string, a: number, b: number) =>
  console.log(
    `${name.padEnd(28)} ${a.toFixed(2)} ms, with ${HISTORY} finished ${b.toFixed(2)} ms: ${(b / a).toFixed(2)} ×`,
  );
console.log(`${QUEUED} videos of 100 owners queued, SQLite; medians of ${CLAIMS}`);
show('claim and end a video', empty.claimMs, long.claimMs);
show('place in the queue', empty.placeMs, long.placeMs);
