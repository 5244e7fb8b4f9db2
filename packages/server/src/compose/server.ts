import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { readSample, type SampleName } from '../adapters/media/samples.ts';
import type { Config } from '../config/config.ts';
import { LANES } from '../config/parser.ts';
import { DEFAULT_OWNER } from '../domain/id.ts';
import { createApp } from '../http/app.ts';
import { surroundings } from '../http/dialects/powertokens/surroundings.ts';
import { type AppParts, DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from '../http/parts.ts';
import { createUrlSigner } from '../http/signature.ts';
import { isRemote } from '../ports/backend.ts';
import { createAudit } from '../service/audit.ts';
import { createDiskGuard } from '../service/disk-guard.ts';
import { createFiles } from '../service/files.ts';
import { createKeys, type Keys } from '../service/keys.ts';
import { createOwners } from '../service/owners.ts';
import { createUsageBooks } from '../service/usage.ts';
import { createVideos } from '../service/videos.ts';
import { createFileKeeping } from '../worker/keep-files.ts';
import type { Part } from '../worker/part.ts';
import { createProbeLane } from '../worker/probe.ts';
import { openWorld, type World } from './adapters.ts';
import { exampleCurl } from './curl.ts';
import { filesOf } from './files.ts';
import { modelStatuses } from './model-status.ts';
import { checkPins } from './pins.ts';
import { policyOf } from './policy.ts';
import { localBackends, probeBackends, readinessOf } from './readiness.ts';
import type { Role } from './role.ts';
import { serveSidePort } from './side-port.ts';
import { VERSION } from './version.ts';
import { endpointsOf, presenting } from './webhooks.ts';
import { createChoresLane, workerParts } from './worker.ts';

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, without a slash at the end; undefined for a worker, which answers nobody. */
  readonly url: string | undefined;
  /** What it does of the fleet's work; empty for one that only answers. */
  readonly lanes: readonly string[];
  /** The key made at the first start, when there was none. */
  readonly firstKey: { readonly secret: string; readonly path: string } | undefined;
  /** For each model its backends, the best first. */
  readonly routes: readonly {
    readonly model: string;
    readonly backends: readonly { readonly name: string; readonly billed: boolean }[];
  }[];
  curl(key: string): string;
  /** Refuses new requests, finishes or gives back what runs, and lets go of the data folder. */
  stop(graceMs: number): Promise<void>;
}

/** How the first key is handed over: shown to a person at a terminal, or put into a file only its user can read. */
export interface StartOptions {
  readonly showFirstKey: boolean;
  readonly role: Role;
}

