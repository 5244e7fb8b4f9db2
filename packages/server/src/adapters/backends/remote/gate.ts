import type { Clock } from '../../../ports/clock.ts';
import type { Rate } from '../../../ports/rate.ts';

/**
 * Paces the starts of one backend over the whole fleet. Starts only: a backend's limits on queries are far above what we
 * ask.
 */
export interface StartGate {
  /** Resolves when the next start may go out; rejects when the signal aborts. */
  pass(signal: AbortSignal): Promise<void>;
  /** The peer said that it had too many: nothing goes out for so long. */
  holdOff(ms: number): Promise<void>;
}

/** A gate for one process: `perSecond` starts at most, evenly spaced; undefined: as they come. */
export function createLocalGate(clock: Clock, perSecond: number | undefined): StartGate {
  const gapMs = perSecond === undefined ? 0 : 1_000 / perSecond;
  let nextAt = 0;
  return {
    async pass(signal) {
      for (;;) {
        signal.throwIfAborted();
        const now = clock.now();
        if (now >= nextAt) {
          nextAt = now + gapMs;
          return;
        }
        await clock.sleep(nextAt - now, signal);
      }
    },
    async holdOff(ms) {
      nextAt = Math.max(nextAt, clock.now() + ms);
    },
  };
}

/** A gate for the whole fleet, which keeps its row of starts in the store. `holdOff` is this process's own. */
export function createStoreGate(rate: Rate, clock: Clock, backend: string, perSecond: number | undefined): StartGate {
  let heldUntil = 0;
  return {
    async pass(signal) {
      while (clock.now() < heldUntil) {
        await clock.sleep(heldUntil - clock.now(), signal);
        signal.throwIfAborted();
      }
      signal.throwIfAborted();
      if (perSecond === undefined) return;
      const waitMs = await rate.take(backend, clock.now(), perSecond);
      if (waitMs > 0) await clock.sleep(waitMs, signal);
      signal.throwIfAborted();
    },
    async holdOff(ms) {
      heldUntil = Math.max(heldUntil, clock.now() + ms);
    },
  };
}
