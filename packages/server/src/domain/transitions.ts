import type { Drain, Json } from './attempt.ts';
import { closed } from './charge.ts';
import { Fault } from './fault.ts';
import type { Generation, Warning } from './generation.ts';
import { attemptId, type WorkerId } from './id.ts';
import { notingPrompt } from './plain-prompt.ts';
import type { Policy } from './policy.ts';
import type { PreparedFrames, Result } from './result.ts';
import { afterFaultDecision, afterLossDecision, isCounted, type RetryDecision } from './retry.ts';
import { deadlineOf, movedAt, runningLimit, timeoutWords } from './stall.ts';
import { freesSlot, hasOpenOperation, isDraining, isTerminal, type Phase, type Video } from './video.ts';

/**
 * What may happen to a video. Each transition is pure: the video as it was, in; the video as it shall be, out. None
 * moves a status left or touches a terminal one; asking for that is a bug, and throws.
 */

/** What matters of a backend when nobody knows whether it was reached. */
export interface Peer {
  readonly billed: boolean;
  readonly canLookUp: boolean;
}

/** A worker takes the video, to go on with it or to drain it. Finding another worker's name on it means that one was lost. */
export function lease(video: Video, worker: WorkerId): Video {
  if (!isDraining(video)) live(video);
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

/**
 * An attempt begins on the video's backend: `running`.
 *
 * @param remote the backend's work goes on at a peer, which has not accepted yet
 */
export function begin(video: Video, now: number, policy: Policy, remote = true): Video {
  live(video);
  if (video.prepared === null) throw new Error(`${video.id} has no prepared frames`);
  const number = video.tries.begun + 1;
  return {
    ...video,
    status: 'running',
    phase: 'generating',
    attempt: {
      id: attemptId(video.id, number),
      number,
      backend: video.backend,
      state: remote ? 'submitting' : 'open',
      operation: null,
      startedAt: now,
      fraction: 0,
      progressedAt: now,
      drain: null,
    },
    tries: { ...video.tries, begun: number },
    startedAt: video.startedAt ?? now,
    deadlineAt: now + runningLimit(video, policy),
    updatedAt: now,
  };
}

/** A remote peer accepted: its handle is saved before it is polled for the first time. */
export function remember(video: Video, operation: Json, now: number): Video {
  const attempt = openAttempt(video);
  return { ...video, attempt: { ...attempt, state: 'open', operation }, updatedAt: now };
}

/**
 * Progress of the attempt: what the caller sees never falls and stays below 1 until the result is ours. An attempt that
 * tells progress while it generates must go on telling some, or its deadline comes early.
 *
 * @param estimated the fraction is for the caller's eyes only, not a sign of life
 */
export function advance(
  video: Video,
  fraction: number,
  phase: Phase,
  now: number,
  policy: Policy,
  estimated = false,
): Video {
  const attempt = openAttempt(video);
  // A fraction that is no number (a peer's 0/0) is not greater either, and changes nothing.
  const grown = !estimated && fraction > attempt.fraction;
  const next = {
    ...attempt,
    fraction: grown ? fraction : attempt.fraction,
    progressedAt: movedAt(video, attempt, grown, phase, now),
  };
  return {
    ...inStatus(video, 'running'),
    phase,
    progress: fraction > video.progress ? Math.min(0.99, fraction) : video.progress,
    attempt: next,
    deadlineAt: deadlineOf(video, next, phase, !estimated, policy),
    updatedAt: now,
  };
}

/** The result is stored: `succeeded`. */
export function succeed(
  video: Video,
  result: Result,
  now: number,
  policy: Policy,
  warnings: readonly Warning[] = [],
): Video {
  openAttempt(video);
  const finished = finish(inStatus(video, 'running'), now, policy, null);
  const charge = closed(video.charge, true);
  return { ...finished, status: 'succeeded', progress: 1, result, charge, warnings: [...video.warnings, ...warnings] };
}

/**
 * A fault while preparing or generating: try again later, or `failed`. Unless the fault says that the attempt may go on,
 * it is over, and a retry is a new one. That our own storage does not answer says nothing about the video: it is counted
 * nowhere, and only the deadline ends the waiting.
 */
export function afterFault(video: Video, fault: Fault, backend: Peer, now: number, policy: Policy): Video {
  live(video);
  if (fault.attemptGoesOn && mayHaveArrived(video, backend)) return fail(video, submissionUnknown(), now, policy);
  const kept = fault.attemptGoesOn && canGoOn(video, backend);
  const faults = video.tries.faults + (isCounted(fault, kept) ? 1 : 0);
  const noted = notingPrompt(video, fault);
  const counted: Video = { ...noted, tries: { ...video.tries, faults } };
  const decision = afterFaultDecision(fault, counted.tries, policy, noted !== video);
  return orFail(kept ? counted : closeAttempt(counted), decision, fault, backend, now, policy);
}

/**
 * After a lease was taken over from a lost worker: go on at once, wait a little, or give the video up.
 * A billed peer that may have accepted is never asked a second time.
 */
export function afterLoss(video: Video, backend: Peer, now: number, policy: Policy): Video {
  live(video);
  if (mayHaveArrived(video, backend)) return fail(video, submissionUnknown(), now, policy);
  const fault = new Fault('worker_lost', 'The server stopped too many times while it worked on this video.');
  const left = canGoOn(video, backend) ? video : closeAttempt(video);
  return orFail(left, afterLossDecision(video.tries, policy), fault, backend, now, policy);
}

/** A worker gives the video back unfinished (shutdown, or an operator's word): nothing is counted, anyone may take it now. */
export function giveBack(video: Video, now: number): Video {
  live(video);
  return waiting(hasOpenOperation(video) ? video : closeAttempt(video), now, 0);
}

/** Gives back what was on its way to a backend: a billed peer that was being asked at that moment is not asked again. */
export function giveBackFrom(video: Video, backend: Peer, now: number, policy: Policy): Video {
  live(video);
  if (mayHaveArrived(video, backend)) return fail(video, submissionUnknown(), now, policy);
  return waiting(canGoOn(video, backend) ? video : closeAttempt(video), now, 0);
}

/** Nothing can be done right now, and nothing is counted: the attempt stays as it is, and anyone looks again later. */
export function postpone(video: Video, afterMs: number, now: number): Video {
  live(video);
  return waiting(video, now, afterMs);
}

/**
 * A backend refused before it accepted anything, for a reason that has to do with it and not with the video: another one
 * gets the video, or the same one again later. Nothing is counted.
 */
export function passOn(video: Video, backend: string, afterMs: number, now: number): Video {
  live(video);
  if (hasOpenOperation(video)) throw new Error(`${video.id} was accepted by ${video.backend} and stays there`);
  return { ...waiting(closeAttempt(video), now, afterMs), backend };
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
  const charge = closed(video.charge, policy.cancelCharge === 'accepted' && hasOpenOperation(video));
  return { ...finish(video, now, policy, 'stop'), status: 'cancelled', charge };
}

/** Fails the video for good; whatever its attempt was, it is over. */
export function fail(video: Video, fault: Fault, now: number, policy: Policy): Video {
  return failWith(video, fault, now, policy, null);
}

/** The current state's deadline has passed. A paid operation is let go on for its late result, any other is stopped. */
export function giveUp(video: Video, backend: Pick<Peer, 'billed'>, now: number, policy: Policy): Video {
  return failWith(video, new Fault('timeout', timeoutWords(video, policy)), now, policy, drainOf(backend));
}

/** The files are about to go: content answers 410 from now on. */
export function expire(video: Video, now: number): Video {
  if (!isTerminal(video.status)) throw new Error(`${video.id} is ${video.status}; only a finished video expires`);
  return { ...video, expired: true, updatedAt: now };
}

/** Files of a finished video are gone without our doing: noted once, and nothing else changes. */
export function missFiles(video: Video, now: number): Video {
  if (!isTerminal(video.status) || video.expired || video.warnings.some(({ code }) => code === 'file_missing'))
    return video;
  const warning: Warning = { code: 'file_missing', message: 'Files of this video have been lost on the server.' };
  return { ...video, warnings: [...video.warnings, warning], updatedAt: now };
}

/** The caller's delete: found nowhere any more, and nothing that the caller sent or got stays in the row. */
export function entomb(video: Video, now: number, policy: Policy): Video {
  const ended = isTerminal(video.status) ? video : cancel(video, now, policy);
  const draining = isDraining(ended) && ended.attempt !== null;
  return {
    ...ended,
    // Nobody wants the late result of a deleted video; whoever follows it lets go, and it is stopped.
    attempt: draining && ended.attempt.drain === 'result' ? { ...ended.attempt, drain: 'stop' } : ended.attempt,
    worker: null,
    dueAt: draining ? now : null,
    deletedAt: now,
    updatedAt: now,
    expired: true,
    generation: withoutWords(ended.generation),
    sources: null,
    prepared: null,
    result: null,
    late: null,
    failure: null,
    warnings: [],
  };
}

/** What was asked for, without anything the caller wrote. */
function withoutWords({ callbackUrl: _address, ...generation }: Generation): Generation {
  return { ...generation, prompt: '', negativePrompt: '', tags: {} };
}

/** A billed peer was being asked, and nobody can tell whether it accepted. */
function mayHaveArrived(video: Video, backend: Peer): boolean {
  return video.attempt?.state === 'submitting' && backend.billed && !backend.canLookUp;
}

/** The next worker goes on with the same attempt: it resumes a saved operation, or looks up whether there is one. */
function canGoOn(video: Video, backend: Peer): boolean {
  return hasOpenOperation(video) || (video.attempt?.state === 'submitting' && backend.canLookUp);
}

function submissionUnknown(): Fault {
  return new Fault(
    'submission_unknown',
    'The connection broke or the server stopped while the request was being sent, and the service that makes the video cannot tell whether it arrived. It was not sent again, so that nothing is paid twice.',
  );
}

function orFail(
  video: Video,
  decision: RetryDecision,
  fault: Fault,
  backend: Peer,
  now: number,
  policy: Policy,
): Video {
  if (!decision.retry) return failWith(video, fault, now, policy, drainOf(backend));
  return waiting(video, now, decision.afterMs);
}

/** Unleased, and due again after a while. */
function waiting(video: Video, now: number, afterMs: number): Video {
  const phase = video.status === 'running' ? 'retrying' : null;
  return { ...video, phase, worker: null, dueAt: now + afterMs, updatedAt: now };
}

/** What is paid for is let go on; what costs a machine's time for nothing is stopped. */
function drainOf({ billed }: Pick<Peer, 'billed'>): Drain {
  return billed ? 'result' : 'stop';
}

function failWith(video: Video, fault: Fault, now: number, policy: Policy, drain: Drain | null): Video {
  live(video);
  const failure = { code: fault.code, message: fault.message };
  const charge = closed(video.charge, policy.cancelCharge === 'accepted' && fault.code === 'submission_unknown');
  return { ...finish(video, now, policy, drain), status: 'failed', failure, charge };
}

/** While a worker may still be asking the peer for a video that has just ended, it is given this long to tell. */
const TELLING_MS = 60_000;

/** @param drain what to do with an attempt that goes on at a peer; null: none does */
function finish(video: Video, now: number, policy: Policy, drain: Drain | null): Video {
  live(video);
  const goesOn = drain !== null && (video.attempt?.state === 'submitting' || hasOpenOperation(video));
  const { attempt } = goesOn ? video : closeAttempt(video);
  const limit = drain === 'result' ? policy.lateLimitMs : policy.stopLimitMs;
  return {
    ...video,
    phase: null,
    sources: null,
    attempt: attempt === null ? null : { ...attempt, drain: goesOn ? drain : null },
    worker: null,
    dueAt: goesOn ? now + (attempt?.state === 'submitting' ? TELLING_MS : 0) : null,
    deadlineAt: goesOn ? Math.max(video.deadlineAt ?? 0, now + limit) : null,
    completedAt: now,
    updatedAt: now,
    expiresAt: policy.resultTtlMs === undefined ? null : now + policy.resultTtlMs,
  };
}

function closeAttempt(video: Video): Video {
  return freesSlot(video) || video.attempt === null
    ? video
    : { ...video, attempt: { ...video.attempt, state: 'closed', drain: null } };
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
