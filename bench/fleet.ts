/**
 * What a fleet on PostgreSQL makes of its workers, without rendering: one process per worker, in front of a peer that takes
 * 100 ms for each video.
 *
 *   node bench/fleet.ts [--quick] [--only wake,throughput]
 *
 * `wake`: from the write that queues a video to the backend's call in another process, with and without the bell.
 * `throughput`: videos a second of 1, 2 and 4 workers with 4 places each, and the CPU time that each took. Prints one JSON object on standard output and a
 * table beside it.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createPostgresBell } from '../packages/server/src/adapters/stores/postgres/bell.ts';
import { openPostgresStore } from '../packages/server/src/adapters/stores/postgres/open.ts';
import { createBell } from '../packages/server/src/adapters/system/bell.ts';
import { systemClock } from '../packages/server/src/adapters/system/clock.ts';
import { systemIds } from '../packages/server/src/adapters/system/ids.ts';
import type { OwnerId } from '../packages/server/src/domain/id.ts';
import { DEFAULT_POLICY } from '../packages/server/src/domain/policy.ts';
import { type PostgresCluster, startPostgres } from '../test/support/postgres-cluster.ts';
import { type Figure, load, met, quantile, round, table } from './accept/figures.ts';
import { type Helper, startHelper } from './accept/helper.ts';
import { type Milestone, machineMs } from './accept/milestone.ts';
import { childrenCpuMs } from './fleet/cpu.ts';
import { insertQueued, QUIET_LOG as log } from './fleet/parts.ts';
import type { WorkerOrder } from './fleet/worker.ts';

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, only: { type: 'string', default: 'wake,throughput' } },
});
const TAKES_MS = 100;
const PLACES = 4;
/** A lane that hears nothing looks this often. */
const POLL_MS = 2_000;
const WAKES = values.quick ? 20 : 100;
const DEAF_WAKES = values.quick ? 5 : 15;
const PER_PLACE = values.quick ? 20 : 60;
const CORES = availableParallelism();
const ROUNDS = values.quick ? 1 : 3;

let databases = 0;
const cluster = await startPostgres({ durable: true });
const figures: Figure[] = [];
try {
  if (values.only.includes('wake')) {
    const heard = await measureWake(cluster, true, WAKES);
    figures.push(figure('queued to backend with the bell, p50', heard, 0.5, 30), figure('  p95', heard, 0.95));
    const deaf = await measureWake(cluster, false, DEAF_WAKES);
    figures.push(
      figure('queued to backend without the bell, p50', deaf, 0.5),
      figure('  most', deaf, 1, POLL_MS + 100),
    );
  }
  if (values.only.includes('throughput')) figures.push(...(await measureThroughput(cluster)));
} finally {
  await cluster.close();
}
const missed = figures.filter((each) => met(each) === false).map(({ name }) => name);
console.log(JSON.stringify({ quick: values.quick, load: load(), figures, missed }, undefined, 2));
console.error(`\nload ${load()}\n${table(figures)}`);

function figure(name: string, times: readonly number[], share: number, atMost?: number): Figure {
  const value = { name, value: round(quantile(times, share), 1), unit: 'ms' };
  return atMost === undefined ? value : { ...value, target: { kind: 'atMost', value: atMost } };
}

interface Stage extends AsyncDisposable {
  /** Puts a video into the queue. @returns its id, and when that was written */
  queue(n: number): Promise<{ readonly id: string; readonly at: number }>;
  ring(): void;
  worker(order: Omit<WorkerOrder, 'url'>): Promise<Helper>;
}

async function openStage({ database }: PostgresCluster): Promise<Stage> {
  databases += 1;
  const url = await database(`bench_${databases}`);
  const { store, pool } = await openPostgresStore({ url, connections: 10, schema: 'migrate', log });
  const bell = createPostgresBell({ url, pool, local: createBell(log), clock: systemClock, log });
  const workers: Helper[] = [];
  return {
    async queue(n) {
      const { id } = await insertQueued(store.videos, systemIds.video(), `owner-${n % 10}` as OwnerId, DEFAULT_POLICY);
      return { id, at: machineMs() };
    },
    ring: () => bell.ring('generate'),
    async worker(order) {
      const worker = startHelper('../fleet/worker');
      workers.push(worker);
      await worker.ask({ ...order, url });
      return worker;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.stop()));
      await bell.close();
      await store.close();
    },
  };
}

