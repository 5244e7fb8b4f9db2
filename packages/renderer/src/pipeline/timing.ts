import type { Timing } from '../prompt/words.ts';

/** 0 at or below 0, 1 at or above 1, with no speed at both ends. */
function smoothstep(t: number): number {
  const bounded = Math.min(1, Math.max(0, t));
  return bounded * bounded * (3 - 2 * bounded);
}

/**
 * How far the motion is at time `t`: each curve starts at exactly 0, ends at exactly 1 and never falls.
 * The default keeps 30 % steady speed, so that the clip neither starts from a standstill nor snaps
 * (frame-to-frame change max/median 1.04..1.25, `interpolation.md` §3e).
 */
const CURVES: Readonly<Record<Timing, (t: number) => number>> = {
  default: (t) => 0.3 * t + 0.7 * smoothstep(t),
  linear: (t) => t,
  smooth: smoothstep,
  // The clip's length is fixed, so "slow" can only mean: never faster than needed. Peak speed 1.15 instead of 1.35.
  slow: (t) => 0.7 * t + 0.3 * smoothstep(t),
  // Rests at both ends, moves in the middle 60 %: peak speed 2.3.
  fast: (t) => 0.08 * t + 0.92 * smoothstep((t - 0.2) / 0.6),
  // Nearly all of the motion within the middle 24 % of the clip.
  sudden: (t) => 0.04 * t + 0.96 * smoothstep((t - 0.38) / 0.24),
  accelerate: (t) => 0.25 * t + 0.75 * t * t,
  decelerate: (t) => 0.25 * t + 0.75 * t * (2 - t),
};

/**
 * The eased time of every frame, 0..1: the first is exactly 0 (the first picture) and the last exactly 1.
 * `frames` is at least 2.
 */
export function easedTimes(frames: number, timing: Timing): Float64Array {
  const curve = CURVES[timing];
  const times = new Float64Array(frames);
  for (let index = 1; index < frames - 1; index++) {
    times[index] = Math.min(1, Math.max(0, curve(index / (frames - 1))));
  }
  times[frames - 1] = 1;
  return times;
}
