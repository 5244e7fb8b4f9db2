import type { Json } from './attempt.ts';
import type { Policy } from './policy.ts';
import type { LateResult } from './result.ts';
import { isDraining, isTerminal, type Video } from './video.ts';

/**
 * What may happen to the attempt of a video that has ended while something goes on for it at a peer. Pure, as the
 * transitions are; the status, the result and the caller's view never change here.
 */

/** The attempt is over at the peer, or given up: nothing goes on any more. */
export function endDrain(video: Video, now: number): Video {
  const attempt = draining(video);
  return {
    ...video,
    attempt: { ...attempt, state: 'closed', drain: null },
    worker: null,
    dueAt: null,
    deadlineAt: null,
    updatedAt: now,
  };
}

/** The peer was asked to stop and goes on: its end is awaited. */
export function awaitEnd(video: Video, now: number): Video {
  return { ...video, attempt: { ...draining(video), drain: 'end' }, updatedAt: now };
}

/** The worker lets go; anyone looks again later. */
export function drainLater(video: Video, afterMs: number, now: number): Video {
  draining(video);
  return { ...video, worker: null, dueAt: now + afterMs, updatedAt: now };
}

/** What a peer finished too late is kept for the operator. */
export function keepLate(video: Video, late: Omit<LateResult, 'at' | 'until'>, now: number, policy: Policy): Video {
  return { ...endDrain(video, now), late: { ...late, at: now, until: now + policy.lateTtlMs } };
}

/** The late result's time is over. */
export function dropLate(video: Video, now: number): Video {
  return { ...video, late: null, updatedAt: now };
}

/** It was found out what the peer accepted for an attempt that was being sent when its video ended. */
export function foundOperation(video: Video, operation: Json, now: number): Video {
  const attempt = draining(video);
  return { ...video, attempt: { ...attempt, state: 'open', operation }, updatedAt: now };
}

/**
 * A worker that had lost its right to the video learned that the peer accepted its attempt after all. Undefined when the
 * row has no use for the news: the video goes on with another attempt, or knew it.
 */
export function straySubmission(
  video: Video,
  attemptId: string,
  operation: Json,
  now: number,
  policy: Policy,
): Video | undefined {
  const { attempt } = video;
  if (!isTerminal(video.status) || attempt?.id !== attemptId || attempt.operation !== null) return undefined;
  return {
    ...video,
    attempt: { ...attempt, state: 'open', operation, drain: attempt.drain ?? 'stop' },
    worker: null,
    dueAt: now,
    deadlineAt: video.deadlineAt ?? now + policy.stopLimitMs,
    updatedAt: now,
  };
}

/** The same worker learned that the peer did not accept. */
export function strayRefusal(video: Video, attemptId: string, now: number): Video | undefined {
  const { attempt } = video;
  if (!isDraining(video) || attempt?.id !== attemptId || attempt.operation !== null) return undefined;
  return endDrain(video, now);
}

function draining(video: Video): NonNullable<Video['attempt']> {
  if (!isDraining(video) || video.attempt === null) throw new Error(`${video.id} has nothing to drain`);
  return video.attempt;
}
