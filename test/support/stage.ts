import type { MemoryArtifactsOptions } from '../../packages/server/src/adapters/artifacts/memory.ts';
import { emptyState, type State } from '../../packages/server/src/adapters/stores/memory/state.ts';
import { createMemoryStore } from '../../packages/server/src/adapters/stores/memory/store.ts';
import { type Caller, SCOPES } from '../../packages/server/src/domain/api-key.ts';
import type { Prices } from '../../packages/server/src/domain/charge.ts';
import { DEFAULT_OWNER, type OwnerId, type WorkerId } from '../../packages/server/src/domain/id.ts';
import { DEFAULT_POLICY, type Policy } from '../../packages/server/src/domain/policy.ts';
import { isTerminal, type Video } from '../../packages/server/src/domain/video.ts';
import type { Capabilities } from '../../packages/server/src/ports/backend.ts';
import type { Provenance } from '../../packages/server/src/ports/provenance.ts';
import type { BackendState } from '../../packages/server/src/ports/store.ts';
import { createDiskGuard } from '../../packages/server/src/service/disk-guard.ts';
import { createFiles } from '../../packages/server/src/service/files.ts';
import type { SubmitAsk } from '../../packages/server/src/service/submit.ts';
import { createVideos } from '../../packages/server/src/service/videos.ts';
import { createAdmitLane } from '../../packages/server/src/worker/admit.ts';
import { createDrainLane } from '../../packages/server/src/worker/drain.ts';
import { createGenerateLane } from '../../packages/server/src/worker/generate.ts';
import { createHeart } from '../../packages/server/src/worker/heart.ts';
import type { Moderation } from '../../packages/server/src/worker/moderate.ts';
import { createSweepLane } from '../../packages/server/src/worker/sweep.ts';
import { createWatch } from '../../packages/server/src/worker/watch.ts';
import { createScriptedBackend } from './backend.ts';
import { createFakeClock } from './clock.ts';
import {
  createCountingMeter,
  createFakeBell,
  createFakeIds,
  createFaulty,
  createGate,
  createQuietLog,
} from './fakes.ts';
import { pngHeader } from './pictures.ts';
import { createFakeArtifacts, createFakeFetcher, createFakeMedia, createFakePreparer } from './world.ts';

/** The whole inside of the server over memory and a clock that a test moves: services, and any number of workers. */

export const CALLER: Caller = { owner: DEFAULT_OWNER, apiKey: null, scopes: SCOPES };
export const OTHER: Caller = { owner: 'other' as OwnerId, apiKey: null, scopes: SCOPES };
/** After how much silence a worker is lost. */
export const WORKER_TERM_MS = 30_000;
const MODEL = 'wan2.2-kf2v-flash';

export interface StageOptions {
  readonly policy?: Partial<Policy>;
  readonly slots?: number;
  readonly capabilities?: Partial<Capabilities>;
  readonly queueLimit?: number;
  readonly simulates?: boolean;
  /** The backend has a peer whose work goes on without us. */
  readonly remote?: boolean;
  readonly artifacts?: MemoryArtifactsOptions;
  readonly reserveBytes?: number;
  /** There is another remote backend, `second`, for what the first one refuses. */
  readonly second?: boolean;
  /** The operator's check of what is asked for. */
  readonly moderation?: Moderation;
  /** Signs finished files, which it finds and leaves by path. */
  readonly provenance?: (files: Map<string, Uint8Array>) => Provenance;
  readonly prices?: Prices;
  /** What a peer charges for each video. */
  readonly upstreamCost?: number;
  /** Works at once in lane `generate`. */
  readonly concurrency?: number;
}

export type Stage = ReturnType<typeof createStage>;
export type Worker = ReturnType<Stage['worker']>;

