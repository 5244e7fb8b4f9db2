import { Fault } from '../domain/fault.ts';
import type { Clock } from '../ports/clock.ts';
import type { VideoStore } from '../ports/store.ts';
import type { Forecast } from './forecast.ts';

/** Says no before a video is accepted that would wait behind too many others. */
export interface QueueGuard {
  /** @throws Fault `queue_full` with the time after which there will be room */
  check(backend: string, slots: number): Promise<void>;
  /** When one of those that wait will probably have begun. */
  retryAfterMs(backend: string, slots?: number): Promise<number>;
  /** One more waits; counted until the store is asked again. */
  accepted(): void;
}

/** How long one count is believed. */
const LOOK_MS = 1_000;
const RETRY_LEAST_MS = 2_000;
const RETRY_MOST_MS = 600_000;
const RETRY_UNKNOWN_MS = 30_000;

/** @param limit videos that may wait for their first attempt, over all owners; undefined: any number */
export function createQueueGuard(
  store: Pick<VideoStore, 'waiting'>,
  forecast: Forecast,
  clock: Clock,
  limit: number | undefined,
): QueueGuard {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let look: Promise<number> = Promise.resolve(0);
  let since = 0;
  async function retryAfterMs(backend: string, slots = 1): Promise<number> {
    const usual = await forecast.usualMs(backend);
    if (usual === undefined) return RETRY_UNKNOWN_MS;
    return Math.ceil(Math.min(RETRY_MOST_MS, Math.max(RETRY_LEAST_MS, usual / slots)));
  }
  return {
    retryAfterMs,
    async check(backend, slots) {
      if (limit === undefined) return;
      if (clock.now() - lookedAt > LOOK_MS) {
        lookedAt = clock.now();
        since = 0;
        look = store.waiting();
        // The next ask looks again.
        look.catch(() => (lookedAt = Number.NEGATIVE_INFINITY));
      }
      if ((await look) + since < limit) return;
      throw new Fault(
        'queue_full',
        `The queue is full: ${limit} videos wait already. Nothing was stored; try again later.`,
        { retryAfterMs: await retryAfterMs(backend, slots) },
      );
    },
    accepted() {
      since += 1;
    },
  };
}
