import { describe, expect, it } from 'vitest';
import { plainKernels } from './plain-kernels.ts';

const WIDTH = 16;
const HEIGHT = 8;
const SIZE = WIDTH * HEIGHT;
const FIELD = 4 * SIZE;
const FIRST = 0;
const LAST = 16 * SIZE;
const PYRAMID = 32 * SIZE;
const FIELDS = 96 * SIZE;
const MATRICES = 160 * SIZE;
const MOTION = 176 * SIZE;

/**
 * The left half of a picture stands still, the right half moves by four samples: carried there, it leaves a hole. Nobody
 * trusts either motion.
 */
function carried(direction: 1 | -1): { buffer: ArrayBuffer; known: Float32Array } {
  const buffer = new ArrayBuffer(256 * SIZE);
  const kernels = plainKernels(buffer);
  const u = new Float32Array(buffer, MOTION, SIZE).map((_, i) => (i % WIDTH >= WIDTH / 2 ? 4 * direction : 0));
  new Float32Array(buffer, MOTION, SIZE).set(u);
  for (const at of [0, 36]) new Float32Array(buffer, MATRICES + at, 9).set([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  kernels.splat(WIDTH, HEIGHT, MOTION, MOTION + FIELD, MOTION + 2 * FIELD, MATRICES, 1, 0, 0, FIRST);
  kernels.resolve(WIDTH, HEIGHT, 0, 0, FIRST, PYRAMID);
  const known = new Float32Array(SIZE).map((_, i) => new Float32Array(buffer, FIRST, 4 * SIZE)[4 * i + 3] ?? 0);
  return { buffer, known };
}

describe('resolve', () => {
  it('tells where motion arrived and where it had to be filled in', () => {
    const { known } = carried(1);
    const row = Array.from(known.subarray(3 * WIDTH, 4 * WIDTH));
    expect(row.slice(0, 8)).toEqual(new Array(8).fill(1));
    expect(row.slice(8, 12)).toEqual(new Array(4).fill(0));
    expect(row.slice(12)).toEqual(new Array(4).fill(1));
  });

  it('lets the picture whose motion arrives speak where the other one has a hole', () => {
    const { buffer } = carried(1);
    const kernels = plainKernels(buffer);
    // The last picture stands still everywhere.
    const still = new Float32Array(buffer, LAST, 4 * SIZE);
    for (let i = 0; i < SIZE; i++) still.set([0, 0, 0, 1], 4 * i);
    kernels.combine(WIDTH, HEIGHT, FIRST, LAST, MATRICES, MATRICES + 36, 0.5, FIELDS);
    const share = new Float32Array(buffer, FIELDS + 4 * FIELD, SIZE);
    expect(share[3 * WIDTH + 4]).toBeCloseTo(0.5);
    expect(share[3 * WIDTH + 10]).toBeCloseTo(0.8);
  });
});
