import { expect, it } from 'vitest';
import { readCrossed } from './crossed-read.ts';

/** Reads four samples at 10 and at `second`, from a picture whose value is the place. */
function read(second: number, share: number): number[] {
  const row = (value: number): Float32Array => new Float32Array(4).fill(value);
  const out = row(0);
  readCrossed({ x0: row(10), y0: row(0), x1: row(second), y1: row(0), share: row(share) }, 4, (x) => x * x, out);
  return [...new Set(out)];
}

it('reads once between two places that are nearly one', () => {
  expect(read(10.1, 0.5)).toEqual([Math.fround(10.05 ** 2)]);
});

it('reads at two places that are apart', () => {
  expect(read(20, 0.5)).toEqual([(100 + 400) / 2]);
});

it('leaves out a far place that hardly counts, and is not pulled towards it', () => {
  expect(read(110, 0.01)).toEqual([100]);
});