/** Starts a process: the API and all lanes, or only one of the two. */
export async function startServer(config: Config, { showFirstKey, role }: StartOptions): Promise<RunningServer> {
  const world = await openWorld(config, role);
  const running: Part[] = [];
  let app: FastifyInstance | undefined;
  let metrics: Server | undefined;
  let stopping = false;
  const local = localBackends(world, config.generation.routes, role);
  const readiness = () => readinessOf(world, local, stopping);
  const stop = async (graceMs: number) => {
    stopping = true;
    // Those who ask whether we are ready turn away before anything is refused.
    if (app !== undefined && graceMs > 0) await world.clock.sleep(config.server.shutdownDelayMs);
    // Lanes first: while they finish, callers can still ask how their videos are doing.
    const [heart, ...open] = running;
    await Promise.all(open.toReversed().map((part) => part.stop(Math.max(0, graceMs - STOP_RESERVE_MS))));
    await heart?.stop(0);
    await world.states.stop(0);
    await app?.close();
    metrics?.close();
    await world.close();
  };
  try {
    checkPins(await world.store.videos.openAttempts(), config.generation);
    const policy = policyOf(config);
    const keys = createKeys({
      store: world.store.keys,
      clock: world.clock,
      ids: world.ids,
      fixedKey: config.access.apiKey,
    });
    let url = config.server.publicUrl ?? '';
    let here: string | undefined;
    const parts = { ...(await appParts(config, world, keys, () => url)), readiness };
    if (role !== 'worker') {
      app = createApp(parts);
      const bound = await app.listen({ host: config.server.host, port: config.server.port });
      here = addressOf(config.server.host, bound);
      url = config.server.publicUrl ?? here;
    }
    metrics = await serveSidePort(config, world, readiness);
    const chores = [() => keys.flushUses(), createFileKeeping({ ...world, files: world.store.files }), ...world.chores];
    const lanes = role === 'serve' ? LANES : role === 'worker' ? config.worker.lanes : [];
    const wish = { ...config.worker, lanes };
    const steps =
      role === 'api'
        ? [createChoresLane(world, [() => keys.flushUses()])]
        : workerParts(world, policy, presenting(surroundings(parts)), chores, wish);
    await world.states.start();
    const remotes = Object.values(world.backends).filter(isRemote);
    for (const part of [...steps, ...(remotes.length > 0 ? [createProbeLane({ ...world, backends: remotes })] : [])]) {
      await part.start();
      running.push(part);
    }
    if (lanes.length > 0) world.media.warm();
    void probeBackends(local, world.log);
    // Last: a key made for a start that fails would never be shown to anybody.
    const firstKey = role === 'serve' ? await ensureFirstKey(config, world, keys, showFirstKey) : undefined;
    return {
      url: here,
      lanes,
      firstKey,
      routes: modelStatuses(world.router, config.generation, world.states.stateOf).map(({ model, backends }) => ({
        model: model.name,
        backends: backends.map(({ name, capabilities }) => ({ name, billed: capabilities.billed })),
      })),
      curl: (key) => exampleCurl(url, key),
      stop,
    };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

/** Kept of the grace period for giving back, closing connections and the store. */
const STOP_RESERVE_MS = 4_000;
const SIGNING_SECRET = 'content-url-1';

/** What the HTTP side is made of; how the process is doing is told by whoever starts and stops it. */
export async function appParts(
  config: Config,
  world: World,
  keys: Keys,
  publicUrl: () => string,
): Promise<Omit<AppParts, 'readiness'>> {
  const { clock, log, meter, store } = world;
  const secret = await store.secrets.ensure(SIGNING_SECRET, randomBytes(32).toString('hex'), clock.now());
  const policy = policyOf(config);
  const disk = createDiskGuard(world.artifacts, clock, config.data.diskReserveBytes);
  const files = createFiles({ ...world, files: store.files, disk, policy });
  const endpoints = endpointsOf(world, config.access.webhookSecret);
  const videos = createVideos({
    ...world,
    acceptCallback: endpoints.acceptCallback,
    checkCallback: endpoints.checkCallback,
    prices: config.usage,
    ledger: store.ledger,
    preparer: world.media.preparer,
    sample: (name) => readSample(name as SampleName),
    videos: store.videos,
    events: store.events,
    files,
    policy,
    disk,
    queueLimit: config.server.queueLimit,
    simulates: config.server.simulates,
    stateOf: (backend) => world.states.stateOf(backend),
    slotsOf: (backend) => world.backends[backend]?.slots ?? 1,
  });
  return {
    videos,
    files,
    endpoints,
    audit: createAudit({ store: store.audit, clock, ids: world.ids }),
    owners: createOwners(store.keys, store.ledger, clock),
    usage: createUsageBooks(store.ledger, store.keys, clock),
    prices: config.usage,
    keys,
    signer: createUrlSigner([{ kid: '1', secret }]),
    clock,
    log,
    meter,
    modelAliases: config.server.modelAliases,
    dialects: config.server.dialects,
    corsOrigins: config.server.corsOrigins,
    models: () => modelStatuses(world.router, config.generation, world.states.stateOf),
    publicUrl,
    renderMetrics: () => meter.render(),
    limits: { ...DEFAULT_LIMITS, inFlightBytes: config.server.maxBodyInFlightBytes },
    timeouts: DEFAULT_TIMEOUTS,
    trustProxy: config.server.trustProxy,
    version: VERSION,
    examples: { curl: (address) => exampleCurl(address, '$INBETWEEN_API_KEY') },
  };
}

/** Makes the first key when nobody could get in without it. */
async function ensureFirstKey(
  config: Config,
  world: World,
  keys: Keys,
  show: boolean,
): Promise<RunningServer['firstKey']> {
  if (config.access.apiKey !== undefined || (await keys.list()).length > 0) return undefined;
  const { secret } = await keys.create({ owner: DEFAULT_OWNER, name: 'first key' });
  const path = resolve(filesOf(config.data.folder).firstKey);
  if (!show) await writeFile(path, `${secret}\n`, { mode: 0o600 });
  world.log.info({ owner: DEFAULT_OWNER }, 'made the first key');
  return { secret, path };
}

/** Fastify tells `http://[::1]:8787`; a server on all addresses is reached at loopback from here. */
function addressOf(host: string, bound: string): string {
  const port = new URL(bound).port;
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
