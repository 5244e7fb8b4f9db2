import { readSample, type SampleName } from '../adapters/media/samples.ts';
import type { LaneName } from '../config/parser.ts';
import type { Policy } from '../domain/policy.ts';
import { createAdmitLane } from '../worker/admit.ts';
import { createDeliverLane, type Present } from '../worker/deliver.ts';
import { createDrainLane } from '../worker/drain.ts';
import { createGenerateLane } from '../worker/generate.ts';
import { createHeart } from '../worker/heart.ts';
import { createLane } from '../worker/lane.ts';
import type { Part } from '../worker/part.ts';
import { createSweepLane } from '../worker/sweep.ts';
import { createWatch } from '../worker/watch.ts';
import type { World } from './adapters.ts';

/** Pictures prepared at once: decoding is one native thread each, and rendering wants the rest of the machine. */
const ADMIT_CONCURRENCY = 2;

/** What a worker is to do. */
export interface WorkerWish {
  readonly lanes: readonly LaneName[];
  /** Videos made at once; undefined: as many as its backends have places. */
  readonly concurrency: number | undefined;
  /** After how much silence others take it for lost. */
  readonly termMs: number;
}

/** The lanes of one worker behind its heart, in the order in which they start; they stop in reverse, the heart last. */
export function workerParts(
  world: World,
  policy: Policy,
  present: Present,
  chores: readonly (() => Promise<void>)[],
  { lanes, termMs, concurrency = placesOf(world) }: WorkerWish,
): readonly Part[] {
  const { clock, log, meter, bell, artifacts, fetcher, media, backends } = world;
  const worker = world.ids.worker();
  const shared = { clock, log, meter, bell, worker, store: world.store.videos, artifacts, policy };
  const watch = createWatch(shared);
  const { stateOf } = world.states;
  const making = {
    ...shared,
    upstreamCost: world.upstreamCost,
    watch,
    media: media.media,
    provenance: world.provenance,
    backends,
    concurrency,
  };
  const make: Readonly<Record<LaneName, () => Part>> = {
    sweep: () =>
      createSweepLane({ ...shared, backends, router: world.router, backendStore: world.store.backends, chores }),
    drain: () => createDrainLane(making),
    generate: () => createGenerateLane({ ...making, stateOf, router: world.router }),
    deliver: () =>
      createDeliverLane({
        clock,
        log,
        meter,
        bell,
        ids: world.ids,
        poster: world.poster,
        webhooks: world.store.webhooks,
        videos: world.store.videos,
        present,
      }),
    admit: () =>
      createAdmitLane({
        ...shared,
        fetcher,
        preparer: media.preparer,
        moderation: world.moderation,
        concurrency: ADMIT_CONCURRENCY,
        sample: (name) => readSample(name as SampleName),
      }),
  };
  const heart = createHeart(worker, { store: world.store.workers, clock, log, termMs });
  return [heart, ...START_ORDER.filter((lane) => lanes.includes(lane)).map((lane) => make[lane]())];
}

/** What feeds a lane starts after it. */
const START_ORDER = ['sweep', 'drain', 'generate', 'deliver', 'admit'] as const satisfies readonly LaneName[];
const CHORES_EVERY_MS = 5_000;

/** Small regular work of a process that has no lane to do it. */
export function createChoresLane(world: World, chores: readonly (() => Promise<void>)[]): Part {
  return createLane(
    {
      name: 'chores',
      topic: 'sweep',
      concurrency: 1,
      idleMs: CHORES_EVERY_MS,
      async claim() {
        for (const chore of chores) await chore();
        return [];
      },
    },
    world,
  );
}

/** One process takes at most as much at once as all its backends have places for here. */
function placesOf({ backends }: World): number {
  return Object.values(backends).reduce((sum, { slots, slotsHere = slots }) => sum + slotsHere, 0);
}
