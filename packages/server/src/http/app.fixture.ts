import type { FastifyInstance } from 'fastify';
import { createFakePreparer } from '../../../../test/support/world.ts';
import { createMemoryArtifacts } from '../adapters/artifacts/memory.ts';
import { readAllowList } from '../adapters/net/allow-list.ts';
import { checkUrl } from '../adapters/net/url-check.ts';
import { createMemoryStore } from '../adapters/stores/memory/store.ts';
import { createBell } from '../adapters/system/bell.ts';
import { systemClock } from '../adapters/system/clock.ts';
import { createIds } from '../adapters/system/ids.ts';
import { endpointsOf } from '../compose/webhooks.ts';
import type { KeyLimits, Scope } from '../domain/api-key.ts';
import { eventOf } from '../domain/event.ts';
import { Fault } from '../domain/fault.ts';
import type { OwnerId, VideoId } from '../domain/id.ts';
import { MODELS } from '../domain/model.ts';
import { DEFAULT_POLICY } from '../domain/policy.ts';
import type { Artifact } from '../domain/result.ts';
import { admit, advance, begin, expire, fail, succeed } from '../domain/transitions.ts';
import type { Video } from '../domain/video.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Backend } from '../ports/backend.ts';
import type { Bell } from '../ports/bell.ts';
import type { Post, Poster } from '../ports/poster.ts';
import { createAudit } from '../service/audit.ts';
import { createFiles } from '../service/files.ts';
import { createKeys } from '../service/keys.ts';
import { createOwners } from '../service/owners.ts';
import { createUsageBooks } from '../service/usage.ts';
import { createVideos, type VideosParts } from '../service/videos.ts';
import { createApp } from './app.ts';
import { type AppParts, DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Readiness } from './parts.ts';
import { createUrlSigner } from './signature.ts';

/** The instant at which the tests begin. */
export const START = 1_800_000_000_000;
const HOUR = 3_600_000;
export const SECRET = 'a secret that is long enough for tests';

