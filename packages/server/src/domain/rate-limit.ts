/**
 * How much of a rate is used, as one instant: when everything that was let in so far would be used up at an even pace
 * (GCRA, the "theoretical arrival time" of ATM traffic management). A caller may spend a whole minute's worth at once and
 * is then let in again one by one.
 */
export interface Taken {
  readonly allowed: boolean;
  /** To be kept for the next time. */
  readonly usedUntil: number;
  /** How many more would be let in now. */
  readonly remaining: number;
  /** When all are free again, in milliseconds from now. */
  readonly resetMs: number;
  /** When the next one would be let in; 0 when this one was. */
  readonly retryAfterMs: number;
}

const MINUTE = 60_000;

/**
 * @param usedUntil what was kept last time; undefined: nothing was used yet
 * @param perMinute at least 1
 */
export function take(usedUntil: number | undefined, perMinute: number, now: number): Taken {
  const each = MINUTE / perMinute;
  const from = Math.max(usedUntil ?? now, now);
  const allowed = from - now <= MINUTE - each;
  const until = allowed ? from + each : from;
  return {
    allowed,
    usedUntil: until,
    ...left(until, perMinute, now),
    retryAfterMs: allowed ? 0 : from - now - (MINUTE - each),
  };
}

/** What is left of a rate, without taking any of it. */
export function left(
  usedUntil: number | undefined,
  perMinute: number,
  now: number,
): Pick<Taken, 'remaining' | 'resetMs'> {
  const resetMs = Math.max(usedUntil ?? now, now) - now;
  return { remaining: Math.max(0, Math.floor((MINUTE - resetMs) / (MINUTE / perMinute) + 1e-9)), resetMs };
}
