import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalGate } from '../packages/server/src/adapters/backends/remote/gate.ts';
import { opaque } from '../packages/server/src/adapters/backends/remote/instances.ts';
import type { RemoteApi } from '../packages/server/src/adapters/backends/remote/remote-api.ts';
import { createRemoteBackend } from '../packages/server/src/adapters/backends/remote/remote-backend.ts';
import { openSqliteStore } from '../packages/server/src/adapters/stores/sqlite/open.ts';
import { createBell } from '../packages/server/src/adapters/system/bell.ts';
import { systemClock } from '../packages/server/src/adapters/system/clock.ts';
import { systemIds } from '../packages/server/src/adapters/system/ids.ts';
import type { OwnerId } from '../packages/server/src/domain/id.ts';
import { DEFAULT_POLICY, type Policy } from '../packages/server/src/domain/policy.ts';
import type { VideoStore } from '../packages/server/src/ports/store.ts';
import { createBackendStates } from '../packages/server/src/worker/backend-states.ts';
import { createGenerateLane } from '../packages/server/src/worker/generate.ts';
import { createHeart } from '../packages/server/src/worker/heart.ts';
import { createWatch } from '../packages/server/src/worker/watch.ts';
import { createResultParts, insertQueued, PICTURE, QUIET_LOG, QUIET_METER, RESULT_FILE } from './fleet/parts.ts';

/**
 * Many open videos at a remote peer on one worker: what lanes and store cost while the peer works, and how often the peer is
 * asked. The peer is in this process and answers at once; the backend is the real one, and keeps the peer's cap on looks.
 *
 *   node bench/remote-open.ts [open videos, 5000] [seconds, 120]
 */
const OPEN = Number(process.argv[2] ?? 5_000);
const SECONDS = Number(process.argv[3] ?? 120);
const CAP_PER_SECOND = 100;
const FINISH_PER_SECOND = 2;
const CONFIGURED_MS = 5_000;
const INTERVAL_MS = Math.max(CONFIGURED_MS, (OPEN / CAP_PER_SECOND) * 1_000);

const folder = await mkdtemp(join(tmpdir(), 'inbetween-bench-'));
const store = await openSqliteStore(join(folder, 'store.db'));
const counts = { swaps: 0, claims: 0, finds: 0, polls: 0 };
const counted =
  <Args extends readonly unknown[], T>(name: keyof typeof counts, call: (...args: Args) => T) =>
  (...args: Args): T => {
    counts[name] += 1;
    return call(...args);
  };
const videos: VideoStore = {
  ...store.videos,
  swap: counted('swaps', store.videos.swap),
  claim: counted('claims', store.videos.claim),
  find: counted('finds', store.videos.find),
};
const policy: Policy = { ...DEFAULT_POLICY, runningDeadlineMs: { '*': 24 * 3_600_000 } };
/** When the peer finished, by attempt; and how long we took to notice. */
const endsAt = new Map<string, number>();
const latencies: number[] = [];
let begun = 0;

/** The peer, whatever its protocol; its handle is our attempt. */
const peer: RemoteApi<{ readonly attempt: string }> = {
  traits: {
    sizes: ['480P', '720P', '1080P'],
    billed: true,
    cancel: 'none',
    honoursSeed: true,
    negativePrompt: 'optional',
    watermarks: true,
    extendsPrompt: true,
    tellsProgress: false,
  },
  async start({ attempt }) {
    begun += 1;
    return { attempt: attempt.id };
  },
  async poll({ attempt }) {
    counts.polls += 1;
    if (Date.now() >= (endsAt.get(attempt) ?? Number.POSITIVE_INFINITY)) return { state: 'done', result: null };
    return { state: 'working', phase: 'generating' };
  },
  stop: async () => 'goes_on',
  fetchResult: (_operation, _result, toFile) => writeFile(toFile, 'a video'),
  probe: async () => ({ problems: [] }),
  readOperation: (saved) => saved as { attempt: string },
};
const check = { firstToFirst: 0, lastToLast: 0, lastToFirst: 30, inputs: 30, verdict: 'respected' } as const;
const made = RESULT_FILE.path;
const backend = createRemoteBackend({
  name: 'peer',
  instances: [{ name: 'peer', slots: OPEN, draining: false, api: opaque(peer) }],
  tmpFolder: join(folder, 'tmp'),
  rhythm: { everyMs: CONFIGURED_MS },
  gate: createLocalGate(systemClock, undefined),
  pollsPerSecond: CAP_PER_SECOND,
  openInFleet: () => states.takenOf('peer'),
  finisher: {
    finish: async () => ({
      video: made,
      thumbnail: made,
      spritesheet: made,
      lastFrame: made,
      pictures: 'kept',
      check,
    }),
  },
  rescaler: { rescale: async (frames) => frames },
  defaultNegativePrompt: '',
  clock: systemClock,
  log: QUIET_LOG,
  meter: QUIET_METER,
});