/** The real service over stores in memory, behind the real app, with a clock that stands still until it is moved. */
export async function testApp(changed: Partial<AppParts> = {}, service: Partial<VideosParts> = {}) {
  const time = { now: START };
  const clock = { now: () => time.now, sleep: systemClock.sleep };
  const store = createMemoryStore();
  const artifacts = watched(createMemoryArtifacts());
  const ids = createIds(clock);
  const allow = readAllowList('');
  const lines: { readonly level: string; readonly facts: object; readonly message: string }[] = [];
  const write = (level: string) => (facts: object, message: string) => void lines.push({ level, facts, message });
  const log = { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') };
  const observed: Readonly<Record<string, string>>[] = [];
  const meter = {
    count: () => undefined,
    observe: (_name: string, _seconds: number, labels: Readonly<Record<string, string>> = {}) =>
      void observed.push(labels),
  };
  const backend = testBackend();
  const bell = createCountedBell(createBell(log));
  const disk = { check: async () => undefined };
  const files = createFiles({ files: store.files, artifacts, clock, ids, disk, policy: DEFAULT_POLICY });
  const sent: { readonly url: string; readonly post: Post }[] = [];
  const poster: Poster = {
    check: (url) => void checkUrl(url, 'public', allow),
    async post(url, post) {
      sent.push({ url, post });
      return { status: 200, retryAfterMs: undefined };
    },
  };
  const endpoints = endpointsOf({ store, clock, ids, bell, poster }, undefined);
  const videos = createVideos({
    acceptCallback: endpoints.acceptCallback,
    checkCallback: endpoints.checkCallback,
    ledger: store.ledger,
    preparer: createFakePreparer(),
    sample: async () => png(1280, 720),
    videos: store.videos,
    events: store.events,
    files,
    artifacts,
    fetcher: {
      check: (url, trust) => void checkUrl(url, trust, allow),
      fetch: async () => ({ bytes: png(1280, 720), type: 'image/png' }),
    },
    clock,
    ids,
    bell,
    meter,
    policy: DEFAULT_POLICY,
    disk,
    slotsOf: () => 1,
    router: { route: () => backend },
    log,
    ...service,
  });
  const keys = createKeys({ store: store.keys, clock, ids, fixedKey: undefined });
  const readiness: { found: readonly Readiness[] } = { found: [{ name: 'store', ready: true }] };
  const audit = createAudit({ store: store.audit, clock, ids });
  const parts: AppParts = {
    audit,
    owners: createOwners(store.keys, store.ledger, clock),
    usage: createUsageBooks(store.ledger, store.keys, clock),
    prices: service.prices ?? { currency: 'USD', perSecond: {} },
    videos,
    files,
    endpoints,
    keys,
    signer: createUrlSigner([{ kid: 'a', secret: SECRET }]),
    clock,
    log,
    meter,
    models: () =>
      MODELS.map((model) => ({
        model,
        backend: backend.name,
        capabilities: backend.capabilities,
        backends: [{ name: backend.name, capabilities: backend.capabilities }],
      })),
    modelAliases: { 'sora-2': 'wan2.2-kf2v-flash' },
    corsOrigins: [],
    dialects: ['openai', 'dashscope', 'openrouter'],
    publicUrl: () => 'http://127.0.0.1:8080',
    renderMetrics: async () => '# nothing yet\n',
    readiness: async () => readiness.found,
    limits: DEFAULT_LIMITS,
    // Long enough to see the first message of a stream, short enough that no test waits for its end.
    timeouts: { ...DEFAULT_TIMEOUTS, streamMs: 30 },
    trustProxy: false,
    version: '0.1.0',
    examples: { curl: (url) => `curl ${url}/v1/videos -d '<&>'` },
    ...changed,
  };
  const app: FastifyInstance = createApp(parts);
  const keyOf = async (owner: string, scopes?: readonly Scope[], limits?: KeyLimits) =>
    (await keys.create({ owner: owner as OwnerId, name: 'test', scopes, limits })).secret;

  /** Writes a video as a worker would. */
  async function step(id: string, change: (video: Video, now: number) => Video): Promise<Video> {
    const video = await store.videos.find(id as VideoId);
    if (video === undefined) throw new Error(`no ${id}`);
    const next = change(video, time.now);
    const written = await store.videos.swap(video, next, { event: eventOf(video, next) });
    if (written === 'stale') throw new Error('stale');
    bell.ring(`video:${written.id}`);
    return written;
  }
  const put = (key: string, bytes: Uint8Array, type: string): Promise<Artifact> => artifacts.put(key, { bytes }, type);

  const worker = {
    async queue(id: string): Promise<Video> {
      const [first, last] = await Promise.all(
        ['first', 'last'].map((role) => put(`videos/${id}/${role}.png`, png(1280, 720), 'image/png')),
      );
      if (first === undefined || last === undefined) throw new Error('unreachable');
      const prepared = { width: 1280, height: 720, first, last };
      return step(id, (video, now) => admit(video, prepared, [], now, DEFAULT_POLICY));
    },
    async run(id: string, fraction = 0): Promise<Video> {
      await worker.queue(id);
      await step(id, (video, now) => begin(video, now, DEFAULT_POLICY, false));
      time.now += 10_000;
      return step(id, (video, now) => advance(video, fraction, 'generating', now, DEFAULT_POLICY));
    },
    async succeed(id: string, bytes: Uint8Array = mp4(), report = {}): Promise<Video> {
      await worker.run(id, 0.5);
      const video = await put(`videos/${id}/1/video.mp4`, bytes, 'video/mp4');
      const lastFrame = await put(`videos/${id}/1/last.png`, png(1280, 720), 'image/png');
      const facts = { width: 1280, height: 720, fps: 30, frames: 150, durationMs: 5_000 };
      const result = { video, thumbnail: null, lastFrame, facts, report, actualPrompt: '' };
      return step(id, (found, now) => succeed(found, result, now, DEFAULT_POLICY));
    },
    fail: (id: string) =>
      step(id, (video, now) => fail(video, new Fault('timeout', 'It took too long.'), now, DEFAULT_POLICY)),
    expire: (id: string) => step(id, (video, now) => expire(video, now)),
  };

  return {
    app,
    parts,
    store,
    artifacts,
    backend,
    bell,
    sent,
    worker,
    readiness,
    lines,
    observed,
    keyOf,
    alice: await keyOf('alice'),
    bob: await keyOf('bob'),
    advance(ms: number) {
      time.now += ms;
    },
    [Symbol.asyncDispose]: async () => app.close(),
  };
}

export type TestApp = Awaited<ReturnType<typeof testApp>>;
export const ONE_HOUR = HOUR;

/** An artifact store whose next readings can be watched and broken. */
function watched(inner: ArtifactStore) {
  const signals: AbortSignal[] = [];
  return {
    ...inner,
    signals,
    open: async (...[key, range, signal]: Parameters<ArtifactStore['open']>) => {
      if (signal !== undefined) signals.push(signal);
      return inner.open(key, range, signal);
    },
  };
}

/** A bell that knows how many listen. */
function createCountedBell(inner: Bell): Bell & { listeners(): number } {
  let count = 0;
  return {
    ring: (topic) => inner.ring(topic),
    listen(topic, listener) {
      const deafen = inner.listen(topic, listener);
      count += 1;
      return () => {
        count -= 1;
        deafen();
      };
    },
    listeners: () => count,
  };
}

function testBackend(): Backend {
  return {
    name: 'renderer',
    slots: 1,
    capabilities: {
      ready: true,
      problems: [],
      sizes: ['480P', '720P', '1080P'],
      billed: false,
      canLookUp: false,
      cancel: 'stops',
      honoursSeed: true,
      honoursNegativePrompt: false,
      watermarks: false,
      generative: false,
    },
    async probe() {
      return this.capabilities;
    },
    generate() {
      throw new Error('nothing is generated in these tests');
    },
  };
}

/** A picture as far as its header: enough for everything that is checked before the answer. */
export function png(width: number, height: number): Uint8Array {
  const bytes = Buffer.alloc(64);
  Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13]).copy(bytes);
  bytes.write('IHDR', 12, 'latin1');
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  bytes.set([8, 2, 0, 0, 0], 24);
  return bytes;
}

/** Bytes that stand for a video; each differs from its neighbours, so that a range shows where it was cut. */
export function mp4(length = 1000): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index % 251);
}

/** The least ask there is. */
export const ASK = { model: 'wan2.2-kf2v-flash', images: ['sample_first', 'sample_last'] };

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
