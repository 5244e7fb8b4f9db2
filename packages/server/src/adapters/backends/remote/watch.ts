import type { Json } from '../../../domain/attempt.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { RemoteApi } from './remote-api.ts';

/** Pauses between looks, which end early when the peer has something to tell. */
export interface Watch {
  /** Rejects when the signal of the whole aborts. */
  pause(ms: number): Promise<void>;
  /** Nobody looks any more. */
  end(): void;
}

/** Listens to what a peer pushes about an operation, if it pushes anything, until `end`. */
export function watchOperation(api: RemoteApi<Json>, operation: Json, clock: Clock, signal: AbortSignal): Watch {
  const over = new AbortController();
  let woken = new AbortController();
  api.watch?.(operation, () => woken.abort(), AbortSignal.any([signal, over.signal]));
  return {
    async pause(ms) {
      await clock.sleep(ms, AbortSignal.any([signal, woken.signal]));
      signal.throwIfAborted();
      // What is told from here on asks for another look.
      woken = new AbortController();
    },
    end: () => over.abort(),
  };
}
