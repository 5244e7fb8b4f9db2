import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { type Api, isFinal, MODEL, type ShownVideo } from './api.ts';
import { fleetEnvironment } from './fleet.ts';
import { checkHistory } from './fleet-history.ts';
import { expectForward } from './kill-loop.ts';
import { dataUrl, paint } from './paintings.ts';
import { startPostgres } from './postgres-cluster.ts';
import { createS3Process } from './s3-process.ts';
import { runInbetween, type Scratch } from './server-process.ts';
import { createSupervised, type Supervised } from './supervised.ts';
import { until } from './until.ts';

/** What befalls the fleet. */
export const BLOWS = ['kill an api', 'kill a worker', 'stop a worker', 'kill postgres', 'kill s3'] as const;
export type Blow = (typeof BLOWS)[number];

const APIS = 2;
const WORKERS = 3;
/** Longer than a worker's term of 30 s, so that others take over while it stands still. */
const STANDSTILL_MS = 36_000;
/** A request to a process that has just died, or stands in a queue behind a dead database. */
const ANSWER_MS = 20_000;

interface LoopWish {
  readonly blows: readonly Blow[];
  readonly random: () => number;
  /** Between two blows, at most. */
  readonly breathMs: number;
  /** For the videos that are not finished when the last blow has fallen. */
  readonly limitMs: number;
}

export interface FleetReport {
  readonly videos: number;
  readonly blows: number;
  /** Creates that were not answered, or not by a 200, and were repeated. */
  readonly repeated: number;
  /** Leases that were taken over. */
  readonly lost: number;
}

/**
 * Two APIs and three workers on PostgreSQL and S3, all of which are killed again and again while a client creates videos
 * with idempotency keys and asks how they are doing. In the end every accepted video has succeeded exactly once and is whole.
 */
export async function runFleetLoop(scratch: Scratch, wish: LoopWish): Promise<FleetReport> {
  const postgres = await startPostgres({ durable: true });
  const s3 = await createS3Process(join(scratch.path, 's3'));
  const fleet: Supervised[] = [];
  const client = { stopped: false };
  try {
    await s3.start();
    const databaseUrl = await postgres.database('inbetween');
    const env = fleetEnvironment(databaseUrl, s3.port);
    expect((await runInbetween(['migrate'], { env })).code).toBe(0);
    const apis = Array.from({ length: APIS }, () => createSupervised(scratch, 'api', { env }));
    const workers = Array.from({ length: WORKERS }, () => createSupervised(scratch, 'worker', { env }));
    fleet.push(...apis, ...workers);
    await Promise.all(fleet.map((one) => one.up()));

    const log = createLog();
    const images = dataUrl(await paint(320, 256).png().toBuffer());
    const anyApi = () => apis[Math.floor(wish.random() * APIS)]?.api();
    const asking = createVideos(log, anyApi, images, client, wish.random);
    const watching = watchVideos(log, anyApi, client);
    const still: Promise<void>[] = [];
    for (const [n, blow] of wish.blows.entries()) {
      await pause(wish.random() * wish.breathMs);
      console.log(`blow ${n + 1} of ${wish.blows.length}, ${blow}: ${log.told()}`);
      const pick = (of: readonly Supervised[]) => of[Math.floor(wish.random() * of.length)] as Supervised;
      if (blow === 'kill an api') await pick(apis).kill();
      else if (blow === 'kill a worker') await pick(workers).kill();
      else if (blow === 'stop a worker') still.push(pick(workers).standStill(STANDSTILL_MS));
      else if (blow === 'kill postgres') {
        await postgres.kill();
        await postgres.start();
      } else {
        await s3.kill();
        await pause(wish.random() * 1_000);
        await s3.start();
      }
    }
    client.stopped = true;
    await asking;
    await until('the end of all videos', log.allFinal, { limitMs: wish.limitMs, everyMs: 500 }, log.told);
    await watching;
    await Promise.all(still);
    const api = await until('an api', anyApi);
    const lost = await checkHistory({ databaseUrl, env, asked: log.asked, seen: log.seen, api });
    for (const one of fleet) expect((await one.stop()).code, one.name).toBe(0);
    return { videos: log.asked.size, blows: wish.blows.length, repeated: log.repeated(), lost };
  } finally {
    client.stopped = true;
    await Promise.all(fleet.map((one) => one.end()));
    await s3.kill();
    await postgres.close();
  }
}

