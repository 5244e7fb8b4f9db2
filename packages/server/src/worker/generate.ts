import type { Attempt, Json } from '../domain/attempt.ts';
import { strayRefusal } from '../domain/draining.ts';
import { asFault, Fault } from '../domain/fault.ts';
import type { WorkerId } from '../domain/id.ts';
import type { Policy } from '../domain/policy.ts';
import type { Artifact, PreparedFrames, Result } from '../domain/result.ts';
import { backoff } from '../domain/retry.ts';
import {
  advance,
  afterFault,
  afterLoss,
  begin,
  giveBackFrom,
  passOn,
  postpone,
  remember,
  succeed,
} from '../domain/transitions.ts';
import { attemptKey, freesSlot, hasOpenOperation, type Video } from '../domain/video.ts';
import type { ArtifactStore, ByteSource } from '../ports/artifacts.ts';
import { type Backend, type BackendEvent, isRemote } from '../ports/backend.ts';
import type { Media } from '../ports/media.ts';
import type { Provenance } from '../ports/provenance.ts';
import type { Router } from '../ports/router.ts';
import type { BackendState, Claimed, VideoStore } from '../ports/store.ts';
import { askOf } from './ask.ts';
import { type Chain, createChain, Superseded } from './chain.ts';
import { createHeld, type Held } from './held.ts';
import { createLane, type LaneParts } from './lane.ts';
import type { Part } from './part.ts';
import { signResult } from './sign-result.ts';
import { simulating } from './simulated.ts';
import { amend, recordStray } from './stray.ts';
import type { BookingParts } from './upstream-cost.ts';
import type { Watch } from './watch.ts';
import { within } from './within.ts';

export interface GenerateParts extends LaneParts, BookingParts {
  readonly worker: WorkerId;
  readonly store: VideoStore;
  readonly artifacts: ArtifactStore;
  readonly media: Media;
  /** Signs what is finished; absent: nothing is signed. */
  readonly provenance?: Provenance | undefined;
  readonly backends: Readonly<Record<string, Backend>>;
  readonly policy: Policy;
  readonly watch: Watch;
  /** What operators say about a backend. */
  stateOf(backend: string): BackendState;
  readonly router: Pick<Router, 'other'>;
  readonly concurrency: number;
}

const IDLE_MS = 2_000;
/** Progress is written at most this often. */
const PROGRESS_EVERY_MS = 2_000;
/** How long a peer may take to say whether it knows an attempt, and when it is asked again. */
const LOOK_UP_MS = 60_000;
const LOOK_UP_AGAIN_MS = 10_000;

/** Lane `generate`: runs or resumes one attempt of each claimed video on its backend, and makes the result ours. */
export function createGenerateLane(parts: GenerateParts): Part {
  const names = Object.keys(parts.backends);
  const held = createHeld();
  return createLane(
    {
      name: 'generate',
      topic: 'generate',
      concurrency: parts.concurrency,
      idleMs: IDLE_MS,
      async claim(free) {
        const claimed = await parts.store.claim({
          worker: parts.worker,
          lane: 'generate',
          limit: free,
          now: parts.clock.now(),
          holding: held.ids,
          room: roomOn(parts.backends, held),
          slots: slotsOf(parts),
        });
        return held.works(claimed, (claim, signal) => generateOne(parts, claim, signal));
      },
      nextDue: (after) => parts.store.nextDue('generate', names, after),
    },
    parts,
  );
}

/** What is left of the places of those backends that have their own number of them on this machine. */
function roomOn(backends: GenerateParts['backends'], held: Held): Readonly<Record<string, number>> {
  const rooms: Record<string, number> = {};
  for (const { name, slotsHere } of Object.values(backends))
    if (slotsHere !== undefined) rooms[name] = Math.max(0, slotsHere - held.of(name));
  return rooms;
}

/** Of a paused backend none: what holds a slot goes on, and nothing begins. */
function slotsOf({ backends, stateOf }: GenerateParts): Record<string, number> {
  return Object.fromEntries(
    Object.values(backends).map(({ name, slots }) => [name, stateOf(name) === 'paused' ? 0 : slots]),
  );
}

