import type { MatchKernels } from './match-kernels.ts';
import { type MatchLayout, SEED_STEP } from './match-layout.ts';

/** On a level a seed may move at most this far from what the coarser level said, in samples. */
const REACH = 12;

/**
 * Matches the seeds of one picture (0 = first, 1 = last) to the other, coarse to fine. The displacements are left in
 * the layout's `u` and `v`, in samples of the finest level.
 */
export function matchSeeds(kernels: MatchKernels, buffer: ArrayBufferLike, layout: MatchLayout, side: 0 | 1): void {
  const { levels, columns, rows } = layout;
  const seeds = layout.seeds[side];
  const other = side === 0 ? 1 : 0;
  const count = columns * rows;
  const u = new Int32Array(buffer, seeds.u, count);
  const v = new Int32Array(buffer, seeds.v, count);
  const startU = new Int32Array(buffer, seeds.startU, count);
  const startV = new Int32Array(buffer, seeds.startV, count);
  const top = levels.length - 1;
  const coarsest = levels[top]!;
  kernels.exhaustive(
    coarsest.descriptors[side],
    coarsest.descriptors[other],
    coarsest.width,
    coarsest.height,
    seeds.coarseU,
    seeds.coarseV,
  );
  spreadCoarse(buffer, layout, side, u, v);
  for (let level = top; level >= 0; level--) {
    const { width, height, descriptors } = levels[level]!;
    if (level < top) {
      for (let i = 0; i < count; i++) {
        u[i]! *= 2;
        v[i]! *= 2;
      }
    }
    startU.set(u);
    startV.set(v);
    const step = SEED_STEP / 2 ** level;
    const reach = level === top ? 0 : REACH;
    kernels.improve(
      descriptors[side],
      descriptors[other],
      width,
      height,
      columns,
      rows,
      step,
      reach,
      seeds.u,
      seeds.v,
      seeds.startU,
      seeds.startV,
      seeds.cost,
    );
  }
}

function spreadCoarse(buffer: ArrayBufferLike, layout: MatchLayout, side: 0 | 1, u: Int32Array, v: Int32Array): void {
  const { width, height } = layout.levels[layout.levels.length - 1]!;
  const step = SEED_STEP / 2 ** (layout.levels.length - 1);
  const coarseU = new Int32Array(buffer, layout.seeds[side].coarseU, width * height);
  const coarseV = new Int32Array(buffer, layout.seeds[side].coarseV, width * height);
  for (let row = 0, i = 0; row < layout.rows; row++) {
    const y = Math.min(height - 1, Math.floor((row + 0.5) * step));
    for (let column = 0; column < layout.columns; column++, i++) {
      const x = Math.min(width - 1, Math.floor((column + 0.5) * step));
      u[i] = coarseU[y * width + x]!;
      v[i] = coarseV[y * width + x]!;
    }
  }
}