async function measureWake(on: PostgresCluster, hears: boolean, wakes: number): Promise<readonly number[]> {
  await using stage = await openStage(on);
  const worker = await stage.worker({ takesMs: 1, concurrency: PLACES, hears });
  const called = new Map<string, PromiseWithResolvers<number>>();
  const callOf = (id: string) => {
    const call = called.get(id) ?? Promise.withResolvers<number>();
    called.set(id, call);
    return call;
  };
  worker.onNews((news) => {
    const { id, at } = news as Milestone;
    callOf(id).resolve(at);
  });
  const times: number[] = [];
  for (let n = 0; n < wakes + 3; n += 1) {
    // Idle again, and at no fixed place between two of its looks.
    await pause(200 + Math.random() * (hears ? 200 : POLL_MS));
    const { id, at } = await stage.queue(n);
    stage.ring();
    const late = pause(10_000).then(() => Promise.reject(new Error(`${id} was not called`)));
    const took = (await Promise.race([callOf(id).promise, late])) - at;
    // The first ones warm up.
    if (n >= 3) times.push(took);
  }
  return times;
}

async function measureThroughput(on: PostgresCluster): Promise<readonly Figure[]> {
  const counts = [1, 2, 4];
  const runs = new Map<number, Run[]>(counts.map((workers) => [workers, []]));
  for (let round = 0; round < ROUNDS; round += 1)
    for (const workers of counts) runs.get(workers)?.push(await runWith(on, workers));
  const median = (workers: number, of: (run: Run) => number) => quantile((runs.get(workers) ?? []).map(of), 0.5);
  const rate = (workers: number) => median(workers, (run) => run.rate);
  const times = (a: number, b: number) => round(rate(b) / rate(a));
  return [
    ...counts.flatMap((workers) => [
      {
        name: `videos a second, ${workers} ${workers === 1 ? 'worker' : 'workers'} of ${PLACES} places`,
        value: round(rate(workers), 1),
        unit: `of ${(workers * PLACES * 1_000) / TAKES_MS} without any overhead`,
      },
      {
        name: '  CPU of a video in the workers',
        value: round(
          median(workers, (run) => run.workerMs),
          1,
        ),
        unit: 'ms',
      },
      {
        name: '  CPU of a video in PostgreSQL',
        value: round(
          median(workers, (run) => run.databaseMs),
          1,
        ),
        unit: 'ms',
      },
      { name: '  cores taken by both', value: round(median(workers, (run) => run.cores)), unit: `of ${CORES}` },
    ]),
    { name: 'from 1 to 2 workers', value: times(1, 2), unit: '×', target: { kind: 'atLeast', value: 1.8 } },
    { name: 'from 2 to 4 workers', value: times(2, 4), unit: '×' },
  ];
}

interface Run {
  /** Calls a second, from the moment when all workers are warm to the end of the queue. */
  readonly rate: number;
  /** CPU time of one video in the same time. */
  readonly workerMs: number;
  readonly databaseMs: number;
  readonly cores: number;
}

async function runWith(on: PostgresCluster, count: number): Promise<Run> {
  await using stage = await openStage(on);
  const videos = PER_PLACE * PLACES * count;
  for (let n = 0; n < videos; n += 20) {
    await Promise.all(Array.from({ length: Math.min(20, videos - n) }, (_, i) => stage.queue(n + i)));
  }
  const calls: number[] = [];
  const all = Promise.withResolvers<void>();
  const order = { takesMs: TAKES_MS, concurrency: PLACES, hears: true };
  for (let n = 0; n < count; n += 1) {
    const worker = await stage.worker(order);
    worker.onNews((news) => {
      calls.push((news as Milestone).at);
      if (calls.length === videos) all.resolve();
    });
  }
  const since = { at: machineMs(), ...cpu() };
  await Promise.race([all.promise, pause(120_000).then(() => Promise.reject(new Error('the queue did not end')))]);
  const used = cpu();
  const counted = calls.filter((at) => at >= since.at).length;
  const ms = Math.max(...calls) - since.at;
  const [workers, database] = [used.workers - since.workers, used.database - since.database];
  return {
    rate: (counted / ms) * 1_000,
    workerMs: workers / counted,
    databaseMs: database / counted,
    cores: (workers + database) / ms,
  };
}

function cpu(): { readonly workers: number; readonly database: number } {
  const of = (title: RegExp) => childrenCpuMs(title) ?? Number.NaN;
  return { workers: of(/fleet\/worker\.ts/), database: of(/\/postgres /) };
}
