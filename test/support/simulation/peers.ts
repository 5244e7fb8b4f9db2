import type { Json } from '../../../packages/server/src/domain/attempt.ts';
import { Fault } from '../../../packages/server/src/domain/fault.ts';
import type { Backend, BackendEvent, Capabilities, GenerateAsk } from '../../../packages/server/src/ports/backend.ts';
import type { FakeClock } from '../clock.ts';
import type { Chance } from './random.ts';

/** One thing a peer accepted, in the peer's own books. */
export interface PeerOperation {
  readonly backend: string;
  readonly video: string;
  readonly attempt: string;
  readonly acceptedAt: number;
  readonly endsAt: number;
  readonly good: boolean;
  stopped: boolean;
}

/** How badly peers and children behave now; all 0: perfectly. */
export interface Mischief {
  refuse: number;
  /** Accepted, and the answer lost. */
  unheard: number;
  /** Sent, and neither accepted nor answered. */
  unsent: number;
  poll: number;
  /** Ends in a failure. */
  fail: number;
  /** Does not end for a very long time. */
  hang: number;
  stop: number;
  lookUp: number;
}

export interface PeerTraits {
  readonly name: string;
  readonly slots: number;
  readonly billed: boolean;
  readonly canLookUp: boolean;
  readonly cancel: 'stops' | 'ignores';
  readonly remote: boolean;
}

export interface Peers {
  readonly books: PeerOperation[];
  /** Called with each operation before it is entered. */
  onCreate: (operation: PeerOperation) => void;
  /**
   * The backends as one process sees them; `gate` lets nothing through that the process no longer does, and `tmp`
   * is its own folder.
   */
  backendsOf(gate: () => Promise<void>, tmp: string): Readonly<Record<string, Backend>>;
}

interface PeersParts {
  readonly traits: readonly PeerTraits[];
  readonly chance: Chance;
  readonly time: FakeClock;
  readonly mischief: Mischief;
  readonly files: Map<string, Uint8Array>;
}

const POLL_MS = 5_000;
const HANG_MS = 3 * 3_600_000;

export function createPeers(parts: PeersParts): Peers {
  const books: PeerOperation[] = [];
  const peers: Peers = {
    books,
    onCreate: () => undefined,
    backendsOf: (gate, tmp) =>
      Object.fromEntries(
        parts.traits.map((traits) => [traits.name, backendOf({ ...parts, peers, tmp }, traits, gate)]),
      ),
  };
  return peers;
}

type Parts = PeersParts & { readonly peers: Peers; readonly tmp: string };

/** What a peer has ended, in whatever way, by now. */
export function isOver(operation: PeerOperation, now: number): boolean {
  return operation.stopped || now >= operation.endsAt;
}

function backendOf(parts: Parts, traits: PeerTraits, gate: () => Promise<void>): Backend {
  const capabilities: Capabilities = {
    ready: true,
    problems: [],
    sizes: ['480P', '720P', '1080P'],
    billed: traits.billed,
    canLookUp: traits.canLookUp,
    cancel: traits.cancel,
    honoursSeed: true,
    honoursNegativePrompt: true,
    watermarks: false,
    generative: traits.remote,
  };
  const { chance, time, mischief, peers } = parts;
  const operationOf = (json: Json) => peers.books[Number((json as { n: number }).n)];
  const remote = {
    async stop(json: Json) {
      await gate();
      await time.sleep(chance.between(0, 2_000));
      await gate();
      const operation = operationOf(json);
      if (chance.happens(mischief.stop)) return 'unknown' as const;
      if (operation === undefined || isOver(operation, time.now())) return 'stopped' as const;
      if (traits.cancel === 'ignores') return 'goes_on' as const;
      operation.stopped = true;
      return 'stopped' as const;
    },
    ...(traits.canLookUp
      ? {
          async lookUp(attempt: string) {
            await gate();
            await time.sleep(chance.between(0, 2_000));
            await gate();
            if (chance.happens(mischief.lookUp)) throw new Fault('backend_unavailable', 'The peer does not answer.');
            const n = peers.books.findIndex((operation) => operation.attempt === attempt);
            return n === -1 ? undefined : { n };
          },
        }
      : {}),
  };
  return {
    name: traits.name,
    slots: traits.slots,
    capabilities,
    probe: async () => capabilities,
    ...(traits.remote ? remote : {}),
    async *generate(ask, signal) {
      const folder = `${parts.tmp}/${ask.attempt}/`;
      try {
        yield* traits.remote ? remotely(parts, traits, ask, signal, gate) : locally(parts, ask, signal, gate);
      } finally {
        for (const path of parts.files.keys()) if (path.startsWith(folder)) parts.files.delete(path);
      }
    },
  };
}