/** Works on one claimed video until it is finished, waits for its next try, or is somebody else's. */
async function generateOne(parts: GenerateParts, { video, takenOver }: Claimed, signal: AbortSignal): Promise<void> {
  const { clock, policy, bell } = parts;
  const chain = createChain(video, parts);
  const configured = parts.backends[video.backend];
  const backend = configured && simulating(configured, video.generation.simulation, clock);
  try {
    if (takenOver) {
      const traits = backend?.capabilities ?? { billed: true, canLookUp: false };
      await chain.write((current) => afterLoss(current, traits, clock.now(), policy), slotOf);
      return;
    }
    if (backend === undefined) throw new Error(`${video.id} was claimed for ${video.backend}, which is not here`);
    await runAttempt(parts, backend, chain, signal);
  } catch (error) {
    if (!(error instanceof Superseded)) throw error;
    parts.log.info({ video: video.id }, 'somebody else wrote the video; this worker let go of it');
  } finally {
    bell.ring(`video:${video.id}`);
    bell.ring('generate');
  }
}

async function runAttempt(parts: GenerateParts, backend: Backend, chain: Chain, signal: AbortSignal): Promise<void> {
  const { clock, policy, log, meter } = parts;
  const right = parts.watch.of(chain.video.id, signal);
  const startedAt = clock.now();
  try {
    const opened = await openAttempt(parts, backend, chain, right.signal);
    if (opened === undefined) return;
    const finished = await drive(parts, backend, chain, opened, right.signal);
    const result = await keep(parts, backend, chain, opened.attempt, finished, right.signal);
    const { warnings } = finished;
    const done = await chain.write(
      (current) => succeed(current, result, clock.now(), policy, warnings),
      (next) => ({ ...slotOf(next), upstreamCost: parts.upstreamCost?.(next) }),
    );
    meter.observe('inbetween_attempt_seconds', (clock.now() - startedAt) / 1000, { backend: backend.name });
    log.info({ video: done.id, backend: backend.name, ms: clock.now() - startedAt }, 'succeeded');
  } catch (error) {
    if (error instanceof Superseded || right.lost()) await letGo(parts, backend, chain, error);
    await endBadly(parts, backend, chain, error, signal);
  } finally {
    right.close();
  }
}

/** The video is somebody else's now. A refusal by the peer is still worth telling: the slot need not wait for it. */
async function letGo(parts: GenerateParts, backend: Backend, chain: Chain, error: unknown): Promise<never> {
  const { id, attempt } = chain.video;
  if (attempt?.state === 'submitting' && isOver(backend, error))
    await amend(parts, id, (video) => strayRefusal(video, attempt.id, parts.clock.now()), { freeSlot: true });
  throw error instanceof Superseded ? error : new Superseded(`${id} is not ours any more`);
}

interface Opened {
  readonly attempt: Attempt;
  readonly prepared: PreparedFrames;
}

/**
 * A saved operation is resumed, and one that may have been accepted is looked up; anything else begins a new attempt.
 * Undefined: the peer cannot tell now, and is asked again later.
 */
async function openAttempt(
  parts: GenerateParts,
  backend: Backend,
  chain: Chain,
  signal: AbortSignal,
): Promise<Opened | undefined> {
  if (chain.video.attempt?.state === 'submitting' && backend.lookUp !== undefined) {
    if ((await lookUp(parts, backend, chain, signal)) === 'later') return undefined;
  } else if (chain.video.attempt?.state === 'submitting' && backend.capabilities.billed)
    throw new Fault('backend_unavailable', 'Nobody knows whether it was accepted.', { attemptGoesOn: true });
  if (!hasOpenOperation(chain.video)) {
    const remote = isRemote(backend);
    const begun = await chain.write((current) => begin(current, parts.clock.now(), parts.policy, remote));
    parts.meter.count('inbetween_attempts_total', { backend: backend.name });
    if (begun.tries.begun === 1)
      parts.meter.observe('inbetween_queue_seconds', (begun.updatedAt - begun.createdAt) / 1000);
    parts.bell.ring(`video:${begun.id}`);
  }
  const { attempt, prepared } = chain.video;
  if (attempt === null || prepared === null) throw new Error(`${chain.video.id} runs without an attempt or frames`);
  return { attempt, prepared };
}

