import type { Flow } from '../raster/plane.ts';

/** Neighbours whose motions differ by more than this many samples part so far that frames show what lies between them. */
const MOST = 3;

/**
 * Takes the samples out of a motion that belong to neither of two things that part: those that differ by more than three
 * samples from both neighbours left and right, or above and below. A sample at a sharp edge differs from one of them only.
 * They are set to NaN, which frames do not carry: spread over the gap they would lie on what is there like a sieve.
 * In place.
 */
export function dropTorn({ width, height, u, v }: Flow): void {
  const torn: number[] = [];
  const apart = (a: number, b: number): boolean => Math.abs(u[a]! - u[b]!) > MOST || Math.abs(v[a]! - v[b]!) > MOST;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, i = y * width + 1; x < width - 1; x++, i++) {
      if ((apart(i, i - 1) && apart(i, i + 1)) || (apart(i, i - width) && apart(i, i + width))) torn.push(i);
    }
  }
  for (const i of torn) u[i] = Number.NaN;
}
