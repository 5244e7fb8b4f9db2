import type { WorkerId } from '../domain/id.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { WorkerStore } from '../ports/store.ts';
import type { Part } from './part.ts';

/** A worker that has not renewed for this long is lost, and others take over its videos. */
export const WORKER_TERM_MS = 30_000;

/** Says every third of the term that this worker lives: one write for all the videos it holds. */
export function createHeart(
  worker: WorkerId,
  { store, clock, log }: { readonly store: WorkerStore; readonly clock: Clock; readonly log: Log },
): Part {
  const stopping = new AbortController();
  let loop: Promise<void> = Promise.resolve();

  async function beat(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(WORKER_TERM_MS / 3, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        await store.renew(worker, clock.now() + WORKER_TERM_MS);
      } catch (error) {
        // Writes of a worker that others believe lost are refused by the version, so nothing else is needed here.
        log.error({ worker, err: error }, 'could not renew the worker');
      }
    }
  }

  return {
    name: 'heart',
    async start() {
      await store.renew(worker, clock.now() + WORKER_TERM_MS);
      loop = beat();
    },
    async stop() {
      stopping.abort();
      await loop;
      await store.remove(worker);
    },
  };
}