const bell = createBell(QUIET_LOG);
const worker = systemIds.worker();
const common = { worker, store: videos, clock: systemClock, log: QUIET_LOG, meter: QUIET_METER, bell, policy };
const heart = createHeart(worker, { store: store.workers, clock: systemClock, log: QUIET_LOG, termMs: 30_000 });
const states = createBackendStates({ ...common, store: store.backends, names: ['peer'] });
const resultParts = createResultParts();
// Its bytes are read when an attempt begins.
await resultParts.artifacts.put(PICTURE.key, { bytes: Buffer.from('x') }, PICTURE.type, new AbortController().signal);
const lane = createGenerateLane({
  ...common,
  ...resultParts,
  backends: { peer: backend },
  watch: createWatch(common),
  stateOf: states.stateOf,
  router: { other: () => undefined },
  concurrency: OPEN,
});

async function insert(): Promise<void> {
  await insertQueued(store.videos, systemIds.video(), `owner-${begun % 10}` as OwnerId, policy);
}

const rss = () => Math.round(process.memoryUsage.rss() / 1_048_576);
const row = (name: string, value: unknown) => console.log(`${name.padEnd(44)} ${value}`);

row('open videos, interval of looks', `${OPEN}, ${INTERVAL_MS / 1_000} s (cap ${CAP_PER_SECOND}/s)`);
let startedAt = performance.now();
for (let n = 0; n < OPEN; n += 50) await Promise.all(Array.from({ length: Math.min(50, OPEN - n) }, insert));
row('asked for and queued', `${Math.round(performance.now() - startedAt)} ms`);

await heart.start();
await states.start();
startedAt = performance.now();
await lane.start();
while (begun < OPEN) await systemClock.sleep(50);
row('all begun after', `${Math.round(performance.now() - startedAt)} ms`);
await systemClock.sleep(5_000);

// The peer finishes two a second; each is followed by a new ask.
const open = [...(await store.videos.heldBy(worker))].map((id) => `${id}.1`);
let measuring = true;
const finishing = setInterval(() => {
  const attempt = open.shift();
  if (attempt === undefined) return;
  endsAt.set(attempt, Date.now());
  const [id] = attempt.split('.');
  const deafen = bell.listen(`video:${id}`, () => {
    if (!measuring) return;
    void store.videos.find(id as never).then((video) => {
      if (video?.status !== 'succeeded') return;
      deafen();
      latencies.push(Date.now() - (endsAt.get(attempt) ?? 0));
    });
  });
  void insert().then(() => bell.ring('generate'));
}, 1_000 / FINISH_PER_SECOND);

const steps = 4;
for (let step = 1; step <= steps; step += 1) {
  const before = { ...counts };
  const cpu = process.cpuUsage();
  await systemClock.sleep((SECONDS * 1_000) / steps);
  const used = process.cpuUsage(cpu);
  const per = (name: keyof typeof counts) => ((counts[name] - before[name]) / (SECONDS / steps)).toFixed(1);
  row(
    `${Math.round((SECONDS * step) / steps)} s: writes, claims, finds, looks at peers per s`,
    `${per('swaps')}, ${per('claims')}, ${per('finds')}, ${per('polls')}; ${Math.round((used.user + used.system) / 10_000 / (SECONDS / steps))} % CPU, ${rss()} MB`,
  );
}
clearInterval(finishing);
measuring = false;
const sorted = latencies.toSorted((a, b) => a - b);
const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
row(
  `from the peer's end to ours (${sorted.length} of ${endsAt.size}; the rest is younger than an interval)`,
  `p50 ${(at(0.5) / INTERVAL_MS).toFixed(2)}, p95 ${(at(0.95) / INTERVAL_MS).toFixed(2)}, most ${(at(1) / INTERVAL_MS).toFixed(2)} intervals`,
);
await lane.stop(0);
await states.stop(0);
await heart.stop(0);
await store.close();
await rm(folder, { recursive: true });
process.exit(0);
