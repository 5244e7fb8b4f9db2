/** Anything that survives a trip through JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * What is still to be done at the peer for a video that has ended. `stop`: the peer is to be asked to end it. `end`: it was
 * asked and goes on, so its end is awaited. `result`: it is let go on, because it is paid for, and its late result is kept
 * for the operator.
 */
export type Drain = 'stop' | 'end' | 'result';

/**
 * One try on one backend.
 *
 * `submitting`: a remote backend was called and has not yet told us its operation; a crash now leaves it unknown whether
 * the peer accepted. `open`: the operation is saved (or the backend is local and needs none). `closed`: over. An attempt
 * that is not closed holds its slot, whatever its video's status.
 */
export interface Attempt {
  /** `<video id>.<number>`; names the attempt's slot, folder and files. */
  readonly id: string;
  /** From 1. */
  readonly number: number;
  readonly backend: string;
  readonly state: 'submitting' | 'open' | 'closed';
  /** A remote peer's handle of work in progress, opaque to everyone but its adapter. */
  readonly operation: Json;
  readonly startedAt: number;
  /** Largest fraction that this attempt has told, 0..1. */
  readonly fraction: number;
  /** Last time the fraction grew; the stall deadline counts from here. */
  readonly progressedAt: number;
  /** Null while its video lives, and when nothing is left to do. */
  readonly drain: Drain | null;
}

/** How the bounds on attempts are used up. */
export interface Tries {
  /** Attempts begun. */
  readonly begun: number;
  /** Attempts that ended in a retryable fault of the backend or a crashed child. */
  readonly faults: number;
  /** Times a worker was lost while it held the video. */
  readonly lost: number;
}
