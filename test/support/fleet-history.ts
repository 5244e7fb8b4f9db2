import { createHash } from 'node:crypto';
import { Client } from 'pg';
import { expect } from 'vitest';
import { openS3Artifacts } from '../../packages/server/src/adapters/artifacts/s3/s3.ts';
import { openPostgresStore } from '../../packages/server/src/adapters/stores/postgres/open.ts';
import { createBell } from '../../packages/server/src/adapters/system/bell.ts';
import type { VideoId, WorkerId } from '../../packages/server/src/domain/id.ts';
import { DEFAULT_POLICY } from '../../packages/server/src/domain/policy.ts';
import { artifactsOf, STATUSES } from '../../packages/server/src/domain/video.ts';
import { type ArtifactStore, readWhole } from '../../packages/server/src/ports/artifacts.ts';
import type { Store } from '../../packages/server/src/ports/store.ts';
import { createSweepLane } from '../../packages/server/src/worker/sweep.ts';
import { type Api, wholeFile } from './api.ts';
import type { Task } from './fakes/dashscope/server.ts';
import { createCountingMeter, createQuietLog } from './fakes.ts';
import type { Asked, ClientLog } from './fleet-client.ts';
import { until } from './until.ts';

interface History {
  readonly databaseUrl: string;
  readonly env: Readonly<Record<string, string>>;
  readonly log: ClientLog;
  readonly api: Api;
  /** What the billed peer was asked for, and how many it may have at once. */
  readonly peer: { readonly tasks: readonly Task[]; readonly slots: number };
}

/** Longer than the minute for which the slot of an unanswered ask is kept. */
const SLOTS_FREE_MS = 120_000;

/**
 * Holds the database, the bucket and the peer to what the client was told: nothing lost, nothing twice, nothing half,
 * nothing left, nothing paid twice.
 *
 * @returns how often a lease was taken over, and how many asks of the peer nobody can tell the end of
 */
export async function checkHistory({ databaseUrl, env, log: { asked, seen }, api, peer }: History) {
  const log = createQuietLog();
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  const ask = async <Row extends object>(text: string) => (await database.query<Row>(text)).rows;
  const { store } = await openPostgresStore({ url: databaseUrl, connections: 4, schema: 'require', log });
  Object.assign(process.env, env);
  const artifacts = await openS3Artifacts({
    bucket: env['S3_BUCKET'] ?? '',
    prefix: '',
    region: 'us-east-1',
    endpoint: env['S3_ENDPOINT'],
    pathStyle: true,
  });
  try {
    // Every key that was answered has its one video, and there is no other.
    const keys = await ask<{ key: string; video: string }>('select key, video from idempotency');
    const answered = [...asked].map(([key, { id }]) => [key, id]);
    expect(Object.fromEntries(keys.map(({ key, video }) => [key, video]))).toEqual(Object.fromEntries(answered));
    await until('free slots', async () => (await ask('select * from backend_slot')).length === 0, {
      limitMs: SLOTS_FREE_MS,
      everyMs: 500,
    });
    const rows = await ask<{ id: VideoId; status: string; failure: string | null; worker: string | null }>(
      "select id, status, body::json -> 'failure' ->> 'code' as failure, worker from video",
    );
    expect(rows.map(({ id }) => id).toSorted()).toEqual(answered.map(([, id]) => id).toSorted());
    const ends = new Map(rows.map(({ id, status, failure }) => [id as string, failure ?? status]));
    // What was seen as finished is finished so, and nobody holds it.
    for (const { id, status, worker } of rows) expect([id, status, worker]).toEqual([id, seen.get(id)?.status, null]);
    for (const one of asked.values()) expect(endsOf(one), one.id).toContain(ends.get(one.id));
    checkPeer(peer, asked, ends);
    await checkEvents(ask, ['succeeded', 'failed', 'cancelled']);

    const named = new Set<string>();
    let lost = 0;
    for (const { id, status } of rows) {
      const video = await store.videos.find(id);
      if (video === undefined) throw new Error(`${id} has no row`);
      lost += video.tries.lost;
      for (const { key, bytes, sha256 } of artifactsOf(video)) {
        named.add(key);
        const opened = await artifacts.open(key);
        if (opened === undefined) throw new Error(`${key} is missing`);
        const file = await readWhole(opened);
        expect([file.length, createHash('sha256').update(file).digest('hex')], key).toEqual([bytes, sha256]);
      }
      if (status === 'succeeded') wholeFile(await api.content(id));
    }

    await expectNoOrphans(store, artifacts, named);
    expect(await artifacts.sweepUploads(Date.now() + 1)).toBeGreaterThanOrEqual(0);
    return { lost, unknown: rows.filter(({ failure }) => failure !== null).length };
  } finally {
    artifacts.close();
    await store.close();
    await database.end();
  }
}

