import type { PromptWish } from '../prompt/read.ts';
import type { Moment } from './frames-in-order.ts';
import { swayOf } from './overlay.ts';
import { easedTimes } from './timing.ts';

// The largest step of the default timing over 150 frames.
const USUAL_STEP = 1.35 / 149;

/** How fast the fastest moment is, against that of a clip of 150 frames with the default timing. */
export function paceOf(moments: readonly Moment[]): number {
  return Math.max(...moments.slice(1).map(({ s }, index) => s - moments[index]!.s)) / USUAL_STEP;
}

/**
 * Every frame of a clip of `seconds`: when it is, and how it is looked at. The first and the last are the pictures
 * themselves, seen plainly. `frames` is at least 2.
 */
export function momentsOf(
  { timing, overlays }: Pick<PromptWish, 'timing' | 'overlays'>,
  frames: number,
  seconds: number,
  seed: number,
): Moment[] {
  const sway = swayOf(overlays, seconds, seed);
  const isEnd = (index: number): boolean => index === 0 || index === frames - 1;
  return Array.from(easedTimes(frames, timing), (s, index) => ({
    s,
    view: isEnd(index) ? undefined : sway?.(index / (frames - 1)),
  }));
}
