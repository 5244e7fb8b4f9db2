import type { Attempt } from '../domain/attempt.ts';
import { asFault, Fault } from '../domain/fault.ts';
import type { WorkerId } from '../domain/id.ts';
import type { Policy } from '../domain/policy.ts';
import type { Artifact, PreparedFrames, Result } from '../domain/result.ts';
import { advance, afterFault, afterLoss, begin, fail, giveBackFrom, remember, succeed } from '../domain/transitions.ts';
import { attemptKey, hasOpenOperation, type Video } from '../domain/video.ts';
import type { ArtifactStore, ByteSource } from '../ports/artifacts.ts';
import type { Backend, BackendEvent } from '../ports/backend.ts';
import type { Media } from '../ports/media.ts';
import type { Claimed, VideoStore } from '../ports/store.ts';
import { type Chain, createChain, Superseded } from './chain.ts';
import { createLane, type LaneParts, type Work } from './lane.ts';
import type { Part } from './part.ts';
import { watchRight } from './right.ts';

export interface GenerateParts extends LaneParts {
  readonly worker: WorkerId;
  readonly store: VideoStore;
  readonly artifacts: ArtifactStore;
  readonly media: Media;
  readonly backends: Readonly<Record<string, Backend>>;
  readonly policy: Policy;
  readonly concurrency: number;
}

const IDLE_MS = 2_000;
/** Progress is written at most this often. */
const PROGRESS_EVERY_MS = 2_000;

/** Lane `generate`: runs or resumes one attempt of each claimed video on its backend, and makes the result ours. */
export function createGenerateLane(parts: GenerateParts): Part {
  const slots = Object.fromEntries(Object.values(parts.backends).map((backend) => [backend.name, backend.slots]));
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
          slots,
        });
        return claimed.map(
          (claim): Work =>
            (signal) =>
              generateOne(parts, claim, signal),
        );
      },
      nextDue: (after) => parts.store.nextDue('generate', Object.keys(slots), after),
    },
    parts,
  );
}

