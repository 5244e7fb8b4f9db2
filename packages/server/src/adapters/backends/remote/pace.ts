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
/** A process that was busy for so long at most makes up for it, so that it loses none of its share. */
const CREDIT_MS = 250;

export function createPace({ clock, perSecond, here, everywhere }: PaceParts): Pace {
  let lastAt = Number.NEGATIVE_INFINITY;
  /** Resolves when the last one in the row has gone. */
  let row = Promise.resolve();
  let inRow = 0;

  function gapMs(limit: number): number {
    const own = Math.max(1, here());
    return (1_000 / limit) * (Math.max(own, everywhere()) / own);
  }

  async function turn(limit: number, hadToWait: boolean, signal: AbortSignal): Promise<void> {
    for (let waited = hadToWait; ; waited = true) {
      signal.throwIfAborted();
      const [now, gap] = [clock.now(), gapMs(limit)];
      const waitMs = lastAt + gap - now;
      if (waitMs <= 0) {
        lastAt = waited ? Math.max(lastAt + gap, now - CREDIT_MS) : now;
        return;
      }
      await clock.sleep(Math.min(waitMs, RECKON_MS), signal);
    }
  }

  return {
    async pass(signal) {
      signal.throwIfAborted();
      if (perSecond === undefined) return;
      const behind = inRow > 0;
      inRow += 1;
      const mine = row.then(() => turn(perSecond, behind, signal));
      // Who leaves the row does not stop those behind.
      row = mine
        .catch(() => undefined)
        .then(() => {
          inRow -= 1;
        });
      await untilAborted(mine, [signal]);
    },
  };
}
