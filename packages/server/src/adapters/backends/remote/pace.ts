import type { Clock } from '../../../ports/clock.ts';
import { untilAborted } from './rhythm.ts';

/**
 * Spaces the looks of one process at a backend's operations, so that the whole fleet stays below what the peer takes a
 * second. Each process uses the share of what it follows; so with many open videos the time between two looks at one grows
 * to all that are open ÷ the peer's limit, and what is resumed all at once after a restart is looked at one by one.
 */
export interface Pace {
  /** Resolves when the next look may go out; rejects when the signal aborts. */
  pass(signal: AbortSignal): Promise<void>;
}

export interface PaceParts {
  readonly clock: Clock;
  /** Looks a second of the whole fleet; undefined: as they come. */
  readonly perSecond: number | undefined;
  /** Operations that this process follows. */
  here(): number;
  /** Operations that all processes follow, as far as it is known. */
  everywhere(): number;
}

/** What is followed here grows quickly at a start, so a long gap is reckoned anew now and then. */
const RECKON_MS = 1_000;

export function createPace({ clock, perSecond, here, everywhere }: PaceParts): Pace {
  let lastAt = Number.NEGATIVE_INFINITY;
  /** Resolves when the last one in the row has gone. */
  let row = Promise.resolve();

  function gapMs(limit: number): number {
    const own = Math.max(1, here());
    return (1_000 / limit) * (Math.max(own, everywhere()) / own);
  }

  async function turn(limit: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const [now, gap] = [clock.now(), gapMs(limit)];
      const lateMs = now - (lastAt + gap);
      if (lateMs >= 0) {
        // A timer that was a little late does not make all that follow late.
        lastAt = lateMs < gap ? lastAt + gap : now;
        return;
      }
      await clock.sleep(Math.min(-lateMs, RECKON_MS), signal);
    }
  }

  return {
    async pass(signal) {
      signal.throwIfAborted();
      if (perSecond === undefined) return;
      const mine = row.then(() => turn(perSecond, signal));
      // Who leaves the row does not stop those behind.
      row = mine.catch(() => undefined);
      await untilAborted(mine, [signal]);
    },
  };
}
