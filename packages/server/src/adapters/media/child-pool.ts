import type { MediaAnswer } from './protocol.ts';
import { type MediaWish, WarmChild, type WarmChildOptions } from './warm-child.ts';

/**
 * A few warm children, each with one job at a time: a huge picture that takes seconds holds up only one of them, and a
 * crash takes down only the job that caused it. The second is started only while the first is busy, and let go sooner.
 */
export class ChildPool {
  readonly children: readonly WarmChild[];

  constructor(options: WarmChildOptions, count: number) {
    this.children = Array.from(
      { length: count },
      (_, index) => new WarmChild({ ...options, idleMs: index === 0 ? options.idleMs : options.idleMs / 10 }),
    );
  }

  /** Runs a job in the child that has the least to do; see `WarmChild.run`. */
  run(wish: MediaWish, signal: AbortSignal): Promise<MediaAnswer> {
    const least = this.children.reduce((best, child) => (child.load < best.load ? child : best));
    return least.run(wish, signal);
  }

  async close(): Promise<void> {
    await Promise.all(this.children.map((child) => child.close()));
  }
}
