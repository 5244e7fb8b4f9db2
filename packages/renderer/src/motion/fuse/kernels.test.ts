import { describe, expect, it } from 'vitest';
import { invert } from '../camera/homography.ts';
import { seededRandom } from '../random.ts';
import type { ColourPlanes, Flow } from '../raster/plane.ts';
import { compare, plainCompare } from './confidence.ts';
import { comparable, matchError, plainMatchError, plainRoundTrip, roundTrip, UNKNOWN } from './match-error.ts';

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

describe.each([
  [64, 40],
  [37, 21],
])('kernels that compare pictures of %d × %d samples', (width, height) => {
  const random = seededRandom(9);
  const plane = (value: () => number): Float32Array => Float32Array.from({ length: width * height }, value);
  const shade = (phase: number): Float32Array =>
    Float32Array.from(
      { length: width * height },
      (_, i) => 120 + 90 * Math.sin((i % width) / 4 + i / width / 6 + phase),
    );
  const picture = (phase: number): ColourPlanes => ({
    width,
    height,
    luma: shade(phase),
    blue: shade(phase + 1),
    red: shade(phase + 2),
  });
  // Much of it points out of the picture.
  const flow = (): Flow => ({
    width,
    height,
    u: plane(() => 30 * random() - 15),
    v: plane(() => 30 * random() - 15),
  });
  const [first, last] = [picture(0), picture(0.4)];
  const [there, back] = [flow(), flow()];

  it('find how badly a motion fits, like their twins', () => {
    const [a, b] = [comparable(first), comparable(last)];
    const errors = matchError(a, b, there);
    expect(largestDifference(errors, plainMatchError(a, b, there))).toBeLessThan(0.01);
    expect(new Set(errors)).toContain(UNKNOWN);
    expect(new Set(errors).size).toBeGreaterThan(100);
  });

  it('find how far a round trip misses its start, like their twins', () => {
    const misses = roundTrip(there, back);
    expect(largestDifference(misses, plainRoundTrip(there, back))).toBeLessThan(0.001);
    expect(Math.max(...misses)).toBeGreaterThan(10);
  });

  it('compare both ends of a motion along a camera move, like their twins', () => {
    const camera = [1.1, 0.02, -3, -0.02, 1.1, -2, 1e-4, 2e-4, 1];
    const motion = { camera, residual: there };
    const home = { camera: invert(camera), residual: back };
    const found = compare(first, last, motion, home);
    const expected = plainCompare(first, last, motion, home);
    expect(largestDifference(found.colour.data, expected.colour.data)).toBeLessThan(0.05);
    expect(largestDifference(found.trip, expected.trip)).toBeLessThan(0.001);
    expect(Array.from(found.outside)).toEqual(Array.from(expected.outside));
    expect(new Set(Array.from(found.outside))).toEqual(new Set([0, 1]));
  });
});
