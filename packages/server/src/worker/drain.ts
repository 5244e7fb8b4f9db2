import type { Attempt, Json } from '../domain/attempt.ts';
import { awaitEnd, drainLater, endDrain, foundOperation, keepLate } from '../domain/draining.ts';
import { Fault } from '../domain/fault.ts';
import type { WorkerId } from '../domain/id.ts';
import type { Policy } from '../domain/policy.ts';
import type { PreparedFrames } from '../domain/result.ts';
import { attemptKey, freesSlot, type Video } from '../domain/video.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Backend, BackendEvent, StopAnswer } from '../ports/backend.ts';
import type { Media } from '../ports/media.ts';
import type { VideoStore } from '../ports/store.ts';
import { askOf } from './ask.ts';
import { type Chain, createChain, Superseded } from './chain.ts';
import { createHeld } from './held.ts';
import { createLane, type LaneParts } from './lane.ts';
import type { Part } from './part.ts';
import type { BookingParts } from './upstream-cost.ts';
import type { Watch } from './watch.ts';
import { within } from './within.ts';

export interface DrainParts extends LaneParts, BookingParts {
  readonly worker: WorkerId;
  readonly store: VideoStore;
  readonly artifacts: ArtifactStore;
  readonly media: Media;
  readonly backends: Readonly<Record<string, Backend>>;
  readonly policy: Policy;
  readonly watch: Watch;
  readonly concurrency: number;
}

const IDLE_MS = 2_000;
/** How long one question to a peer may take, and when it is asked again after no answer. */
const ASK_MS = 30_000;
const AGAIN_MS = 10_000;

/** A deleted video keeps nothing of its frames; to resume an operation none are needed. */
const NOTHING = { key: '', bytes: 0, sha256: '', type: 'image/png' };
const NO_FRAMES: PreparedFrames = { width: 0, height: 0, first: NOTHING, last: NOTHING };

/**
 * Lane `drain`: what goes on at a peer for a video that has ended is stopped, or followed until it has really ended. Only
 * then is its attempt closed and its slot free.
 */
export function createDrainLane(parts: DrainParts): Part {
  const names = Object.keys(parts.backends);
  const slots = Object.fromEntries(names.map((name) => [name, 0]));
  const held = createHeld();
  return createLane(
    {
      name: 'drain',
      topic: 'drain',
      concurrency: parts.concurrency,
      idleMs: IDLE_MS,
      async claim(free) {
        const { worker, clock } = parts;
        const now = clock.now();
        const claimed = await parts.store.claim({ worker, lane: 'drain', limit: free, now, holding: held.ids, slots });
        return held.works(claimed, ({ video }, signal) => drainOne(parts, video, signal));
      },
      nextDue: (after) => parts.store.nextDue('drain', names, after),
    },
    parts,
  );
}

async function drainOne(parts: DrainParts, video: Video, signal: AbortSignal): Promise<void> {
  const { clock, bell, log } = parts;
  const chain = createChain(video, parts);
  const right = parts.watch.of(video.id, signal);
  try {
    await goOn(parts, chain, right.signal);
  } catch (error) {
    if (error instanceof Superseded || right.lost()) return;
    if (!signal.aborted) log.warn({ video: video.id, err: error }, 'an operation could not be followed; later again');
    await later(parts, chain, signal.aborted ? 0 : AGAIN_MS).catch(unlessSuperseded);
  } finally {
    right.close();
    if (freesSlot(chain.video)) {
      log.info({ video: video.id, ms: clock.now() - (video.completedAt ?? 0) }, 'nothing goes on at its peer any more');
      bell.ring('generate');
    }
  }
}

/** Finds out, stops and follows, as far as each is still to be done. */
async function goOn(parts: DrainParts, chain: Chain, signal: AbortSignal): Promise<void> {
  const backend = parts.backends[chain.video.backend];
  if (backend?.stop === undefined) return end(parts, chain);
  const operation = await operationOf(parts, backend, chain, signal);
  if (operation === null) return end(parts, chain);
  if (attemptOf(chain).drain === 'stop') {
    const answer = await ask(parts, signal, async (limit) => backend.stop?.(operation, limit) ?? 'unknown');
    parts.meter.count('inbetween_stops_total', { backend: backend.name, answer });
    if (answer === 'stopped') return end(parts, chain);
    if (answer === 'unknown') return later(parts, chain, AGAIN_MS);
    await chain.write((current) => awaitEnd(current, parts.clock.now()));
  }
  await follow(parts, backend, chain, signal);
}

