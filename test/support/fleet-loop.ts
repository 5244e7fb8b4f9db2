import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { startFakeDashscope } from './fakes/dashscope/server.ts';
import { fleetEnvironment } from './fleet.ts';
import { BILLED_MODEL, type FleetClient, startClient } from './fleet-client.ts';
import { checkHistory } from './fleet-history.ts';
import { dataUrl, paint } from './paintings.ts';
import { startPostgres } from './postgres-cluster.ts';
import { createS3Process } from './s3-process.ts';
import { runInbetween, type Scratch } from './server-process.ts';
import { createSupervised, type Supervised } from './supervised.ts';
import { until } from './until.ts';

/** What befalls the fleet. */
export const BLOWS = [
  'kill an api',
  'kill a worker',
  'stop a worker',
  'kill postgres',
  'kill s3',
  'kill the peer',
] as const;
export type Blow = (typeof BLOWS)[number];

const APIS = 2;
const WORKERS = 3;
/** Of the billed peer, over all workers. */
const SLOTS = 2;

interface LoopWish {
  readonly blows: readonly Blow[];
  readonly random: () => number;
  /** Asked for, at least: on a slow machine the client goes on after the last blow. */
  readonly videos: number;
  /** Between two blows, at most. */
  readonly breathMs: number;
  /** After how much silence a worker is lost; one that stands still does so for longer, so that others take over. */
  readonly termMs: number;
  /** For the videos that are not finished when the last blow has fallen. */
  readonly limitMs: number;
}

export interface FleetReport {
  readonly blows: number;
  readonly videos: number;
  /** Of those, made by the billed peer. */
  readonly billed: number;
  /** Billed ones that failed because nobody can tell whether the peer had accepted them. */
  readonly unknown: number;
  readonly cancelled: number;
  /** Requests that were not answered, or not by what they ask for, and were repeated. */
  readonly repeated: number;
  /** Leases that were taken over. */
  readonly lost: number;
}

/**
 * Two APIs and three workers on PostgreSQL and S3, in front of a peer that is paid for each ask, all of which are killed
 * again and again while a client creates videos with idempotency keys, cancels some and asks how they are doing. One half
 * is rendered, the other made by the peer. In the end every accepted video has ended exactly once and is whole, and the
 * peer was asked at most once for each.
 */
export async function runFleetLoop(scratch: Scratch, wish: LoopWish): Promise<FleetReport> {
  const standstillMs = wish.termMs + 6_000;
  const postgres = await startPostgres({ durable: true });
  const s3 = await createS3Process(join(scratch.path, 's3'));
  const peer = await startFakeDashscope({ queueMs: 300, runMs: 1_000, concurrency: 100 });
  const fleet: Supervised[] = [];
  let client: FleetClient | undefined;
  try {
    await s3.start();
    const databaseUrl = await postgres.database('inbetween');
    const config = scratch.file('inbetween.yaml');
    writeFileSync(config, configuration(peer.url));
    const env = {
      ...fleetEnvironment(databaseUrl, s3.port),
      INBETWEEN_CONFIG: config,
      PAID_KEY: 'sk-fake',
      WORKER_TERM: `${wish.termMs / 1_000}s`,
    };
    expect((await runInbetween(['migrate'], { env })).code).toBe(0);
    const apis = Array.from({ length: APIS }, () => createSupervised(scratch, 'api', { env }));
    const workers = Array.from({ length: WORKERS }, () => createSupervised(scratch, 'worker', { env }));
    fleet.push(...apis, ...workers);
    await Promise.all(fleet.map((one) => one.up()));

    const image = dataUrl(await paint(320, 256).png().toBuffer());
    const anyApi = () => chosen(apis, wish.random)?.api();
    client = startClient(anyApi, image, wish.random);
    const { log } = client;
    const still: Promise<void>[] = [];
    for (const [n, blow] of wish.blows.entries()) {
      await pause(wish.random() * wish.breathMs);
      console.log(`blow ${n + 1} of ${wish.blows.length}, ${blow}: ${log.told()}`);
      // Each blow hits something that runs.
      const pick = (of: readonly Supervised[]) =>
        until(
          'one that runs',
          () =>
            chosen(
              of.filter((one) => one.runs()),
              wish.random,
            ),
          { limitMs: standstillMs * 2 },
        );
      if (blow === 'kill an api') await (await pick(apis)).kill();
      else if (blow === 'kill a worker') await (await pick(workers)).kill();
      else if (blow === 'stop a worker') still.push((await pick(workers)).standStill(standstillMs));
      else if (blow === 'kill postgres') {
        await postgres.kill();
        await postgres.start();
      } else {
        const other = blow === 'kill s3' ? s3 : peer;
        await other.kill();
        await pause(wish.random() * 1_000);
        await other.start();
      }
    }
    await until('videos', () => log.asked.size >= wish.videos, { limitMs: wish.limitMs }, log.told);
    await client.stop();
    await until('the end of all videos', log.allFinal, { limitMs: wish.limitMs, everyMs: 500 }, log.told);
    await client.sawAll;
    await Promise.all(still);
    const api = await until('an api', anyApi);
    const found = await checkHistory({ databaseUrl, env, log, api, peer: { tasks: peer.tasks, slots: SLOTS } });
    for (const one of fleet) expect((await one.stop()).code, one.name).toBe(0);
    const asked = [...log.asked.values()];
    return {
      videos: asked.length,
      billed: asked.filter(({ billed }) => billed).length,
      cancelled: asked.filter(({ cancelled }) => cancelled).length,
      blows: wish.blows.length,
      repeated: log.repeated(),
      ...found,
    };
  } finally {
    client?.end();
    await Promise.all(fleet.map((one) => one.end()));
    await peer.kill();
    await s3.kill();
    await postgres.close();
  }
}

function chosen<T>(of: readonly T[], random: () => number): T | undefined {
  return of[Math.floor(random() * of.length)];
}

/** One model is made by the peer, and the other, by default, rendered here. */
function configuration(url: string): string {
  const place = `{kind: dashscope, credential: PAID_KEY, url: '${url}', pollEvery: 500ms, concurrency: ${SLOTS}}`;
  return `backends: {paid: ${place}}\nmodels: {${BILLED_MODEL}: [paid]}\n`;
}
