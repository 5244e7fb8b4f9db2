import type { WorkerId } from '../domain/id.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { WorkerStore } from '../ports/store.ts';
import type { Part } from './part.ts';

interface HeartParts {
  readonly store: WorkerStore;
  readonly clock: Clock;
  readonly log: Log;
  /** A worker that has not renewed for this long is lost, and others take over its videos. */
  readonly termMs: number;
}

/** Says every third of the term that this worker lives: one write for all the videos it holds. */
export function createHeart(worker: WorkerId, { store, clock, log, termMs }: HeartParts): Part {
  const stopping = new AbortController();
  let loop: Promise<void> = Promise.resolve();

  async function beat(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.sleep(termMs / 3, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        await store.renew(worker, clock.now() + termMs);
      } catch (error) {
        // Writes of a worker that others believe lost are refused by the version, so nothing else is needed here.
        log.error({ worker, err: error }, 'could not renew the worker');
      }
    }
  }

  return {
    name: 'heart',
    async start() {
      await store.renew(worker, clock.now() + termMs);
      loop = beat();
    },
    async stop() {
      stopping.abort();
      await loop;
      await store.remove(worker);
    },
  };
}