/** What the client was told, in the order in which it was told. */
interface ClientLog {
  /** Video id by idempotency key. */
  readonly asked: Map<string, string>;
  readonly seen: Map<string, ShownVideo>;
  repeated(): number;
  answered(key: string, video: ShownVideo): void;
  unanswered(): void;
  look(video: ShownVideo): void;
  allFinal(): boolean;
  told(): string;
}

function createLog(): ClientLog {
  const asked = new Map<string, string>();
  const seen = new Map<string, ShownVideo>();
  let repeated = 0;
  const final = () => [...seen.values()].filter(({ status }) => isFinal(status)).length;
  return {
    asked,
    seen,
    repeated: () => repeated,
    answered(key, video) {
      const before = asked.get(key);
      if (before !== undefined) expect(video.id, key).toBe(before);
      asked.set(key, video.id);
    },
    unanswered() {
      repeated += 1;
    },
    look(video) {
      const before = seen.get(video.id);
      if (before !== undefined) expectForward(before, video);
      seen.set(video.id, video);
    },
    allFinal: () => asked.size > 0 && final() === asked.size,
    told: () => `${final()} of ${asked.size} videos finished, ${repeated} creates repeated`,
  };
}

/** Creates videos one after the other, each again and again under its key until it is answered, and then once more. */
async function createVideos(
  log: ClientLog,
  anyApi: () => Api | undefined,
  image: string,
  client: { readonly stopped: boolean },
  random: () => number,
): Promise<void> {
  for (let n = 0; !client.stopped; n += 1) {
    const key = `ask ${n}`;
    const ask = { model: MODEL, images: [image, image], size: '480P', tags: { n: String(n) } };
    for (let answers = 0; answers < 2; ) {
      const answer = await within(ANSWER_MS, anyApi()?.post(ask, { 'idempotency-key': key }));
      if (answer?.status === 200) {
        log.answered(key, answer.json<ShownVideo>());
        answers += 1;
        continue;
      }
      // What is not a 200 must be a refusal for now, never a mistake of ours.
      if (answer !== undefined) expect([500, 503], answer.text()).toContain(answer.status);
      log.unanswered();
      await pause(200);
    }
    await pause(500 + random() * 1_500);
  }
}

/** Looks at each video that is not finished, one after the other, so that each look is later than the one before. */
async function watchVideos(
  log: ClientLog,
  anyApi: () => Api | undefined,
  client: { readonly stopped: boolean },
): Promise<void> {
  while (!(client.stopped && log.allFinal())) {
    for (const id of log.asked.values()) {
      const known = log.seen.get(id);
      if (known !== undefined && isFinal(known.status)) continue;
      const answer = await within(ANSWER_MS, anyApi()?.call(`/v1/videos/${id}`));
      if (answer?.status === 200) log.look(answer.json<ShownVideo>());
      else if (answer !== undefined) expect([500, 503], `${id}: ${answer.text()}`).toContain(answer.status);
    }
    await pause(250);
  }
}

/** Undefined when there was no answer, or nobody to ask. */
async function within<T>(ms: number, answer: Promise<T> | undefined): Promise<T | undefined> {
  if (answer === undefined) return undefined;
  const late = new AbortController();
  const none = answer.catch(() => undefined);
  const first = await Promise.race([none, pause(ms, undefined, { signal: late.signal }).catch(() => undefined)]);
  late.abort();
  return first;
}
