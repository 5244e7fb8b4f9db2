import type { VideoId, WorkerId } from '../domain/id.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { VideoStore } from '../ports/store.ts';

/** Looks this often which videos are still ours, when no bell rings. */
const LOOK_EVERY_MS = 2_000;

/** The right to write one video, watched while a long step writes nothing. */
export interface Right {
  /** Aborts when the right is lost or the given signal aborts. */
  readonly signal: AbortSignal;
  lost(): boolean;
  close(): void;
}

/** Watches all that one worker holds: a cancel, a delete, a deadline or a successor takes our name off a row. */
export interface Watch {
  of(id: VideoId, outer: AbortSignal): Right;
}

interface WatchParts {
  readonly worker: WorkerId;
  readonly store: VideoStore;
  readonly clock: Clock;
  readonly bell: Bell;
}

/**
 * One question to the store every two seconds for however many videos this worker holds, and one more for a video whose
 * bell rings. It asks nothing while it holds nothing.
 */
export function createWatch({ worker, store, clock, bell }: WatchParts): Watch {
  const watched = new Map<VideoId, AbortController>();
  let resting = new AbortController();

  async function look(): Promise<void> {
    // What was claimed during the look is not in its answer, and is not judged by it.
    const before = [...watched];
    try {
      const held = await store.heldBy(worker);
      for (const [id, losing] of before) if (!held.has(id)) losing.abort();
    } catch {
      // A store that does not answer says nothing about the rights; the next write will.
    }
  }

  async function lookAt(id: VideoId, losing: AbortController): Promise<void> {
    try {
      const seen = await store.find(id);
      if (watched.get(id) === losing && seen?.worker !== worker) losing.abort();
    } catch {
      // As above.
    }
  }

  async function round(): Promise<void> {
    resting = new AbortController();
    const { signal } = resting;
    while (watched.size > 0) {
      await look();
      await clock.sleep(LOOK_EVERY_MS, signal);
      if (signal.aborted) return;
    }
  }

  return {
    of(id, outer) {
      const losing = new AbortController();
      const deafen = bell.listen(`video:${id}`, () => void lookAt(id, losing));
      watched.set(id, losing);
      // Somebody may have written between the claim and now.
      if (watched.size === 1) void round();
      else void lookAt(id, losing);
      return {
        signal: AbortSignal.any([outer, losing.signal]),
        lost: () => losing.signal.aborted,
        close() {
          deafen();
          if (watched.get(id) === losing) watched.delete(id);
          if (watched.size === 0) resting.abort();
        },
      };
    },
  };
}
