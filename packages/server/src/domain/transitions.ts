import type { Json } from './attempt.ts';
import { Fault } from './fault.ts';
import type { FrameSource, Frames } from './frame.ts';
import type { Generation, Warning } from './generation.ts';
import { type ApiKeyId, attemptId, type OwnerId, type VideoId, type WorkerId } from './id.ts';
import type { Policy } from './policy.ts';
import type { PreparedFrames, Result } from './result.ts';
import { afterFaultDecision, afterLossDecision, type RetryDecision } from './retry.ts';
import { hasOpenOperation, isTerminal, type Phase, type Video } from './video.ts';

/**
 * What may happen to a video. Each transition is pure: the video as it was, in; the video as it shall be, out. None
 * moves a status left or touches a terminal one; asking for that is a bug, and throws.
 */

export interface Accepted {
  readonly id: VideoId;
  readonly owner: OwnerId;
  readonly apiKey: ApiKeyId | null;
  readonly generation: Generation;
  readonly sources: Frames<FrameSource>;
  readonly backend: string;
  readonly warnings: readonly Warning[];
}

/** What matters of a backend when nobody knows whether it was reached. */
export interface Peer {
  readonly billed: boolean;
  readonly canLookUp: boolean;
}

/** A checked ask becomes a video: `pending`, due at once. */
export function accept(accepted: Accepted, now: number, policy: Policy): Video {
  return {
    ...accepted,
    version: 1,
    status: 'pending',
    phase: null,
    progress: 0,
    prepared: null,
    attempt: null,
    tries: { begun: 0, faults: 0, lost: 0 },
    result: null,
    failure: null,
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    completedAt: null,
    expiresAt: null,
    expired: false,
    deletedAt: null,
    worker: null,
    dueAt: now,
    deadlineAt: now + policy.pendingDeadlineMs,
  };
}

/** A worker takes the video. Finding another worker's name on it means that worker was lost. */
export function lease(video: Video, worker: WorkerId): Video {
  live(video);
  const lost = video.worker === null ? video.tries.lost : video.tries.lost + 1;
  return { ...video, worker, tries: { ...video.tries, lost } };
}

/** The frames are being fetched and prepared. */
export function fetching(video: Video, now: number): Video {
  return { ...inStatus(video, 'pending'), phase: 'fetching', updatedAt: now };
}

/** Both frames are prepared and stored: `queued`, and free for a worker that generates. */
export function admit(
  video: Video,
  prepared: PreparedFrames,
  warnings: readonly Warning[],
  now: number,
  policy: Policy,
): Video {
  return {
    ...inStatus(video, 'pending'),
    status: 'queued',
    phase: null,
    prepared,
    sources: null,
    warnings: [...video.warnings, ...warnings],
    tries: { ...video.tries, faults: 0 },
    worker: null,
    dueAt: now,
    deadlineAt: now + policy.queuedDeadlineMs,
    updatedAt: now,
  };
}

/** An attempt begins on the video's backend: `running`. */
export function begin(video: Video, now: number, policy: Policy): Video {
  live(video);
  if (video.prepared === null) throw new Error(`${video.id} has no prepared frames`);
  const number = video.tries.begun + 1;
  const limit = policy.runningDeadlineMs[video.backend] ?? policy.runningDeadlineMs['*'] ?? 0;
  return {
    ...video,
    status: 'running',
    phase: 'generating',
    attempt: {
      id: attemptId(video.id, number),
      number,
      backend: video.backend,
      state: 'submitting',
      operation: null,
      startedAt: now,
      progressedAt: now,
    },
    tries: { ...video.tries, begun: number },
    startedAt: video.startedAt ?? now,
    deadlineAt: now + limit,
    updatedAt: now,
  };
}

/** A remote peer accepted: its handle is saved before it is polled for the first time. */
export function remember(video: Video, operation: Json, now: number): Video {
  const attempt = openAttempt(video);
  return { ...video, attempt: { ...attempt, state: 'open', operation }, updatedAt: now };
}

/** Progress of the attempt: the fraction never falls and stays below 1 until the result is ours. */
export function advance(video: Video, fraction: number, phase: Phase, now: number): Video {
  const attempt = openAttempt(video);
  // A fraction that is no number (a peer's 0/0) is not greater either, and changes nothing.
  const progress = fraction > video.progress ? Math.min(0.99, fraction) : video.progress;
  const progressedAt = progress > video.progress ? now : attempt.progressedAt;
  return { ...inStatus(video, 'running'), phase, progress, attempt: { ...attempt, progressedAt }, updatedAt: now };
}

/** The result is stored: `succeeded`. */
export function succeed(video: Video, result: Result, now: number, policy: Policy): Video {
  openAttempt(video);
  return { ...finish(inStatus(video, 'running'), now, policy), status: 'succeeded', progress: 1, result };
}

/** A fault while preparing or generating: try again later, or `failed`. */
export function afterFault(video: Video, fault: Fault, now: number, policy: Policy): Video {
  live(video);
  const counted: Video = { ...video, tries: { ...video.tries, faults: video.tries.faults + 1 } };
  return orFail(counted, afterFaultDecision(fault, counted.tries, policy), fault, now, policy);
}

