import type { Clock } from '../../../packages/server/src/ports/clock.ts';

/** Time that a simulation moves, as fast as what happens in it allows. */
export interface SimulatedTime extends Clock {
  /** Moves on by `ms`; all that is due meanwhile happens in its order, each with everything that follows from it. */
  advance(ms: number): Promise<void>;
  /** Moves on at once, as for machines that slept. */
  leap(ms: number): Promise<void>;
  readonly sleepers: number;
}

interface Sleeper {
  readonly at: number;
  readonly order: number;
  wake(): void;
}

/** One turn of the event loop runs every promise that can run; two, because a few wait for a turn of their own. */
async function settle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
  await new Promise<void>((resolve) => setImmediate(resolve));
}

export function createSimulatedTime(start: number): SimulatedTime {
  let now = start;
  let order = 0;
  const sleepers = new Set<Sleeper>();

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
        const wake = () => {
          sleepers.delete(sleeper);
          signal?.removeEventListener('abort', wake);
          resolve();
        };
        order += 1;
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
    get sleepers() {
      return sleepers.size;
    },
  };
}
