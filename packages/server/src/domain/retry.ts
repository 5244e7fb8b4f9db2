import type { Tries } from './attempt.ts';
import type { Fault } from './fault.ts';
import type { Policy } from './policy.ts';

/** What to do after a fault or a lost worker. */
export type RetryDecision = { readonly retry: true; readonly afterMs: number } | { readonly retry: false };

/**
 * The one retry rule: a retryable fault is tried again with doubling back-off until `maxFaults` attempts have failed.
 *
 * @param otherwise the next attempt asks for something else, so that it may succeed where this one could not
 */
export function afterFaultDecision(fault: Fault, tries: Tries, policy: Policy, otherwise = false): RetryDecision {
  if (!(fault.retryable || otherwise) || tries.faults >= policy.maxFaults) return { retry: false };
  return { retry: true, afterMs: fault.retryAfterMs ?? backoff(tries.faults, policy) };
}

/**
 * Whether a fault is one of the few that a video may meet. That our own storage is away says nothing about the video; that
 * it is full counts only against what would be made anew.
 *
 * @param kept the peer still has what it made
 */
export function isCounted({ code }: Fault, kept: boolean): boolean {
  return code !== 'storage_unavailable' && !(code === 'storage_full' && kept);
}

/**
 * A lost worker says little about the video: the first few losses cost nothing, then each waits longer, so that a video
 * that kills its worker does not take the whole fleet down before it is given up.
 */
export function afterLossDecision(tries: Tries, policy: Policy): RetryDecision {
  if (tries.lost > policy.maxLost) return { retry: false };
  const beyondFree = tries.lost - policy.freeLost;
  return { retry: true, afterMs: beyondFree > 0 ? backoff(beyondFree, policy) : 0 };
}

/** The pause after so many in a row: doubling from `backoffMs` to `maxBackoffMs`. */
export function backoff(count: number, policy: Policy): number {
  return Math.min(policy.maxBackoffMs, policy.backoffMs * 2 ** Math.max(0, count - 1));
}
