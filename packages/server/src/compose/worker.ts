import { readSample, type SampleName } from '../adapters/media/samples.ts';
import type { Policy } from '../domain/policy.ts';
import { createAdmitLane } from '../worker/admit.ts';
import { createDeliverLane, type Present } from '../worker/deliver.ts';
import { createDrainLane } from '../worker/drain.ts';
import { createGenerateLane } from '../worker/generate.ts';
import { createHeart } from '../worker/heart.ts';
import type { Part } from '../worker/part.ts';
import { createSweepLane } from '../worker/sweep.ts';
import { createWatch } from '../worker/watch.ts';
import type { World } from './adapters.ts';

/** Pictures prepared at once: decoding is one native thread each, and rendering wants the rest of the machine. */
const ADMIT_CONCURRENCY = 2;

/** The lanes of one worker, in the order in which they start; they stop in reverse, the heart last. */
export function workerParts(
  world: World,
  policy: Policy,
  present: Present,
  chores: readonly (() => Promise<void>)[],
): readonly Part[] {
  const { clock, log, meter, bell, artifacts, fetcher, media, backends } = world;
  const worker = world.ids.worker();
  const shared = { clock, log, meter, bell, worker, store: world.store.videos, artifacts, policy };
  const watch = createWatch(shared);
  return [
    createHeart(worker, { store: world.store.workers, clock, log }),
    createSweepLane({ ...shared, backends, chores }),
    createDrainLane({ ...shared, watch, media: media.media, backends, concurrency: slotsOf(world) }),
    createGenerateLane({ ...shared, watch, media: media.media, backends, concurrency: slotsOf(world) }),
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
    createAdmitLane({
      ...shared,
      fetcher,
      preparer: media.preparer,
      concurrency: ADMIT_CONCURRENCY,
      sample: (name) => readSample(name as SampleName),
    }),
  ];
}

/** One process takes at most as much at once as all its backends have places for. */
function slotsOf({ backends }: World): number {
  return Object.values(backends).reduce((sum, backend) => sum + backend.slots, 0);
}
