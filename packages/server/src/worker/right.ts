import type { VideoId, WorkerId } from '../domain/id.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { VideoStore } from '../ports/store.ts';

/** Looks this often whether the video is still ours, when no bell rings. */
const LOOK_EVERY_MS = 2_000;

/** The right to write one video, watched while a long step writes nothing. */
export interface Right {
  /** Aborts when the right is lost or the given signal aborts. */
  readonly signal: AbortSignal;
  lost(): boolean;
  close(): void;
}

interface RightParts {
  readonly worker: WorkerId;
  readonly store: VideoStore;
  readonly clock: Clock;
  readonly bell: Bell;
}

/** A cancel, a delete, a deadline or a successor takes our name off the row; the work then stops within a moment. */
export function watchRight(id: VideoId, { worker, store, clock, bell }: RightParts, outer: AbortSignal): Right {
  const closing = new AbortController();
  const losing = new AbortController();
  let wake = new AbortController();
  const deafen = bell.listen(`video:${id}`, () => wake.abort());

  async function watch(): Promise<void> {
    while (!closing.signal.aborted && !losing.signal.aborted) {
      wake = new AbortController();
      const { signal } = wake;
      try {
        const seen = await store.find(id);
        if (!closing.signal.aborted && seen?.worker !== worker) losing.abort();
      } catch {
        // A store that does not answer says nothing about the right; the next write will.
      }
      await clock.sleep(LOOK_EVERY_MS, AbortSignal.any([signal, closing.signal, losing.signal]));
    }
  }
  void watch();

  return {
    signal: AbortSignal.any([outer, losing.signal]),
    lost: () => losing.signal.aborted,
    close() {
      deafen();
      closing.abort();
    },
  };
}
