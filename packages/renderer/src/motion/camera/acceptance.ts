import { fitTone } from '../fuse/tone.ts';
import { blur } from '../raster/gaussian.ts';
import { type ColourPlanes, lumaOf, type Plane } from '../raster/plane.ts';
import { bilinear } from '../raster/sample.ts';
import { type Homography, jacobian, project } from './homography.ts';

/** Share of the frame the two pictures must have in common. */
const LEAST_OVERLAP = 0.25;
/** Beyond these the descriptors of the dense matcher, which neither turn nor scale, stop agreeing. */
const MATCHED_ROLL = (8 * Math.PI) / 180;
const MATCHED_ZOOM = [0.85, 1.18] as const;
const MATCHED_STRETCH = 1.15;
const MATCHED_PERSPECTIVE = 0.15;

/**
 * Whether a map can be a camera move between two pictures of one scene: it must not turn the picture over anywhere,
 * not roll by more than 45° and not zoom beyond 0.4..2.5. (A mirrored copy matches well and would fold through a line.)
 */
export function isCameraLike(h: Homography, width: number, height: number): boolean {
  const corners = [
    [0, 0],
    [width - 1, 0],
    [width - 1, height - 1],
    [0, height - 1],
    [(width - 1) / 2, (height - 1) / 2],
  ] as const;
  for (const [x, y] of corners) {
    if (!(h[6]! * x + h[7]! * y + h[8]! > 0.05)) return false;
    const [a, b, c, d] = jacobian(h, x, y);
    if (!(a * d - b * c > 0.02)) return false;
  }
  const [a, b, c, d] = jacobian(h, (width - 1) / 2, (height - 1) / 2);
  const roll = Math.abs(Math.atan2(c - b, a + d));
  const zoom = Math.sqrt(a * d - b * c);
  return roll <= Math.PI / 4 && zoom >= 0.4 && zoom <= 2.5;
}

/** Whether a map turns, scales or bends the picture more than dense matching copes with. */
export function isHardToMatch(h: Homography, width: number, height: number): boolean {
  const [a, b, c, d] = jacobian(h, (width - 1) / 2, (height - 1) / 2);
  const roll = Math.abs(Math.atan2(c - b, a + d));
  const zoom = Math.sqrt(a * d - b * c);
  // The ratio of the singular values, from their sum of squares and their product.
  const half = (a * a + b * b + c * c + d * d) / (2 * zoom * zoom);
  const stretch = half + Math.sqrt(Math.max(0, half * half - 1));
  const perspective = Math.abs(h[6]!) * width + Math.abs(h[7]!) * height;
  return (
    roll >= MATCHED_ROLL ||
    zoom < MATCHED_ZOOM[0] ||
    zoom > MATCHED_ZOOM[1] ||
    stretch > MATCHED_STRETCH ||
    perspective > MATCHED_PERSPECTIVE
  );
}

/**
 * What is left of the difference between the pictures when the map is followed instead of standing still, after allowing
 * for a change of exposure: 0 = nothing, 1 = as much; infinity when the pictures overlap too little.
 */
export function fitOfMove(h: Homography, first: ColourPlanes, last: ColourPlanes): number {
  const a = blur(lumaOf(first), 2);
  const b = blur(lumaOf(last), 2);
  const moved = sampleOverlap(a, b, h);
  const cells = Math.ceil(a.width / 2) * Math.ceil(a.height / 2);
  if (moved.from.length < LEAST_OVERLAP * cells) return Number.POSITIVE_INFINITY;
  // Standing still is judged where the map is judged: inside the overlap.
  const still = { from: moved.from, to: moved.unmoved };
  return tonedError(moved.from, moved.to) / Math.max(1e-6, tonedError(still.from, still.to));
}

function sampleOverlap(a: Plane, b: Plane, h: Homography): { from: number[]; to: number[]; unmoved: number[] } {
  const from: number[] = [];
  const to: number[] = [];
  const unmoved: number[] = [];
  for (let y = 0; y < a.height; y += 2) {
    for (let x = 0; x < a.width; x += 2) {
      const p = project(h, x, y);
      if (p.x < 0 || p.y < 0 || p.x > a.width - 1 || p.y > a.height - 1) continue;
      from.push(a.data[y * a.width + x]!);
      to.push(bilinear(b.data, b.width, b.height, p.x, p.y));
      unmoved.push(b.data[y * a.width + x]!);
    }
  }
  return { from, to, unmoved };
}

function tonedError(from: readonly number[], to: readonly number[]): number {
  const tone = fitTone(from, to);
  let sum = 0;
  for (let i = 0; i < from.length; i++) sum += Math.min(40, Math.abs((to[i]! - tone.offset) / tone.gain - from[i]!));
  return sum / Math.max(1, from.length);
}