/** Asks the peer whether it accepted an attempt whose answer was lost. Until it tells, the attempt is never begun again. */
async function lookUp(
  parts: GenerateParts,
  backend: Backend,
  chain: Chain,
  signal: AbortSignal,
): Promise<'known' | 'later'> {
  const { clock, log } = parts;
  const { id, attempt } = chain.video;
  let operation: Json | undefined;
  try {
    operation = await within(clock, LOOK_UP_MS, signal, async (limit) => backend.lookUp?.(attempt?.id ?? '', limit));
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ video: id, backend: backend.name, err: error }, 'a peer cannot say whether it accepted an attempt');
    await chain.write((current) => postpone(current, LOOK_UP_AGAIN_MS, clock.now()), slotOf);
    return 'later';
  }
  log.info({ video: id, backend: backend.name, found: operation !== undefined }, 'looked up an attempt');
  if (operation !== undefined) {
    const found = operation;
    await chain.write((current) => remember(current, found, clock.now()));
  }
  return 'known';
}

type Finished = Extract<BackendEvent, { type: 'finished' }> & { readonly release: () => Promise<void> };

/** Follows the backend's events to the finished one, saving the operation before anything else and progress now and then. */
async function drive(
  parts: GenerateParts,
  backend: Backend,
  chain: Chain,
  { attempt, prepared }: Opened,
  signal: AbortSignal,
): Promise<Finished> {
  const { clock, policy } = parts;
  const ask = {
    ...askOf(parts.artifacts, chain.video, attempt, prepared),
    stillOurs: stillOurs(parts, chain, attempt),
  };
  const events = backend.generate(ask, signal)[Symbol.asyncIterator]();
  const release = async () => {
    await events.return?.();
  };
  let handedOver = false;
  try {
    let writtenAt = clock.now();
    let told = -1;
    for (;;) {
      const { done, value } = await events.next();
      // What a peer accepted is written down even by a worker that is told to stop, or has lost the video.
      if (done !== true && value.type === 'operation-started')
        await saveOperation(parts, backend, chain, value.operation);
      signal.throwIfAborted();
      if (done === true) throw new Fault('backend_failed', 'The renderer ended without a video.');
      switch (value.type) {
        case 'operation-started':
          break;
        case 'progress': {
          const phaseChanged = value.phase !== chain.video.phase;
          // Of five thousand open videos most tell nothing new at a look.
          // The first word of one that tells progress counts even when it is "none yet": from then on it must tell some.
          const known = Math.max(told, value.estimated === true ? 0 : -1);
          if (!phaseChanged && (value.fraction <= known || clock.now() - writtenAt < PROGRESS_EVERY_MS)) break;
          writtenAt = clock.now();
          told = value.fraction;
          await chain.write((current) =>
            advance(current, value.fraction, value.phase, clock.now(), policy, value.estimated),
          );
          parts.bell.ring(`video:${chain.video.id}`);
          break;
        }
        case 'finished':
          handedOver = true;
          return { ...value, release };
      }
    }
  } finally {
    if (!handedOver) await release();
  }
}

/** Asks the store itself: what this process believes may be long out of date. */
function stillOurs({ store, worker }: GenerateParts, chain: Chain, attempt: Attempt): () => Promise<void> {
  return async () => {
    const seen = await store.find(chain.video.id);
    if (seen?.worker !== worker || seen.attempt?.id !== attempt.id)
      throw new Superseded(`${chain.video.id} is not ours any more`);
  };
}

async function saveOperation(parts: GenerateParts, backend: Backend, chain: Chain, operation: Json): Promise<void> {
  const { attempt } = chain.video;
  try {
    await chain.write((current) => remember(current, operation, parts.clock.now()));
  } catch (error) {
    if (error instanceof Superseded && attempt !== null)
      await recordStray(parts, backend, chain.video, attempt.id, operation);
    throw error;
  }
}

