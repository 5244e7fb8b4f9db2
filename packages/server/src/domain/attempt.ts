/** Anything that survives a trip through JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * One try on one backend.
 *
 * `submitting`: the backend was called and has not yet told us its operation; a crash now leaves it unknown whether a
 * remote peer accepted. `open`: the operation is saved (or the backend is local and needs none). `closed`: over.
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
  /** Last time the fraction grew; the stall deadline counts from here. */
  readonly progressedAt: number;
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