/** Works on one claimed video until it is finished, waits for its next try, or is somebody else's. */
async function generateOne(parts: GenerateParts, { video, takenOver }: Claimed, signal: AbortSignal): Promise<void> {
  const { clock, policy, bell } = parts;
  const chain = createChain(video, parts);
  const backend = parts.backends[video.backend];
  try {
    if (takenOver) {
      const traits = backend?.capabilities ?? { billed: true, canLookUp: false };
      await chain.write((current) => afterLoss(current, traits, clock.now(), policy), slotOf);
      bell.ring('generate');
      return;
    }
    if (backend === undefined) {
      await chain.write(
        (current) =>
          fail(
            current,
            new Fault('backend_unavailable', 'The service that was to make this video is no longer configured.'),
            clock.now(),
            policy,
          ),
        slotOf,
      );
      return;
    }
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
  const { attempt, prepared } = await openAttempt(parts, backend, chain);
  const right = watchRight(chain.video.id, parts, signal);
  const startedAt = clock.now();
  try {
    const finished = await drive(parts, backend, chain, attempt, prepared, right.signal);
    const result = await keep(parts, chain, attempt, finished, right.signal);
    const done = await chain.write((current) => succeed(current, result, clock.now(), policy), slotOf);
    meter.observe('inbetween_attempt_seconds', (clock.now() - startedAt) / 1000, { backend: backend.name });
    log.info({ video: done.id, backend: backend.name, ms: clock.now() - startedAt }, 'succeeded');
  } catch (error) {
    if (error instanceof Superseded || right.lost()) throw new Superseded(`${chain.video.id} is not ours any more`);
    await endBadly(parts, backend, chain, error, signal);
  } finally {
    right.close();
  }
}

/** A saved operation is resumed; anything else begins a new attempt. */
async function openAttempt(
  parts: GenerateParts,
  backend: Backend,
  chain: Chain,
): Promise<{ attempt: Attempt; prepared: PreparedFrames }> {
  const known = chain.video.attempt;
  if (known === null || known.state !== 'open' || known.operation === null) {
    const begun = await chain.write((current) => begin(current, parts.clock.now(), parts.policy));
    parts.meter.count('inbetween_attempts_total', { backend: backend.name });
    if (begun.tries.begun === 1)
      parts.meter.observe('inbetween_queue_seconds', (begun.updatedAt - begun.createdAt) / 1000);
    parts.bell.ring(`video:${begun.id}`);
  }
  const { attempt, prepared } = chain.video;
  if (attempt === null || prepared === null) throw new Error(`${chain.video.id} runs without an attempt or frames`);
  return { attempt, prepared };
}

type Finished = Extract<BackendEvent, { type: 'finished' }> & { readonly release: () => Promise<void> };

/** Follows the backend's events to the finished one, saving the operation before anything else and progress now and then. */
async function drive(
  parts: GenerateParts,
  backend: Backend,
  chain: Chain,
  attempt: Attempt,
  prepared: PreparedFrames,
  signal: AbortSignal,
): Promise<Finished> {
  const { clock } = parts;
  const events = backend
    .generate(
      {
        attempt: attempt.id,
        video: chain.video.id,
        generation: chain.video.generation,
        prepared,
        frames: { first: lazily(parts.artifacts, prepared.first), last: lazily(parts.artifacts, prepared.last) },
        operation: attempt.operation,
      },
      signal,
    )
    [Symbol.asyncIterator]();
  const release = async () => {
    await events.return?.();
  };
  let handedOver = false;
  try {
    let writtenAt = clock.now();
    for (;;) {
      const { done, value } = await events.next();
      signal.throwIfAborted();
      if (done === true) throw new Fault('backend_failed', 'The renderer ended without a video.');
      switch (value.type) {
        case 'operation-started':
          await chain.write((current) => remember(current, value.operation, clock.now()));
          break;
        case 'progress': {
          const phaseChanged = value.phase !== chain.video.phase;
          if (!phaseChanged && clock.now() - writtenAt < PROGRESS_EVERY_MS) break;
          writtenAt = clock.now();
          await chain.write((current) => advance(current, value.fraction, value.phase, clock.now()));
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

/** Checks the finished file and copies it and its stills into our own storage, under keys that name the attempt. */
async function keep(
  parts: GenerateParts,
  chain: Chain,
  attempt: Attempt,
  finished: Finished,
  signal: AbortSignal,
): Promise<Result> {
  const { artifacts, media, clock } = parts;
  try {
    await chain.write((current) => advance(current, current.progress, 'storing', clock.now()));
    const { width, height, fps, frames, durationMs } = await media.inspect(finished.video.path, signal);
    const put = (name: string, type: string, file: ByteSource) =>
      artifacts.put(attemptKey(attempt, name), file, type, signal);
    const optional = async (name: string, type: string, file: ByteSource | undefined): Promise<Artifact | null> =>
      file === undefined ? null : put(name, type, file);
    return {
      video: await put('video.mp4', 'video/mp4', finished.video),
      thumbnail: await optional('thumbnail.webp', 'image/webp', finished.thumbnail),
      lastFrame: await optional('last_frame.png', 'image/png', finished.lastFrame),
      facts: { width, height, fps, frames, durationMs },
      report: finished.report,
      // A backend that rewrites prompts says so; any other used it as it was.
      actualPrompt: finished.actualPrompt ?? chain.video.generation.prompt,
    };
  } finally {
    await finished.release();
  }
}

async function endBadly(
  parts: GenerateParts,
  backend: Backend,
  chain: Chain,
  error: unknown,
  signal: AbortSignal,
): Promise<void> {
  const { clock, policy, log, meter } = parts;
  if (signal.aborted) {
    await chain.write((current) => giveBackFrom(current, backend.capabilities, clock.now(), policy), slotOf);
    return;
  }
  const fault = asFault(error);
  meter.count('inbetween_attempt_faults_total', { backend: backend.name, code: fault.code });
  const next = await chain.write((current) => afterFault(current, fault, clock.now(), policy), slotOf);
  log.warn(
    { video: next.id, backend: backend.name, code: fault.code, status: next.status, err: fault.cause ?? fault },
    'an attempt failed',
  );
}

/** The frame is opened when the backend reads it, not before. */
function lazily(artifacts: ArtifactStore, artifact: Artifact): ByteSource {
  return {
    stream: (async function* () {
      const opened = await artifacts.open(artifact.key);
      if (opened === undefined) throw new Fault('internal_error', 'A prepared frame is missing from storage.');
      yield* opened.stream;
    })(),
  };
}

/** The slot is free again unless work goes on at the peer. */
const slotOf = (next: Video) => ({ freeSlot: !hasOpenOperation(next) });
