import type { Clock } from '../../../ports/clock.ts';
import { systemClock } from '../../system/clock.ts';

/** The time that all processes of a fleet go by. */
export interface FleetClock extends Clock {
  close(): Promise<void>;
}

interface FleetClockWish {
  /** How far the given time is at least ahead of the database's, in milliseconds; negative: behind it. */
  ahead(now: () => number): Promise<number>;
  readonly machine?: Clock;
  /** Milliseconds of a clock that nobody sets. */
  readonly steady?: () => number;
}

const ASK_EVERY_MS = 10_000;

/**
 * The database's time, carried on between two questions by a clock of this machine that only goes on. Workers tell by
 * the time whether others live: one whose machine is a minute ahead would take everything from everybody. A database that
 * does not answer changes nothing.
 */
export async function createFleetClock({
  ahead,
  machine = systemClock,
  steady = () => performance.now(),
}: FleetClockWish): Promise<FleetClock> {
  const closing = new AbortController();
  let startedAt = machine.now() - steady();
  const now = () => Math.floor(startedAt + steady());

  async function ask(): Promise<void> {
    startedAt -= await ahead(now).catch(() => 0);
  }

  async function keep(): Promise<void> {
    while (!closing.signal.aborted) {
      await machine.sleep(ASK_EVERY_MS, closing.signal);
      if (!closing.signal.aborted) await ask();
    }
  }

  await ask();
  const keeping = keep();
  return {
    now,
    sleep: machine.sleep,
    async close() {
      closing.abort();
      await keeping;
    },
  };
}