export function createStage(options: StageOptions = {}) {
  const clock = createFakeClock();
  const ids = createFakeIds();
  const bell = createFakeBell();
  const log = createQuietLog();
  const meter = createCountingMeter();
  const state: State = emptyState();
  const store = createMemoryStore(state);
  const faulty = createFaulty(store.videos);
  const files = new Map<string, Uint8Array>();
  const artifacts = createFakeArtifacts(files, { now: clock.now, ...options.artifacts });
  const preparer = createFakePreparer();
  const media = createFakeMedia(files);
  const fetcher = createFakeFetcher(clock);
  const policy: Policy = { ...DEFAULT_POLICY, ...options.policy };
  const backend = createScriptedBackend({
    files,
    clock,
    ...(options.slots === undefined ? {} : { slots: options.slots }),
    remote: options.remote ?? false,
    ...(options.capabilities === undefined ? {} : { capabilities: options.capabilities }),
  });
  const states = new Map<string, BackendState>();
  const second =
    options.second === true ? createScriptedBackend({ name: 'second', remote: true, files, clock }) : undefined;
  const backends = Object.fromEntries(
    [backend, ...(second === undefined ? [] : [second])].map((one) => [one.name, one]),
  );
  const chores: (() => Promise<void>)[] = [];

  const disk = createDiskGuard(artifacts, clock, options.reserveBytes ?? 0);
  const uploads = createFiles({ files: store.files, artifacts, clock, ids, disk, policy });
  const videos = createVideos({
    videos: store.videos,
    events: store.events,
    files: uploads,
    artifacts,
    fetcher,
    clock,
    ids,
    bell,
    meter,
    log,
    policy,
    disk,
    acceptCallback: async () => undefined,
    checkCallback: () => undefined,
    ledger: store.ledger,
    preparer,
    sample: async (name) => samples(name),
    router: { route: () => backend },
    queueLimit: options.queueLimit,
    prices: options.prices,
    simulates: options.simulates ?? false,
    stateOf: (name) => states.get(name) ?? 'open',
    slotsOf: () => backend.slots,
  });

  /** One worker process: a heart and the lanes. */
  function worker(parts: { readonly sweeps?: boolean } = {}) {
    const id: WorkerId = ids.worker();
    const gate = createGate();
    const common = {
      worker: id,
      store: gate.through(faulty.parts),
      artifacts,
      clock,
      log,
      meter,
      bell,
      policy,
      backends,
    };
    const watch = createWatch(common);
    const router = { other: (_: unknown, from: string) => (from === 'second' ? undefined : second) };
    const generating = {
      ...common,
      stateOf: (name: string) => states.get(name) ?? 'open',
      watch,
      router,
      media,
      provenance: options.provenance?.(files),
      concurrency: options.concurrency ?? 4,
      upstreamCost: () => options.upstreamCost,
    };
    const lanes = [
      createHeart(id, { store: gate.through(store.workers), clock, log, termMs: WORKER_TERM_MS }),
      createAdmitLane({
        ...common,
        fetcher,
        preparer,
        moderation: options.moderation,
        concurrency: 4,
        sample: async (name) => samples(name),
      }),
      createDrainLane(generating),
      createGenerateLane(generating),
      ...(parts.sweeps === false ? [] : [createSweepLane({ ...common, router, backendStore: store.backends, chores })]),
    ];
    return {
      id,
      async start() {
        for (const lane of lanes) await lane.start();
        await clock.settle();
      },
      /** Stops as a process does at SIGTERM; time passes meanwhile. */
      async stop(graceMs = 0) {
        let still = false;
        const stopping = (async () => {
          for (const lane of lanes.toReversed()) await lane.stop(graceMs);
          still = true;
        })();
        await clock.until('stopped worker', () => still, 120_000);
        await stopping;
      },
      /** Stands still: nothing it wants of the store happens until it goes on, if ever. */
      freeze: () => gate.shut(),
      thaw: () => gate.open(),
    };
  }

  async function running(parts: { readonly sweeps?: boolean } = {}) {
    const started = worker(parts);
    await started.start();
    return started;
  }

  function ask(changes: Partial<SubmitAsk> = {}): SubmitAsk {
    return {
      generation: { model: MODEL, prompt: 'a kitten looks up' },
      images: [pngHeader(1280, 720), pngHeader(720, 720)],
      unknownFields: [],
      ...changes,
    };
  }

  async function submit(changes: Partial<SubmitAsk> = {}, caller: Caller = CALLER): Promise<Video> {
    const { video } = await videos.submit(caller, ask(changes));
    return video;
  }

  /** The row as workers see it, tombstones too. */
  async function row(video: Pick<Video, 'id'>): Promise<Video> {
    const found = await store.videos.find(video.id);
    if (found === undefined) throw new Error(`${video.id} has no row`);
    return found;
  }

  return {
    clock,
    ids,
    bell,
    log,
    meter,
    state,
    store,
    /** Errors that calls of workers to the store meet. */
    failing: faulty.failing,
    /** Calls of workers to the store whose answers are lost, and how many times. */
    deaf: faulty.deaf,
    files,
    /** Uploaded pictures. */
    uploads,
    artifacts,
    preparer,
    media,
    fetcher,
    policy,
    backend,
    second,
    chores,
    /** What operators say about backends. */
    states,
    videos,
    worker,
    running,
    ask,
    submit,
    row,
    async until(video: Pick<Video, 'id'>, status: Video['status'], limitMs?: number): Promise<Video> {
      await clock.until(
        `${video.id} that is ${status}`,
        async () => {
          const seen = await row(video);
          if (seen.status !== status && isTerminal(seen.status))
            throw new Error(`${video.id} is ${seen.status} (${seen.failure?.code ?? 'no failure'}), not ${status}`);
          return seen.status === status;
        },
        limitMs,
      );
      return row(video);
    },
    /** The events that were told of a video, in order. */
    events: (video: Pick<Video, 'id'>) =>
      state.events.filter((event) => event.video === video.id).map(({ type }) => type),
  };
}

function samples(name: string): Uint8Array {
  return pngHeader(1280, 720, 64, name === 'sample_first' ? 1 : 2);
}
