/** The numbers a video's life is governed by. All of them are settings; these are the defaults. */
export interface Policy {
  /** Attempts that may end in a backend's fault before the video fails. */
  readonly maxFaults: number;
  /** Workers that may be lost before the video fails. */
  readonly maxLost: number;
  /** Lost workers that cause no back-off. */
  readonly freeLost: number;
  /** First back-off; doubles with each further fault up to `maxBackoffMs`. */
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
  readonly pendingDeadlineMs: number;
  readonly queuedDeadlineMs: number;
  /** Of one attempt, by backend; `'*'` for the others. */
  readonly runningDeadlineMs: Readonly<Record<string, number>>;
  /** Of an attempt that tells progress: how long it may go without more of it, by backend; `'*'` for the others. */
  readonly stallMs: Readonly<Record<string, number>>;
  /** How long a peer that was asked to stop is followed after the video's deadline. */
  readonly stopLimitMs: number;
  /** How long a paid operation is followed after its video failed with `timeout`. */
  readonly lateLimitMs: number;
  /** How long a late result is kept for the operator. */
  readonly lateTtlMs: number;
  /** How long results and frames are kept; undefined: for ever. */
  readonly resultTtlMs: number | undefined;
  /** How long a finished video's row is kept; undefined: for ever. */
  readonly rowTtlMs: number | undefined;
  /** How long an uploaded file is kept, unless its owner said how long; undefined: until it is deleted. */
  readonly fileTtlMs: number | undefined;
  /** An idempotency key is kept as long as its video and at least this. */
  readonly idempotencyTtlMs: number;
  /**
   * `release`: only videos that succeed cost anything. `accepted`: a video that is cancelled after a peer has accepted it,
   * or may have, is charged like one that succeeded.
   */
  readonly cancelCharge: 'release' | 'accepted';
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const DEFAULT_POLICY: Policy = {
  maxFaults: 3,
  maxLost: 20,
  freeLost: 5,
  backoffMs: 2_000,
  maxBackoffMs: 60_000,
  pendingDeadlineMs: 2 * MINUTE,
  queuedDeadlineMs: 24 * HOUR,
  runningDeadlineMs: { renderer: 10 * MINUTE, '*': 2 * HOUR },
  stallMs: { '*': 15 * MINUTE },
  stopLimitMs: HOUR,
  lateLimitMs: 24 * HOUR,
  lateTtlMs: 7 * 24 * HOUR,
  resultTtlMs: undefined,
  rowTtlMs: undefined,
  fileTtlMs: undefined,
  idempotencyTtlMs: 24 * HOUR,
  cancelCharge: 'release',
};
