import type { Attempt } from './attempt.ts';
import type { Policy } from './policy.ts';
import type { Phase, Video } from './video.ts';

/**
 * The one limit on silence: an attempt that tells progress while it generates must go on telling some. It is part of the
 * video's deadline, so it outlives the worker that listens; waiting in a peer's queue does not count.
 */

/** How long one attempt on this backend may take in all. */
export function runningLimit({ backend }: Pick<Video, 'backend'>, policy: Policy): number {
  return policy.runningDeadlineMs[backend] ?? policy.runningDeadlineMs['*'] ?? 0;
}

function stallLimit({ backend }: Pick<Video, 'backend'>, policy: Policy): number {
  return policy.stallMs[backend] ?? policy.stallMs['*'] ?? Number.POSITIVE_INFINITY;
}

/** When the progress of an attempt has last moved: it grew, or its peer's queue is behind it. */
export function movedAt(video: Video, attempt: Attempt, grown: boolean, phase: Phase, now: number): number {
  return grown || (phase === 'generating' && video.phase === 'upstream_queued') ? now : attempt.progressedAt;
}

/** When a running video is given up. @param tells its backend tells progress, so that silence means something */
export function deadlineOf(video: Video, attempt: Attempt, phase: Phase, tells: boolean, policy: Policy): number {
  const limit = attempt.startedAt + runningLimit(video, policy);
  return tells && phase === 'generating' ? Math.min(limit, attempt.progressedAt + stallLimit(video, policy)) : limit;
}

/** The words for a caller when a deadline has passed. */
export function timeoutWords(video: Video, policy: Policy): string {
  const { status, attempt, deadlineAt } = video;
  const stallMs = stallLimit(video, policy);
  if (status === 'running' && attempt !== null && deadlineAt === attempt.progressedAt + stallMs)
    return `The service that makes the video told no progress for ${showTime(stallMs)}.`;
  return `The video did not leave "${status}" in time.`;
}

function showTime(ms: number): string {
  return ms < 120_000 ? `${Math.round(ms / 1000)} seconds` : `${Math.round(ms / 60_000)} minutes`;
}