/** The operation as it is known, or as the peer finds it; null: there is none that anybody could know of. */
async function operationOf(parts: DrainParts, backend: Backend, chain: Chain, signal: AbortSignal): Promise<Json> {
  const attempt = attemptOf(chain);
  if (attempt.operation !== null || backend.lookUp === undefined) return attempt.operation;
  const found = await ask(parts, signal, async (limit) => backend.lookUp?.(attempt.id, limit));
  if (found === undefined) return null;
  await chain.write((current) => foundOperation(current, found, parts.clock.now()));
  return found;
}

/** Follows the operation to its end, whatever that is; only a late result that was paid for is kept. */
async function follow(parts: DrainParts, backend: Backend, chain: Chain, signal: AbortSignal): Promise<void> {
  const attempt = attemptOf(chain);
  const prepared = chain.video.prepared ?? NO_FRAMES;
  let isMade = false;
  try {
    const resultWanted = attempt.drain === 'result';
    const ask = { ...askOf(parts.artifacts, chain.video, attempt, prepared), resultWanted };
    for await (const event of backend.generate(ask, signal)) {
      signal.throwIfAborted();
      if (event.type !== 'finished') continue;
      return await keep(parts, chain, attempt, event, signal);
    }
    isMade = true;
  } catch (error) {
    // The peer says that it failed or forgot it: that is an end as well.
    if (!(error instanceof Fault) || error.attemptGoesOn || signal.aborted) throw error;
  }
  await chain.write((current) => endDrain(current, parts.clock.now()), isMade ? made(parts) : slotOf);
}

async function keep(
  parts: DrainParts,
  chain: Chain,
  attempt: Attempt,
  finished: Extract<BackendEvent, { type: 'finished' }>,
  signal: AbortSignal,
): Promise<void> {
  const { artifacts, media, clock, policy, log } = parts;
  try {
    const { width, height, fps, frames, durationMs } = await media.inspect(finished.video.path, signal);
    const video = await artifacts.put(attemptKey(attempt, 'late.mp4'), finished.video, 'video/mp4', signal);
    const late = { video, facts: { width, height, fps, frames, durationMs } };
    await chain.write((current) => keepLate(current, late, clock.now(), policy), made(parts));
    log.warn({ video: chain.video.id, key: video.key }, 'a result came after its deadline; kept for the operator');
    parts.bell.ring(`video:${chain.video.id}`);
  } catch (error) {
    if (error instanceof Superseded) throw error;
    // Storing can be tried again while the peer still has it.
    throw new Fault('internal_error', 'A late result could not be kept.', { attemptGoesOn: true, cause: error });
  }
}

function ask<T extends StopAnswer | Json | undefined>(
  { clock }: DrainParts,
  signal: AbortSignal,
  question: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  return within(clock, ASK_MS, signal, question);
}

async function end(parts: DrainParts, chain: Chain): Promise<void> {
  await chain.write((current) => endDrain(current, parts.clock.now()), slotOf);
}

async function later(parts: DrainParts, chain: Chain, afterMs: number): Promise<void> {
  await chain.write((current) => drainLater(current, afterMs, parts.clock.now()));
}

function attemptOf({ video }: Chain): Attempt {
  if (video.attempt === null) throw new Error(`${video.id} drains without an attempt`);
  return video.attempt;
}

function unlessSuperseded(error: unknown): void {
  if (!(error instanceof Superseded)) throw error;
}

const slotOf = (next: Video) => ({ freeSlot: freesSlot(next) });
/** The peer made it after all, and charges for it. */
const made = (parts: DrainParts) => (next: Video) => ({
  ...slotOf(next),
  upstreamCost: parts.upstreamCost?.(next),
});
