import type { Clock } from '../../../ports/clock.ts';

/** How a peer is spoken to: pauses and limits in milliseconds. */
export interface Rhythm {
  /** Before the first look and between two looks. */
  readonly everyMs: number;
  /** The longest pause while looks fail. */
  readonly failingMs: number;
  /** One look, one question, one stop. */
  readonly requestMs: number;
  /** One start, uploads included. */
  readonly startMs: number;
  /** One download of a result. */
  readonly downloadMs: number;
  /** How long a peer that is full or cannot be reached is asked again before another backend gets the video. */
  readonly acceptMs: number;
  /** How long a result that cannot be downloaded is asked for again in one go. */
  readonly resultMs: number;
  /** What one video takes by and by, for peers that tell no progress. */
  readonly usualMs: number;
}

const MINUTE = 60_000;

export const DEFAULT_RHYTHM: Rhythm = {
  everyMs: 5_000,
  failingMs: MINUTE,
  requestMs: 30_000,
  startMs: 2 * MINUTE,
  downloadMs: 10 * MINUTE,
  acceptMs: 2 * MINUTE,
  resultMs: 15 * MINUTE,
  usualMs: 3 * MINUTE,
};

/** The pause after so many failures in a row: doubling, at most `failingMs`. */
export function pauseAfter(failures: number, { everyMs, failingMs }: Rhythm): number {
  return Math.min(failingMs, everyMs * 2 ** Math.max(0, failures - 1));
}

/** Sleeps, then rejects if the signal aborted meanwhile. */
export async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal);
  signal.throwIfAborted();
}

/** Runs one call under a limit; when the limit ends it, `onTimeout` says what that means. */
export async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
  onTimeout: (cause: unknown) => Error,
): Promise<T> {
  const limit = new AbortController();
  const done = new AbortController();
  void clock.sleep(ms, done.signal).then(() => {
    if (!done.signal.aborted) limit.abort(new Error(`no end within ${ms} ms`));
  });
  try {
    signal.throwIfAborted();
    return await untilAborted(run(AbortSignal.any([signal, limit.signal])), [signal, limit.signal]);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (limit.signal.aborted) throw onTimeout(error);
    throw error;
  } finally {
    done.abort();
  }
}

/** The promise, or a rejection as soon as one of the signals aborts, even when the callee does not listen. */
export async function untilAborted<T>(promise: Promise<T>, signals: readonly AbortSignal[]): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const any = AbortSignal.any([...signals]);
  const stop = () => reject(any.reason);
  any.addEventListener('abort', stop, { once: true });
  if (any.aborted) stop();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    any.removeEventListener('abort', stop);
    // Whoever lost the race must not become an unhandled rejection.
    promise.catch(() => {});
  }
}
