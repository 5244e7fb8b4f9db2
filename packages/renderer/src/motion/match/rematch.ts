import { trustedSeeds } from './coherence.ts';
import type { MatchKernels } from './match-kernels.ts';
import { type MatchLayout, type MatchLevel, SEED_STEP } from './match-layout.ts';

/** Pairs of places that may be compared: less than a tenth of a second. */
const MOST_COMPARISONS = 8_000_000;
/** Lost seeds are looked for at every second column and row; their neighbours learn from them. */
const STRIDE = 2;
/**
 * Where fewer seeds than these found a trusted partner (share of both sides'), nothing is looked for anew: pictures have
 * little in common or are blurred, and the best of many comparisons is then chance (clips that gain have .29 to .87, blurred
 * birds that lose .03 to .12, a mirrored copy .05).
 */
const LEAST_TRUSTED = 0.2;
/** `improve` without a limit on how far a seed may go. */
const ANY_REACH = 0;

/**
 * Looks anew for seeds that found no trusted partner, among what found none in the other picture: a thing that moved
 * further than it is wide is too small to be seen where the matcher begins. Leaves where each side's seeds should set
 * out in `startU` and `startV`; `settleSeeds` takes them up when both sides are through. False when so little was matched
 * that it is not worth it, and nothing is to be taken up.
 */
export function seekLostSeeds(
  kernels: MatchKernels,
  buffer: ArrayBufferLike,
  layout: MatchLayout,
  side: 0 | 1,
): boolean {
  const { columns, rows, levels } = layout;
  const seeds = layout.seeds[side];
  const count = columns * rows;
  const startU = new Int32Array(buffer, seeds.startU, count);
  const startV = new Int32Array(buffer, seeds.startV, count);
  startU.set(new Int32Array(buffer, seeds.u, count));
  startV.set(new Int32Array(buffer, seeds.v, count));
  const other = side === 0 ? 1 : 0;
  const trustedHere = trustedSeeds(buffer, layout, side);
  const trustedThere = trustedSeeds(buffer, layout, other);
  if (shareOf(trustedHere) + shareOf(trustedThere) < 2 * LEAST_TRUSTED) return false;
  const which = lostSeeds(trustedHere, columns, rows);
  if (which.length === 0) return true;
  // The finest level that is quick enough, but not the very finest: what is found needs to be near only.
  for (let n = Math.min(1, levels.length - 1); n < levels.length; n++) {
    const level = levels[n]!;
    const step = SEED_STEP / 2 ** n;
    const there = new Int32Array(buffer, seeds.lostThere, level.width * level.height);
    const ends = lostPlaces(trustedThere, columns, rows, level, step, there);
    if (ends === 0) break;
    if (which.length * ends > MOST_COMPARISONS && n < levels.length - 1) continue;
    const { width, height, descriptors } = level;
    const from = new Int32Array(buffer, seeds.lost, which.length);
    const found = new Int32Array(buffer, seeds.found, which.length);
    const inside = (at: number, length: number): number => Math.min(length - 1, Math.max(0, at));
    which.forEach((seed, i) => {
      const x = inside(Math.floor(((seed % columns) + 0.5) * step), width);
      const y = inside(Math.floor((Math.floor(seed / columns) + 0.5) * step), height);
      from[i] = y * width + x;
      found[i] =
        inside(y + Math.round(startV[seed]! / 2 ** n), height) * width +
        inside(x + Math.round(startU[seed]! / 2 ** n), width);
    });
    const before = found.slice();
    const count = which.length;
    kernels.seek(descriptors[side], seeds.lost, count, descriptors[other], seeds.lostThere, ends, width, seeds.found);
    which.forEach((seed, i) => {
      if (found[i] === before[i]) return;
      startU[seed] = ((found[i]! % width) - (from[i]! % width)) * 2 ** n;
      startV[seed] = (Math.floor(found[i]! / width) - Math.floor(from[i]! / width)) * 2 ** n;
    });
    break;
  }
  return true;
}

/** Lets a side's seeds set out from what `seekLostSeeds` left, and tell their neighbours. */
export function settleSeeds(kernels: MatchKernels, buffer: ArrayBufferLike, layout: MatchLayout, side: 0 | 1): void {
  const { columns, rows } = layout;
  const { u, v, startU, startV, cost } = layout.seeds[side];
  const count = columns * rows;
  new Int32Array(buffer, u, count).set(new Int32Array(buffer, startU, count));
  new Int32Array(buffer, v, count).set(new Int32Array(buffer, startV, count));
  const { width, height, descriptors } = layout.levels[0]!;
  const to = descriptors[side === 0 ? 1 : 0];
  kernels.improve(
    descriptors[side],
    to,
    width,
    height,
    columns,
    rows,
    SEED_STEP,
    ANY_REACH,
    u,
    v,
    startU,
    startV,
    cost,
  );
}

function shareOf(trusted: Uint8Array): number {
  return trusted.reduce((sum, value) => sum + value, 0) / trusted.length;
}

/** Numbers of the seeds to look for. */
function lostSeeds(trusted: Uint8Array, columns: number, rows: number): number[] {
  const lost: number[] = [];
  for (let row = 0; row < rows; row += STRIDE) {
    for (let column = 0; column < columns; column += STRIDE) {
      const seed = row * columns + column;
      if (!trusted[seed]) lost.push(seed);
    }
  }
  return lost;
}

/** Writes the samples of a level whose seeds are not trusted; returns their number. `step` is the seeds' distance there. */
function lostPlaces(
  trusted: Uint8Array,
  columns: number,
  rows: number,
  { width, height }: MatchLevel,
  step: number,
  out: Int32Array,
): number {
  let count = 0;
  for (let y = 0; y < height; y++) {
    const row = Math.min(rows - 1, Math.floor((y + 0.5) / step)) * columns;
    for (let x = 0; x < width; x++) {
      const seed = row + Math.min(columns - 1, Math.floor((x + 0.5) / step));
      if (!trusted[seed]) out[count++] = y * width + x;
    }
  }
  return count;
}