/** How it may end: killing is nobody's fault, but what a peer was asked for and did not answer is not asked for again. */
function endsOf({ billed, cancelled }: Asked): readonly string[] {
  if (cancelled) return ['cancelled'];
  return billed ? ['succeeded', 'submission_unknown'] : ['succeeded'];
}

/** The peer was asked once for what it made, never twice, for nothing else, and for no more at once than it may have. */
function checkPeer(
  { tasks, slots }: History['peer'],
  asked: ReadonlyMap<string, Asked>,
  ends: ReadonlyMap<string, string>,
): void {
  const byPrompt = Map.groupBy(tasks, ({ wish }) => wish.prompt ?? '');
  for (const [key, { id, billed }] of asked) {
    const creates = byPrompt.get(key)?.length ?? 0;
    expect(creates, `${key}, ${id}, ${ends.get(id)}`).toBeLessThanOrEqual(billed ? 1 : 0);
    if (billed && ends.get(id) === 'succeeded') expect(creates, `${key}, ${id}`).toBe(1);
  }
  expect([...byPrompt.keys()].filter((prompt) => !asked.has(prompt))).toEqual([]);
  for (const { submittedAt } of tasks) {
    const open = tasks.filter((task) => task.submittedAt <= submittedAt && (task.endedAt ?? 0) > submittedAt);
    expect(open.map(({ wish }) => wish.prompt).length, `${open.map(({ wish }) => wish.prompt)}`).toBeLessThanOrEqual(
      slots,
    );
  }
}

/** What lost attempts left behind goes with the next look for orphans, and nothing else does. */
export async function expectNoOrphans(
  store: Store,
  artifacts: ArtifactStore,
  named: ReadonlySet<string>,
): Promise<void> {
  const log = createQuietLog();
  const time = { ahead: 0 };
  const clock = {
    now: () => Date.now() + time.ahead,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((done) => {
        setTimeout(done, 20);
        signal?.addEventListener('abort', () => done());
      }),
  };
  const sweep = createSweepLane({
    clock,
    log,
    meter: createCountingMeter(),
    bell: createBell(log),
    worker: 'worker_of_the_checker' as WorkerId,
    store: store.videos,
    backendStore: store.backends,
    artifacts,
    backends: {},
    router: { other: () => undefined },
    policy: DEFAULT_POLICY,
    chores: [],
  });
  time.ahead = 3 * 3_600_000;
  await sweep.start();
  const left = async () => {
    const found: string[] = [];
    for await (const { key } of artifacts.list('videos/')) found.push(key);
    return found.toSorted();
  };
  const wanted = [...named].toSorted();
  await until('no orphan', async () => (await left()).length <= wanted.length, { limitMs: 20_000 });
  await sweep.stop(0);
  expect(await left()).toEqual(wanted);
}

/** Told once each, in one chain of versions per video, never going back. */
export async function checkEvents(
  ask: <Row extends object>(text: string) => Promise<readonly Row[]>,
  ends: readonly string[] = ['succeeded'],
): Promise<void> {
  const events = await ask<{ video: string; version: string; type: string }>(
    'select video, version, type from event order by video, version',
  );
  const byVideo = Map.groupBy(events, ({ video }) => video);
  for (const [video, told] of byVideo) {
    const statuses = told
      .map(({ type }) => type.replace('video.', ''))
      .filter((type) => STATUSES.some((status) => status === type));
    const order = statuses.map((status) => STATUSES.indexOf(status as (typeof STATUSES)[number]));
    expect(order, `${video}: ${statuses.join(' ')}`).toEqual(order.toSorted((a, b) => a - b));
    expect(new Set(statuses).size, `${video}: ${statuses.join(' ')}`).toBe(statuses.length);
    expect(ends, video).toContain(statuses.at(-1));
  }
}