async function* locally(
  parts: Parts,
  ask: GenerateAsk,
  signal: AbortSignal,
  gate: () => Promise<void>,
): AsyncGenerator<BackendEvent> {
  const { chance, time, mischief } = parts;
  const hangs = chance.happens(mischief.hang);
  const steps = chance.between(1, 5);
  for (let step = 1; step <= steps; step += 1) {
    await time.sleep(hangs ? HANG_MS : chance.between(10, 6_000), signal);
    await gate();
    signal.throwIfAborted();
    if (chance.happens(mischief.fail / steps)) throw new Fault('backend_failed', 'The child process crashed.');
    yield { type: 'progress', fraction: step / (steps + 1), phase: 'generating' };
  }
  yield finished(parts, ask);
}

async function* remotely(
  parts: Parts,
  traits: PeerTraits,
  ask: GenerateAsk,
  signal: AbortSignal,
  gate: () => Promise<void>,
): AsyncGenerator<BackendEvent> {
  const { chance, time, mischief, peers } = parts;
  signal.throwIfAborted();
  let n = ask.operation === null ? undefined : Number((ask.operation as { n: number }).n);
  if (n === undefined) {
    n = await submit(parts, traits, ask, gate);
    yield { type: 'operation-started', operation: { n } };
  }
  const operation = peers.books[n];
  if (operation === undefined) throw new Fault('backend_failed', 'The peer knows nothing of it.');
  for (;;) {
    signal.throwIfAborted();
    await gate();
    if (chance.happens(mischief.poll))
      throw new Fault('backend_unavailable', 'The peer has not answered for long.', { attemptGoesOn: true });
    if (operation.stopped) throw new Fault('backend_failed', 'The peer stopped it.');
    if (time.now() >= operation.endsAt) break;
    const share = (time.now() - operation.acceptedAt) / (operation.endsAt - operation.acceptedAt);
    yield { type: 'progress', fraction: share, phase: share < 0.2 ? 'upstream_queued' : 'generating' };
    await time.sleep(Math.min(POLL_MS, operation.endsAt - time.now()), signal);
  }
  if (!operation.good) throw new Fault('backend_failed', 'The peer failed.');
  await time.sleep(chance.between(0, 1_000), signal);
  await gate();
  signal.throwIfAborted();
  yield finished(parts, ask);
}

/** Not to be aborted: what left must be heard of. */
async function submit(parts: Parts, traits: PeerTraits, ask: GenerateAsk, gate: () => Promise<void>): Promise<number> {
  const { chance, time, mischief, peers } = parts;
  await gate();
  await time.sleep(chance.between(0, 3_000));
  await gate();
  await ask.stillOurs?.();
  if (chance.happens(mischief.refuse)) throw new Fault('backend_failed', 'The peer refused.');
  const lost = new Fault('backend_unavailable', 'The connection broke.', { attemptGoesOn: true });
  if (chance.happens(mischief.unsent)) throw lost;
  const acceptedAt = time.now();
  const operation: PeerOperation = {
    backend: traits.name,
    video: ask.video,
    attempt: ask.attempt,
    acceptedAt,
    endsAt: acceptedAt + (chance.happens(mischief.hang) ? HANG_MS : chance.between(500, 40_000)),
    good: !chance.happens(mischief.fail),
    stopped: false,
  };
  peers.onCreate(operation);
  const n = peers.books.push(operation) - 1;
  await time.sleep(chance.between(0, 500));
  await gate();
  if (chance.happens(mischief.unheard)) throw lost;
  return n;
}

function finished({ files, tmp }: Parts, ask: GenerateAsk): BackendEvent {
  const put = (file: string) => {
    const path = `${tmp}/${ask.attempt}/${file}`;
    files.set(path, Buffer.from(`${file} of ${ask.attempt}`));
    return { path };
  };
  return { type: 'finished', video: put('video.mp4'), lastFrame: put('last_frame.png'), report: {} };
}
