import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../../ports/clock.ts';

/** A longer timer would fire at once: Node keeps the time in 31 bits of milliseconds, 24.8 days. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** The time of the machine. */
export const systemClock: Clock = {
  now: () => Date.now(),

  async sleep(ms, signal) {
    for (let left = ms; left > 0 && !signal?.aborted; left -= LONGEST_TIMER) {
      // A rejection can only mean that the signal aborted, which is one of the two ways this wait ends.
      await delay(Math.min(left, LONGEST_TIMER), undefined, signal === undefined ? {} : { signal }).catch(() => {});
    }
  },
};
