/** Time, passed in so that tests can move it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Resolves after `ms`, or at once when `signal` aborts; never rejects, so a wait needs no catch. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