/** Checks the finished file and copies it and its stills into our own storage, under keys that name the attempt. */
async function keep(
  parts: GenerateParts,
  backend: Backend,
  chain: Chain,
  attempt: Attempt,
  unsigned: Finished,
  signal: AbortSignal,
): Promise<Result> {
  const { artifacts, media, clock, policy } = parts;
  try {
    await chain.write((current) => advance(current, attempt.fraction, 'storing', clock.now(), policy));
    const finished = await signResult(parts.provenance, chain.video.id, backend, unsigned, signal);
    const { width, height, fps, frames, durationMs } = await media.inspect(finished.video.path, signal);
    const put = (name: string, type: string, file: ByteSource) =>
      artifacts.put(attemptKey(attempt, name), file, type, signal);
    const optional = async (name: string, type: string, file: ByteSource | undefined): Promise<Artifact | null> =>
      file === undefined ? null : put(name, type, file);
    return {
      video: await put('video.mp4', 'video/mp4', finished.video),
      thumbnail: await optional('thumbnail.webp', 'image/webp', finished.thumbnail),
      spritesheet: await optional('spritesheet.webp', 'image/webp', finished.spritesheet),
      lastFrame: await optional('last_frame.png', 'image/png', finished.lastFrame),
      facts: { width, height, fps, frames, durationMs },
      report: finished.report,
      // A backend that rewrites prompts says so; any other used it as it was.
      actualPrompt: finished.actualPrompt ?? chain.video.generation.prompt,
    };
  } catch (error) {
    throw error instanceof Superseded ? error : onOurSide(error);
  } finally {
    await unsigned.release();
  }
}

/** What went wrong with a finished video on our side: a peer still has it, so it is fetched again and never paid twice. */
function onOurSide(error: unknown): Fault {
  const { code, message, retryAfterMs } = asFault(error);
  const when = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new Fault(code, message, { ...when, attemptGoesOn: true, cause: error });
}

async function endBadly(
  parts: GenerateParts,
  backend: Backend,
  chain: Chain,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const { clock, policy, log, meter } = parts;
  const traits = backend.capabilities;
  if (signal.aborted && !isOver(backend, error)) {
    await chain.write((current) => giveBackFrom(current, traits, clock.now(), policy), slotOf);
    return;
  }
  const fault = asFault(error);
  meter.count('inbetween_attempt_faults_total', { backend: backend.name, code: fault.code });
  const elsewhere = nextPlace(parts, backend, chain.video, fault);
  const next = await chain.write((current) => {
    const now = clock.now();
    if (elsewhere !== undefined) return passOn(current, elsewhere.backend, elsewhere.afterMs, now);
    return afterFault(current, fault, traits, now, policy);
  }, slotOf);
  if (!freesSlot(next)) parts.bell.ring('drain');
  log.warn(
    { video: next.id, backend: backend.name, code: fault.code, status: next.status, err: fault.cause ?? fault },
    'an attempt failed',
  );
}

/**
 * Where a video goes that a remote backend refused before it accepted anything, for a reason of its own. Undefined: that is
 * an end like any other fault. A backend that is away keeps its videos waiting, as long as a video may wait at all.
 */
function nextPlace(
  { router, clock, policy }: GenerateParts,
  backend: Backend,
  video: Video,
  fault: Fault,
): { readonly backend: string; readonly afterMs: number } | undefined {
  const ofItsOwn = fault.code === 'backend_unavailable' || fault.code === 'backend_misconfigured';
  if (!isRemote(backend) || !ofItsOwn || fault.attemptGoesOn || hasOpenOperation(video)) return undefined;
  if (clock.now() - video.createdAt >= policy.queuedDeadlineMs) return undefined;
  const { model, size } = video.generation;
  const other = router.other({ model, size, pixels: video.prepared ?? undefined }, backend.name);
  // With several backends that all refuse, each round waits longer.
  const afterMs = fault.retryAfterMs ?? backoff(Math.ceil(video.tries.begun / 2), policy);
  if (other !== undefined) return { backend: other.name, afterMs: video.tries.begun <= 2 ? 0 : afterMs };
  return fault.code === 'backend_unavailable' ? { backend: backend.name, afterMs } : undefined;
}

/** A peer said that the attempt is over. From a local backend that is aborted, a fault is only its way of ending. */
function isOver(backend: Backend, error: unknown): boolean {
  return isRemote(backend) && error instanceof Fault && !error.attemptGoesOn;
}

/** The slot is free again unless work goes on at the peer, or may. */
const slotOf = (next: Video) => ({ freeSlot: freesSlot(next) });
