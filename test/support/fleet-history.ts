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
import { type Api, type ShownVideo, wholeFile } from './api.ts';
import { createCountingMeter, createQuietLog } from './fakes.ts';
import { until } from './until.ts';

interface History {
  readonly databaseUrl: string;
  readonly env: Readonly<Record<string, string>>;
  /** Video id by idempotency key, as the client was told. */
  readonly asked: ReadonlyMap<string, string>;
  /** Each video as it was last seen. */
  readonly seen: ReadonlyMap<string, ShownVideo>;
  readonly api: Api;
}

/**
 * Holds the database and the bucket to what the client was told: nothing lost, nothing twice, nothing half, nothing left.
 *
 * @returns how often a lease was taken over
 */
export async function checkHistory({ databaseUrl, env, asked, seen, api }: History): Promise<number> {
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
    expect(Object.fromEntries(keys.map(({ key, video }) => [key, video]))).toEqual(Object.fromEntries(asked));
    const rows = await ask<{ id: VideoId; status: string; version: string; worker: string | null }>(
      'select id, status, version, worker from video',
    );
    expect(rows.map(({ id }) => id).toSorted()).toEqual([...asked.values()].toSorted());
    // What was seen as finished is finished so, and all of it has succeeded: killing is nobody's fault.
    for (const { id, status, worker } of rows)
      expect([id, status, worker]).toEqual([id, seen.get(id)?.status ?? 'succeeded', null]);
    expect(rows.filter(({ status }) => status !== 'succeeded')).toEqual([]);
    expect(await ask('select * from backend_slot')).toEqual([]);
    await checkEvents(ask);

    const named = new Set<string>();
    let lost = 0;
    for (const { id } of rows) {
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
      wholeFile(await api.content(id));
    }

    await expectNoOrphans(store, artifacts, named);
    expect(await artifacts.sweepUploads(Date.now() + 1)).toBeGreaterThanOrEqual(0);
    return lost;
  } finally {
    artifacts.close();
    await store.close();
    await database.end();
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
