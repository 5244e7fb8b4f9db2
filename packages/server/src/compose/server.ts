import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { isIPv6 } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Config } from '../config/config.ts';
import { DEFAULT_OWNER } from '../domain/id.ts';
import { MODELS } from '../domain/model.ts';
import { createApp } from '../http/app.ts';
import { surroundings } from '../http/dialects/powertokens/surroundings.ts';
import { type AppParts, DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Readiness } from '../http/parts.ts';
import { createUrlSigner } from '../http/signature.ts';
import { createDiskGuard } from '../service/disk-guard.ts';
import { createFiles } from '../service/files.ts';
import { createKeys, type Keys } from '../service/keys.ts';
import { createVideos } from '../service/videos.ts';
import { createFileKeeping } from '../worker/keep-files.ts';
import type { Part } from '../worker/part.ts';
import { openWorld, type World } from './adapters.ts';
import { exampleCurl } from './curl.ts';
import { filesOf } from './files.ts';
import { policyOf } from './policy.ts';
import { VERSION } from './version.ts';
import { endpointsOf, presenting } from './webhooks.ts';
import { workerParts } from './worker.ts';

/** A server that listens. */
export interface RunningServer {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
  /** The key made at the first start, when there was none. */
  readonly firstKey: { readonly secret: string; readonly path: string } | undefined;
  readonly routes: readonly { readonly model: string; readonly backend: string; readonly billed: boolean }[];
  curl(key: string): string;
  /** Refuses new requests, finishes or gives back what runs, and lets go of the data folder. */
  stop(graceMs: number): Promise<void>;
}

/** How the first key is handed over: shown to a person at a terminal, or put into a file only its user can read. */
export interface StartOptions {
  readonly showFirstKey: boolean;
}

/** Starts the embedded server: the API and all lanes in this process. */
export async function startServer(config: Config, { showFirstKey }: StartOptions): Promise<RunningServer> {
  const world = await openWorld(config);
  const running: Part[] = [];
  let app: FastifyInstance | undefined;
  let metrics: Server | undefined;
  const stop = async (graceMs: number) => {
    // Lanes first: while they finish, callers can still ask how their videos are doing.
    const open = running.toReversed();
    const heart = open.pop();
    await Promise.all(open.map((part) => part.stop(Math.max(0, graceMs - STOP_RESERVE_MS))));
    await heart?.stop(0);
    await app?.close();
    metrics?.close();
    await world.close();
  };
  try {
    const policy = policyOf(config);
    const keys = createKeys({
      store: world.store.keys,
      clock: world.clock,
      ids: world.ids,
      fixedKey: config.access.apiKey,
    });
    let url = config.server.publicUrl ?? '';
    const parts = await appParts(config, world, keys, () => url);
    app = createApp(parts);
    const present = presenting(surroundings(parts));
    const bound = await app.listen({ host: config.server.host, port: config.server.port });
    const local = addressOf(config.server.host, bound);
    url = config.server.publicUrl ?? local;
    metrics = await serveMetrics(config, world);
    for (const part of workerParts(world, policy, present, [
      () => keys.flushUses(),
      createFileKeeping({ ...world, files: world.store.files }),
    ])) {
      await part.start();
      running.push(part);
    }
    world.media.warm();
    void probeBackends(world);
    // Last: a key made for a start that fails would never be shown to anybody.
    const firstKey = await ensureFirstKey(config, world, keys, showFirstKey);
    return {
      url: local,
      firstKey,
      routes: MODELS.map(({ name }) => {
        const { name: backend, capabilities } = world.route(name);
        return { model: name, backend, billed: capabilities.billed };
      }),
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
const PROBE_MS = 30_000;
const SIGNING_SECRET = 'content-url-1';

/** What the HTTP side is made of. */
export async function appParts(config: Config, world: World, keys: Keys, publicUrl: () => string): Promise<AppParts> {
  const { clock, log, meter, store } = world;
  const secret = await store.secrets.ensure(SIGNING_SECRET, randomBytes(32).toString('hex'), clock.now());
  const policy = policyOf(config);
  const disk = createDiskGuard(world.artifacts, clock, config.data.diskReserveBytes);
  const files = createFiles({ ...world, files: store.files, disk, policy });
  const endpoints = endpointsOf(world, config.access.webhookSecret);
  const videos = createVideos({
    ...world,
    acceptCallback: endpoints.acceptCallback,
    videos: store.videos,
    events: store.events,
    files,
    policy,
    disk,
  });
  return {
    videos,
    files,
    endpoints,
    keys,
    signer: createUrlSigner([{ kid: '1', secret }]),
    clock,
    log,
    meter,
    modelAliases: config.server.modelAliases,
    dialects: config.server.dialects,
    models: () =>
      MODELS.map((model) => ({
        model,
        backend: world.route(model.name).name,
        capabilities: world.route(model.name).capabilities,
      })),
    publicUrl,
    renderMetrics: () => meter.render(),
    readiness: () => readinessOf(world),
    limits: { ...DEFAULT_LIMITS, inFlightBytes: config.server.maxBodyInFlightBytes },
    timeouts: DEFAULT_TIMEOUTS,
    trustProxy: config.server.trustProxy,
    version: VERSION,
    examples: { curl: (address) => exampleCurl(address, '$INBETWEEN_API_KEY') },
  };
}

/** Finds out in the background whether the backends can work; `/readyz` and the log tell what is missing. */
async function probeBackends({ backends, log }: World): Promise<void> {
  for (const backend of Object.values(backends)) {
    const found = await backend.probe(AbortSignal.timeout(PROBE_MS)).catch(() => undefined);
    if (found?.ready !== false) continue;
    log.warn({ backend: backend.name, problems: found.problems }, 'a backend cannot make videos');
  }
}

async function readinessOf({ store, backends }: World): Promise<readonly Readiness[]> {
  const parts: Readiness[] = [
    await store.ping().then(
      () => ({ name: 'store', ready: true }),
      () => ({ name: 'store', ready: false, problem: 'the database does not answer' }),
    ),
  ];
  for (const { name, capabilities } of Object.values(backends)) {
    const problem = capabilities.problems.join('; ');
    parts.push({ name: `backend ${name}`, ready: capabilities.ready, ...(problem === '' ? {} : { problem }) });
  }
  return parts;
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
  const path = filesOf(config.data.folder).firstKey;
  if (!show) await writeFile(path, `${secret}\n`, { mode: 0o600 });
  world.log.info({ owner: DEFAULT_OWNER }, 'made the first key');
  return { secret, path };
}

/** Metrics without a key, on a port of their own that the operator keeps to the inside. */
async function serveMetrics(config: Config, { meter, log }: World): Promise<Server | undefined> {
  if (config.server.metricsPort === undefined) return undefined;
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end();
    meter.render().then(
      (text) => response.writeHead(200, { 'content-type': meter.contentType }).end(text),
      (error: unknown) => {
        log.error({ err: error }, 'could not render metrics');
        response.writeHead(500).end();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.server.metricsPort, config.server.host, resolve);
  });
  return server;
}

/** Fastify tells `http://[::1]:8787`; a server on all addresses is reached at loopback from here. */
function addressOf(host: string, bound: string): string {
  const port = new URL(bound).port;
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
