import type { WriteCall } from './writes.ts';
import type { WritingThread } from './writing-thread.ts';

export interface ReliefParts {
  /** Makes a call on this thread. */
  here(call: WriteCall): Promise<unknown>;
  start(): WritingThread;
  /** Whether somebody waits for the call, so that it counts in a crowd. */
  counts(call: WriteCall): boolean;
  /** So many of them at once begin the thread. */
  readonly crowd: number;
  /** After so long without such a crowd it ends. */
  readonly restMs: number;
  /** The thread ended by itself. It is not begun again, for whatever ended it may do so again. */
  onLost(reason: unknown): void;
}

/** Makes writes on this thread while few come at once, and on another while many do. */
export interface Relief {
  write(call: WriteCall): Promise<unknown>;
  /** Waits for all writes that were begun, and ends the thread. */
  close(): Promise<void>;
}

/**
 * A thread takes as much memory as a quarter of an idle server, and two ways more for each write; it pays where requests
 * are read while the disk works. So it is there only while writes wait for each other. Writes are made in the order in
 * which they come: one thread begins when the last write of the other is done.
 */
export function createRelief({ here, start, counts, crowd, restMs, onLost }: ReliefParts): Relief {
  const running = new Set<Promise<unknown>>();
  /** Begins what came while one thread takes over from the other; undefined: none does. */
  let held: (() => void)[] | undefined;
  let make = here;
  let counted = 0;
  let mayStart = true;
  let resting: NodeJS.Timeout | undefined;
  let rest = () => {};
  let life: Promise<void> = Promise.resolve();

  function begin(call: WriteCall): Promise<unknown> {
    const done = make(call);
    running.add(done);
    const settled = () => running.delete(done);
    done.then(settled, settled);
    return done;
  }

  async function turnTo(maker: typeof make): Promise<void> {
    held = [];
    await idle();
    make = maker;
    const waiting = held;
    held = undefined;
    for (const go of waiting) go();
  }

  async function idle(): Promise<void> {
    while (running.size > 0) await Promise.allSettled(running);
  }

  /** The thread's life, from its start to its end. */
  async function live(): Promise<void> {
    const rested = new Promise<void>((resolve) => {
      rest = resolve;
      resting = setTimeout(resolve, restMs).unref();
    });
    const thread = start();
    const isReady = thread.ready.then(
      () => true,
      () => false,
    );
    if (await isReady) {
      await turnTo((call) => thread.call(call));
      await Promise.race([rested, thread.ended]);
      await turnTo(here);
    }
    clearTimeout(resting);
    const reason = await thread.close();
    mayStart &&= reason === undefined;
    resting = undefined;
    if (reason !== undefined) onLost(reason);
  }

  return {
    async write(call) {
      const one = counts(call) ? 1 : 0;
      counted += one;
      if (one === 1 && counted >= crowd) {
        if (resting !== undefined) resting.refresh();
        else if (mayStart) life = live();
      }
      try {
        // What is begun here is begun at once: the order of calls is the order of writes.
        if (held === undefined) return await begin(call);
        return await new Promise((resolve, reject) => held?.push(() => begin(call).then(resolve, reject)));
      } finally {
        counted -= one;
      }
    },
    async close() {
      mayStart = false;
      rest();
      await life;
      await idle();
    },
  };
}
