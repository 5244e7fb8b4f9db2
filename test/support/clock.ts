import type { Clock } from '../../packages/server/src/ports/clock.ts';

/** Time that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Moves time by `ms`; each sleeper wakes at its own instant, in order, and what it does is done before the next. */
  advance(ms: number): Promise<void>;
  /** Moves time at once, as for a machine that slept: everybody who is due wakes at the end. */
  leap(ms: number): Promise<void>;
  /** Lets everything run that can run without time. */
  settle(): Promise<void>;
  /** Moves time in small steps until the condition holds; fails when it does not within `limitMs`. */
  until(what: string, holds: () => boolean | Promise<boolean>, limitMs?: number): Promise<void>;
  readonly sleepers: number;
}

/** Turns of the event loop that any chain of promises between two waits takes; measured need is under 10. Where all is in memory two suffice, and time moves many times faster. */
const TURNS = 24;
const STEP_MS = 250;
const START = Date.UTC(2026, 0, 1);

interface Sleeper {
  readonly at: number;
  readonly order: number;
  wake(): void;
}

export function createFakeClock(start: number = START, turns: number = TURNS): FakeClock {
  let now = start;
  let order = 0;
  const sleepers = new Set<Sleeper>();

  async function settle(): Promise<void> {
    for (let turn = 0; turn < turns; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  }

  function nextBy(limit: number): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of sleepers) {
      if (sleeper.at > limit) continue;
      if (next === undefined || sleeper.at < next.at || (sleeper.at === next.at && sleeper.order < next.order))
        next = sleeper;
    }
    return next;
  }

  async function advance(ms: number): Promise<void> {
    const end = now + ms;
    await settle();
    for (let next = nextBy(end); next !== undefined; next = nextBy(end)) {
      now = Math.max(now, next.at);
      next.wake();
      await settle();
    }
    now = end;
  }

  return {
    now: () => now,
    sleep(ms, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        order += 1;
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        const sleeper: Sleeper = { at: now + Math.max(0, ms), order, wake };
        sleepers.add(sleeper);
        signal?.addEventListener('abort', wake, { once: true });
      });
    },
    advance,
    async leap(ms) {
      await settle();
      now += ms;
      await advance(0);
    },
    settle,
    async until(what, holds, limitMs = 600_000) {
      const end = now + limitMs;
      await settle();
      while (!(await holds())) {
        if (now >= end) throw new Error(`after ${limitMs} ms there is still no: ${what}`);
        await advance(STEP_MS);
      }
    },
    get sleepers() {
      return sleepers.size;
    },
  };
}
