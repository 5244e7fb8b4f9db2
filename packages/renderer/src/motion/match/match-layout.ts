import { FEATURE_BYTES, MOST_FEATURES } from '../camera/features.ts';
import { refineBytes } from '../search/refine-kernels.ts';
import { describeBytes } from './dense-descriptor.ts';
import { DESCRIPTOR_BYTES } from './describe-kernels.ts';

/** Distance between seeds, in samples of the analysis raster. */
export const SEED_STEP = 3;
/** Exhaustive search costs the square of the sample count; 4000 samples take about a tenth of a second. */
const LARGEST_EXHAUSTIVE = 4000;

/** One raster of the matcher's pyramid; offsets are bytes into its memory. */
export interface MatchLevel {
  readonly width: number;
  readonly height: number;
  /** Descriptors of the first and last picture. */
  readonly descriptors: readonly [number, number];
}

/** Where the matcher's data lies; `levels[0]` is the finest. */
export interface MatchLayout {
  readonly levels: readonly MatchLevel[];
  /** The grid of seeds; seed (column, row) sits at ((column + 0.5) × step - 0.5, …) of the finest level. */
  readonly columns: number;
  readonly rows: number;
  /** Per direction: displacement x, y (32-bit integers, in samples of the level at hand), their limits, and the cost. */
  readonly seeds: readonly [SeedLayout, SeedLayout];
  readonly features: readonly [FeatureLayout, FeatureLayout];
  /** Per side: room for describing and for flow refinement, one after the other. */
  readonly workspaces: readonly [number, number];
  readonly byteLength: number;
}

/** A picture's features: descriptors, positions (32-bit floats), and what `nearest` found for each of them. */
export interface FeatureLayout {
  readonly descriptors: number;
  readonly x: number;
  readonly y: number;
  readonly nearest: number;
}

export interface SeedLayout {
  readonly u: number;
  readonly v: number;
  readonly startU: number;
  readonly startV: number;
  readonly cost: number;
  /** One byte per seed: 1 = trusted, once they have been judged. */
  readonly trusted: number;
  /** Displacements of every sample of the coarsest level. */
  readonly coarseU: number;
  readonly coarseV: number;
  /** Places of a level (32-bit integers) that found no partner, and where such of the other picture are. */
  readonly lost: number;
  readonly lostThere: number;
  readonly found: number;
}

/** Plans the matcher's memory for pictures of a size. */
export function planMatch(width: number, height: number): MatchLayout {
  let next = 1024;
  const take = (bytes: number): number => {
    const at = next;
    next += Math.ceil(bytes / 64) * 64 + 64;
    return at;
  };
  const levels: MatchLevel[] = [];
  let w = width;
  let h = height;
  for (;;) {
    const bytes = w * h * DESCRIPTOR_BYTES;
    levels.push({ width: w, height: h, descriptors: [take(bytes), take(bytes)] });
    if (w * h <= LARGEST_EXHAUSTIVE || Math.min(w, h) < 16) break;
    w >>= 1;
    h >>= 1;
  }
  const columns = Math.max(1, Math.floor(width / SEED_STEP));
  const rows = Math.max(1, Math.floor(height / SEED_STEP));
  const grid = 4 * columns * rows;
  const coarse = 4 * w * h;
  const seeds = (): SeedLayout => ({
    u: take(grid),
    v: take(grid),
    startU: take(grid),
    startV: take(grid),
    cost: take(grid),
    trusted: take(columns * rows),
    coarseU: take(coarse),
    coarseV: take(coarse),
    lost: take(grid),
    lostThere: take(4 * Math.max(w * h, (width >> 1) * (height >> 1))),
    found: take(grid),
  });
  const features = (): FeatureLayout => ({
    descriptors: take(MOST_FEATURES * FEATURE_BYTES),
    x: take(4 * MOST_FEATURES),
    y: take(4 * MOST_FEATURES),
    nearest: take(12 * MOST_FEATURES),
  });
  const workspace = (): number => take(Math.max(refineBytes(width, height), describeBytes(width, height)));
  return {
    levels,
    columns,
    rows,
    seeds: [seeds(), seeds()],
    features: [features(), features()],
    workspaces: [workspace(), workspace()],
    byteLength: next + 64,
  };
}
