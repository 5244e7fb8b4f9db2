import type { OwnerLimits } from '../../../packages/server/src/domain/owner.ts';
import type { Policy } from '../../../packages/server/src/domain/policy.ts';
import type { ArtifactStore } from '../../../packages/server/src/ports/artifacts.ts';
import type { Bell, BellTopic } from '../../../packages/server/src/ports/bell.ts';
import type { Ids } from '../../../packages/server/src/ports/ids.ts';
import type { Log } from '../../../packages/server/src/ports/log.ts';
import type { Store, VideoStore } from '../../../packages/server/src/ports/store.ts';
import { createAdmitLane } from '../../../packages/server/src/worker/admit.ts';
import { createDrainLane } from '../../../packages/server/src/worker/drain.ts';
import { createGenerateLane } from '../../../packages/server/src/worker/generate.ts';
import { createHeart } from '../../../packages/server/src/worker/heart.ts';
import { createSweepLane } from '../../../packages/server/src/worker/sweep.ts';
import { createWatch } from '../../../packages/server/src/worker/watch.ts';
import type { FakeClock } from '../clock.ts';
import { createCountingMeter } from '../fakes.ts';
import { pngHeader } from '../pictures.ts';
import { WORKER_TERM_MS } from '../stage.ts';
import { createFakeFetcher, createFakeMedia, createFakePreparer } from '../world.ts';
import type { Peers } from './peers.ts';
import { createProcess, type StoreMischief } from './process.ts';
import type { Chance } from './random.ts';

/** A bell over all processes whose rings are sometimes lost, and sometimes late. */
export interface SimulatedBells {
  lost: number;
  readonly listeners: Map<BellTopic, Set<() => void>>;
}

export interface FleetParts {
  readonly time: FakeClock;
  readonly chance: Chance;
  readonly store: Store;
  /** The videos of the store, remembered. */
  readonly videos: VideoStore;
  readonly artifacts: ArtifactStore;
  readonly files: Map<string, Uint8Array>;
  readonly peers: Peers;
  readonly policy: Policy;
  /** What owners may have. */
  readonly limits: Readonly<Record<string, OwnerLimits>>;
  readonly ids: Ids;
  readonly log: Log;
  readonly bells: SimulatedBells;
  readonly storeMischief: StoreMischief;
  readonly artifactMischief: StoreMischief;
}

/** One worker process with all lanes. */
export interface SimulatedWorker {
  /** Starts; time has to pass until all lanes run. */
  start(): void;
  /** As at SIGTERM; time has to pass until it is over. */
  stop(graceMs: number): void;
  kill(): void;
  freeze(): void;
  thaw(): void;
  /** It was killed, or has stopped or is stopping. */
  readonly over: boolean;
}

export function createBell(
  { bells, chance, time }: Pick<FleetParts, 'bells' | 'chance' | 'time'>,
  gate: () => Promise<void>,
): Bell {
  return {
    ring(topic) {
      if (chance.happens(bells.lost)) return;
      const late = chance.happens(0.1) ? chance.between(1, 3_000) : 0;
      for (const listener of bells.listeners.get(topic) ?? [])
        if (late === 0) queueMicrotask(listener);
        else void time.sleep(late).then(listener);
    },
    listen(topic, listener) {
      const own = () => void gate().then(listener);
      const known = bells.listeners.get(topic) ?? new Set();
      bells.listeners.set(topic, known.add(own));
      return () => void known.delete(own);
    },
  };
}

export function createWorker(parts: FleetParts): SimulatedWorker {
  const process = createProcess(parts.time, parts.chance);
  const { clock } = process;
  const { ids, log, policy, files, peers } = parts;
  const worker = ids.worker();
  const tmp = `/tmp/${worker}`;
  const common = {
    worker,
    store: process.through(parts.videos, parts.storeMischief),
    artifacts: process.through(parts.artifacts, parts.artifactMischief),
    clock,
    log,
    meter: createCountingMeter(),
    bell: createBell(parts, process.gate),
    policy,
    backends: peers.backendsOf(process.gate, tmp),
  };
  const watch = createWatch(common);
  const router = {
    other: (_: unknown, from: string) => Object.values(common.backends).find(({ name }) => name !== from),
  };
  const generating = {
    ...common,
    watch,
    router,
    stateOf: () => 'open' as const,
    media: createFakeMedia(files),
    concurrency: 8,
  };
  const lanes = [
    createHeart(worker, {
      store: process.through(parts.store.workers, parts.storeMischief),
      clock,
      log,
      termMs: WORKER_TERM_MS,
    }),
    createAdmitLane({
      ...common,
      fetcher: createFakeFetcher(clock),
      preparer: createFakePreparer(),
      concurrency: 2,
      sample: async () => pngHeader(1280, 720),
    }),
    createDrainLane(generating),
    createGenerateLane(generating),
    createSweepLane({ ...common, router, backendStore: parts.store.backends, chores: [] }),
  ];
  let stopping = false;
  return {
    start() {
      void (async () => {
        for (const lane of lanes) await persist(() => lane.start());
      })();
    },
    stop(graceMs) {
      stopping = true;
      void (async () => {
        for (const lane of lanes.toReversed()) await lane.stop(graceMs).catch(() => undefined);
      })();
    },
    kill() {
      process.kill();
      // As the next start on the same machine does.
      for (const path of files.keys()) if (path.startsWith(`${tmp}/`)) files.delete(path);
    },
    freeze: () => process.freeze(),
    thaw: () => process.thaw(),
    get over() {
      return stopping || process.killed;
    },
  };
}

/** A process whose start fails is started again by whatever watches over it. */
async function persist(start: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      return await start();
    } catch {}
  }
}
