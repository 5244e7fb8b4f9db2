import { availableParallelism } from 'node:os';
import type { RemoteBackend } from '../adapters/backends/remote/remote-backend.ts';
import { createRendererBackend } from '../adapters/backends/renderer/backend.ts';
import { createFinisher } from '../adapters/media/finish/finisher.ts';
import { createMedia, type MediaParts } from '../adapters/media/media.ts';
import { createHttpModerator } from '../adapters/moderation/http-moderator.ts';
import { readAllowList } from '../adapters/net/allow-list.ts';
import { createFetcher } from '../adapters/net/fetcher.ts';
import { createPoster } from '../adapters/net/poster.ts';
import { systemClock } from '../adapters/system/clock.ts';
import { systemIds } from '../adapters/system/ids.ts';
import { createLog } from '../adapters/system/log.ts';
import { createMeter, type PrometheusMeter } from '../adapters/system/meter.ts';
import type { GenerationConfig } from '../config/backends/backend-config.ts';
import type { Config } from '../config/config.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Backend } from '../ports/backend.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Fetcher } from '../ports/fetcher.ts';
import type { Ids } from '../ports/ids.ts';
import type { Log } from '../ports/log.ts';
import type { Poster } from '../ports/poster.ts';
import type { Provenance } from '../ports/provenance.ts';
import type { Router } from '../ports/router.ts';
import type { Store } from '../ports/store.ts';
import { type BackendStates, createBackendStates } from '../worker/backend-states.ts';
import type { Moderation } from '../worker/moderate.ts';
import type { UpstreamCost } from '../worker/upstream-cost.ts';
import type { RemoteWorld } from './backends.ts';
import { crashing } from './crash-points.ts';
import { checkRole, type Role } from './role.ts';
import { createRouter } from './router.ts';
import { type Need, openStorage } from './storage.ts';
import { upstreamCostOf } from './upstream-cost.ts';

/** The world as the rest of the server sees it: one implementation of each port. */
export interface World {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly meter: PrometheusMeter;
  readonly bell: Bell;
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly fetcher: Fetcher;
  readonly poster: Poster;
  readonly media: MediaParts;
  /** The operator's check of what is asked for, where there is one. */
  readonly moderation: Moderation | undefined;
  /** Signs finished videos, where there is a certificate. */
  readonly provenance: Provenance | undefined;
  readonly backends: Readonly<Record<string, Backend>>;
  /** What operators say about them; to be started with the lanes. */
  readonly states: BackendStates;
  readonly router: Router;
  /** What of the storage must be there for this process to do its work. */
  readonly needs: readonly Need[];
  /** Small regular work of whoever sweeps. */
  readonly chores: readonly (() => Promise<void>)[];
  readonly upstreamCost: UpstreamCost;
  close(): Promise<void>;
}

const RENDERS_IN_FLEET = 100_000;
const PROVENANCE_CHECK_MS = 30_000;

/** Opens everything a process needs. */
export async function openWorld(config: Config, role: Role = 'serve'): Promise<World> {
  checkRole(role, config);
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const log = createLog({ ...config.log });
    for (const warning of config.warnings) log.warn({}, warning);
    const storage = await openStorage(config, role, log);
    closers.push(() => storage.close());
    const { store, artifacts } = config.crashAt === undefined ? storage : crashing(storage, config.crashAt);
    const { bell, clock, tmp, needs, chores } = storage;
    const meter = createMeter({
      videosByStatus: () => store.videos.counts(),
      backends: () => store.backends.list(),
      log,
    });
    closers.push(() => meter.close());
    const allow = readAllowList(config.access.fetchAllow);
    const fetcher = createFetcher({ allow, log, meter });
    closers.push(() => fetcher.close());
    const poster = createPoster({ allow, log });
    closers.push(() => poster.close());
    const provenance = role === 'api' ? undefined : await openProvenance(config, log);
    const media = createMedia({ tmpFolder: tmp, log });
    closers.push(() => media.close());
    const renderer = createRendererBackend({
      tmpFolder: tmp,
      // Renders use the machine they run on: the more machines, the more of them.
      slots: storage.shared ? RENDERS_IN_FLEET : config.render.concurrency,
      slotsHere: config.render.concurrency,
      encoder: config.render.encoder,
      threads: config.render.threads === 'auto' ? availableParallelism() : config.render.threads,
      labelNames: config.render.labelNames,
      log,
    });
    const finisher = createFinisher({ encoder: config.render.encoder, log });
    const { rescaler } = media;
    const { rate } = store;
    const remotes = await openRemotes(config.generation, {
      tmpFolder: tmp,
      clock,
      log,
      meter,
      fetcher,
      finisher,
      rescaler,
      rate,
      takenOf: (backend) => states.takenOf(backend),
      labelNames: config.render.labelNames,
    });
    for (const remote of remotes) closers.push(() => remote.close());
    const all: readonly Backend[] = [renderer, ...remotes];
    const backends = Object.fromEntries(all.map((backend) => [backend.name, backend]));
    const states = createBackendStates({
      store: store.backends,
      names: Object.keys(backends),
      clock,
      bell,
      log,
      meter,
    });
    const draining = config.generation.backends.filter((each) => each.draining).map(({ name }) => name);
    return {
      clock,
      ids: systemIds,
      log,
      meter,
      bell,
      store,
      artifacts,
      fetcher,
      poster,
      media,
      moderation: moderationOf(config),
      provenance,
      backends,
      states,
      router: createRouter(config.generation.routes, backends, new Set(draining), states.stateOf),
      needs,
      chores,
      upstreamCost: upstreamCostOf(config),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Loaded where there are any: what speaks to peers takes memory that a server with the built-in renderer never uses. */
async function openRemotes(generation: GenerationConfig, world: RemoteWorld): Promise<readonly RemoteBackend[]> {
  if (generation.backends.length === 0) return [];
  const { openBackends } = await import('./backends.ts');
  return openBackends(generation, world);
}

function moderationOf({ access: { moderation } }: Config): Moderation | undefined {
  if (moderation === undefined) return undefined;
  const { withoutVerdict, ...options } = moderation;
  return { moderator: createHttpModerator({ ...options, clock: systemClock }), withoutVerdict };
}

/** @throws ProvenanceError when a certificate is set and cannot sign: who asked for signed files gets no others */
async function openProvenance({ render: { c2pa } }: Config, log: Log): Promise<Provenance | undefined> {
  if (c2pa === undefined) return undefined;
  const { createC2pa } = await import('../adapters/provenance/c2pa.ts');
  const provenance = createC2pa({ ...c2pa, clock: systemClock, log });
  await provenance.check(AbortSignal.timeout(PROVENANCE_CHECK_MS));
  return provenance;
}
