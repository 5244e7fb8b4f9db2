import type { Caller } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import { left, type Taken, take } from '../domain/rate-limit.ts';

/** What a caller may still do, and when it may do all of it again. */
export type RateLeft = Pick<Taken, 'remaining' | 'resetMs'>;

/** How often each key did something lately. In memory: a key's rate is looked at by every request, and is no promise. */
export interface Rates {
  /** Undefined when nothing limits the caller. */
  take(caller: Caller, perMinute: number | undefined): Taken | undefined;
  /** The same, without taking anything. */
  left(caller: Caller, perMinute: number | undefined): RateLeft | undefined;
}

/** Keys that are counted at once; those that have nothing left to pay for are forgotten first. */
const KEYS_MAX = 10_000;

export function createRates(clock: { now(): number }): Rates {
  const used = new Map<string, number>();

  function forget(now: number): void {
    for (const [key, until] of used) if (until <= now) used.delete(key);
    if (used.size >= KEYS_MAX) used.clear();
  }

  return {
    take({ apiKey }, perMinute) {
      if (perMinute === undefined || apiKey === null) return undefined;
      const now = clock.now();
      if (used.size >= KEYS_MAX && !used.has(apiKey)) forget(now);
      const taken = take(used.get(apiKey), perMinute, now);
      used.set(apiKey, taken.usedUntil);
      return taken;
    },
    left({ apiKey }, perMinute) {
      if (perMinute === undefined || apiKey === null) return undefined;
      return left(used.get(apiKey), perMinute, clock.now());
    },
  };
}

/** @throws Fault `rate_limited` when the caller must wait */
export function insist(taken: Taken | undefined, what: string, perMinute: number | undefined): void {
  if (taken === undefined || taken.allowed) return;
  throw new Fault('rate_limited', `This API key may ${what} ${perMinute} times a minute. Wait, then try again.`, {
    retryAfterMs: taken.retryAfterMs,
  });
}