/**
 * After a lease was taken over from a lost worker: go on at once, wait a little, or give the video up.
 * A billed peer that may have accepted is never asked a second time.
 */
export function afterLoss(video: Video, backend: Peer, now: number, policy: Policy): Video {
  live(video);
  if (mayHaveArrived(video, backend)) return fail(video, submissionUnknown(), now, policy);
  const fault = new Fault('worker_lost', 'The server stopped too many times while it worked on this video.');
  return orFail(video, afterLossDecision(video.tries, policy), fault, now, policy);
}

/** The worker gives the video back unfinished (shutdown): nothing is counted, anyone may take it now. */
export function giveBack(video: Video, now: number): Video {
  live(video);
  const running = video.status === 'running';
  return {
    ...closeAttemptUnlessRemote(video),
    phase: running ? 'retrying' : null,
    worker: null,
    dueAt: now,
    updatedAt: now,
  };
}

/** Gives back what was on its way to a backend: a billed peer that was being asked at that moment is not asked again. */
export function giveBackFrom(video: Video, backend: Peer, now: number, policy: Policy): Video {
  return mayHaveArrived(video, backend) ? fail(video, submissionUnknown(), now, policy) : giveBack(video, now);
}

/** The caller's cancel. Already cancelled: the same video. Otherwise finished: `already_finished`. */
export function cancel(video: Video, now: number, policy: Policy): Video {
  if (video.status === 'cancelled') return video;
  if (isTerminal(video.status)) {
    throw new Fault(
      'already_finished',
      `The video has already ${video.status}; only a video that is not finished can be cancelled.`,
    );
  }
  return { ...finish(video, now, policy), status: 'cancelled' };
}

/** Fails the video for good. */
export function fail(video: Video, fault: Fault, now: number, policy: Policy): Video {
  live(video);
  return { ...finish(video, now, policy), status: 'failed', failure: { code: fault.code, message: fault.message } };
}

/** The current state's deadline has passed. */
export function giveUp(video: Video, now: number, policy: Policy): Video {
  return fail(video, new Fault('timeout', `The video did not leave "${video.status}" in time.`), now, policy);
}

/** The files are about to go: content answers 410 from now on. */
export function expire(video: Video, now: number): Video {
  if (!isTerminal(video.status)) throw new Error(`${video.id} is ${video.status}; only a finished video expires`);
  return { ...video, expired: true, updatedAt: now };
}

/** The caller's delete: found nowhere any more, and nothing that the caller sent or got stays in the row. */
export function entomb(video: Video, now: number, policy: Policy): Video {
  const ended = isTerminal(video.status) ? video : cancel(video, now, policy);
  return {
    ...ended,
    deletedAt: now,
    updatedAt: now,
    expired: true,
    generation: { ...ended.generation, prompt: '', negativePrompt: '', tags: {} },
    sources: null,
    prepared: null,
    result: null,
    failure: null,
    warnings: [],
  };
}

function mayHaveArrived(video: Video, backend: Peer): boolean {
  return video.attempt?.state === 'submitting' && backend.billed && !backend.canLookUp;
}

function submissionUnknown(): Fault {
  return new Fault(
    'submission_unknown',
    'The server stopped while the request was being sent, and the service that makes the video cannot tell whether it arrived. It was not sent again, so that nothing is paid twice.',
  );
}

function orFail(video: Video, decision: RetryDecision, fault: Fault, now: number, policy: Policy): Video {
  if (!decision.retry) return fail(video, fault, now, policy);
  const running = video.status === 'running';
  return {
    ...closeAttemptUnlessRemote(video),
    phase: running ? 'retrying' : null,
    worker: null,
    dueAt: now + decision.afterMs,
    updatedAt: now,
  };
}

function finish(video: Video, now: number, policy: Policy): Video {
  live(video);
  return {
    ...video,
    phase: null,
    sources: null,
    attempt: video.attempt === null ? null : { ...video.attempt, state: 'closed' },
    worker: null,
    dueAt: null,
    deadlineAt: null,
    completedAt: now,
    updatedAt: now,
    expiresAt: policy.resultTtlMs === undefined ? null : now + policy.resultTtlMs,
  };
}

/** A saved operation goes on at the peer, so its attempt stays open; anything else starts over as a new attempt. */
function closeAttemptUnlessRemote(video: Video): Video {
  if (video.attempt === null || hasOpenOperation(video)) return video;
  return { ...video, attempt: { ...video.attempt, state: 'closed' } };
}

function openAttempt(video: Video): NonNullable<Video['attempt']> {
  if (video.attempt === null || video.attempt.state === 'closed') throw new Error(`${video.id} has no open attempt`);
  return video.attempt;
}

function inStatus(video: Video, status: Video['status']): Video {
  if (video.status !== status) throw new Error(`${video.id} is ${video.status}, not ${status}`);
  return video;
}

function live(video: Video): void {
  if (isTerminal(video.status)) throw new Error(`${video.id} is ${video.status}; terminal never changes`);
}
