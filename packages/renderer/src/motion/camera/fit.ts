import { seededRandom } from '../random.ts';
import { type Homography, normalise } from './homography.ts';

/** Corresponding places: (x, y) of the first picture shows what (u, v) of the last shows. */
export interface PointPairs {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/** A map found by vote, and the number of pairs that agree with it. */
export interface Consensus {
  readonly map: number[];
  readonly inliers: number;
}

const TRIES = 2500;

/** RANSAC with a seeded choice of samples: the map most pairs agree with to within `tolerance` samples. */
export function fitByConsensus(pairs: PointPairs, tolerance: number, seed: number): Consensus | null {
  const count = pairs.x.length;
  if (count < 8) return null;
  const random = seededRandom(seed);
  let best: number[] | null = null;
  let most = 0;
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const chosen = chooseFour(count, random);
    if (!keepsOrientation(pairs, chosen)) continue;
    const map = mapOfFour(pairs, chosen);
    if (map === null) continue;
    const inliers = countInliers(pairs, map, tolerance);
    if (inliers > most) {
      most = inliers;
      best = map;
    }
    // Enough tries for a 99.99 % chance of one clean sample of four.
    if (most > 20 && attempt > Math.log(1e-4) / Math.log(1 - (most / count) ** 4 + 1e-12)) break;
  }
  if (best === null) return null;
  for (const reach of [tolerance, tolerance, tolerance * 0.6, tolerance * 0.4, tolerance * 0.4]) {
    best = improveMap(pairs, best, null, reach) ?? best;
  }
  return { map: best, inliers: countInliers(pairs, best, tolerance) };
}

/**
 * One Gauss-Newton step on the reprojection error, robust (Geman-McClure weights of scale `reach` samples),
 * each pair optionally weighted. Null when the pairs do not determine a map.
 */
export function improveMap(
  pairs: PointPairs,
  map: Homography,
  weights: Float32Array | null,
  reach: number,
): number[] | null {
  const h = normalise(map);
  const normal = new Float64Array(64);
  const right = new Float64Array(8);
  const rowU = new Float64Array(8);
  const rowV = new Float64Array(8);
  for (let i = 0; i < pairs.x.length; i++) {
    const x = pairs.x[i]!;
    const y = pairs.y[i]!;
    const d = 1 / (h[6]! * x + h[7]! * y + 1);
    const pu = (h[0]! * x + h[1]! * y + h[2]!) * d;
    const pv = (h[3]! * x + h[4]! * y + h[5]!) * d;
    const eu = pairs.u[i]! - pu;
    const ev = pairs.v[i]! - pv;
    const squared = (eu * eu + ev * ev) / (reach * reach);
    if (!(squared < 9)) continue;
    const weight = (weights === null ? 1 : weights[i]!) / (1 + squared) ** 2;
    rowU.set([x * d, y * d, d, 0, 0, 0, -pu * x * d, -pu * y * d]);
    rowV.set([0, 0, 0, x * d, y * d, d, -pv * x * d, -pv * y * d]);
    for (let r = 0; r < 8; r++) {
      const wu = weight * rowU[r]!;
      const wv = weight * rowV[r]!;
      right[r]! += wu * eu + wv * ev;
      for (let c = 0; c < 8; c++) normal[8 * r + c]! += wu * rowU[c]! + wv * rowV[c]!;
    }
  }
  const step = solve(normal, right);
  return step === null ? null : [...h.slice(0, 8).map((value, i) => value + step[i]!), 1];
}

function chooseFour(count: number, random: () => number): number[] {
  const chosen: number[] = [];
  while (chosen.length < 4) {
    const i = Math.floor(random() * count);
    if (!chosen.includes(i)) chosen.push(i);
  }
  return chosen;
}

/** A camera cannot turn a triangle over, so neither may a sample of four. */
function keepsOrientation(pairs: PointPairs, chosen: readonly number[]): boolean {
  for (let skip = 0; skip < 4; skip++) {
    const [i, j, k] = chosen.filter((_, n) => n !== skip) as [number, number, number];
    const before = area(pairs.x, pairs.y, i, j, k);
    const after = area(pairs.u, pairs.v, i, j, k);
    if (Math.abs(before) < 20 || before * after <= 0) return false;
  }
  return true;
}

function area(x: Float32Array, y: Float32Array, i: number, j: number, k: number): number {
  return (x[j]! - x[i]!) * (y[k]! - y[i]!) - (x[k]! - x[i]!) * (y[j]! - y[i]!);
}

function mapOfFour(pairs: PointPairs, chosen: readonly number[]): number[] | null {
  const matrix = new Float64Array(64);
  const right = new Float64Array(8);
  chosen.forEach((i, n) => {
    const x = pairs.x[i]!;
    const y = pairs.y[i]!;
    const u = pairs.u[i]!;
    const v = pairs.v[i]!;
    matrix.set([x, y, 1, 0, 0, 0, -u * x, -u * y], 16 * n);
    matrix.set([0, 0, 0, x, y, 1, -v * x, -v * y], 16 * n + 8);
    right[2 * n] = u;
    right[2 * n + 1] = v;
  });
  const solved = solve(matrix, right);
  return solved === null ? null : [...solved, 1];
}

function countInliers(pairs: PointPairs, h: Homography, tolerance: number): number {
  const limit = tolerance * tolerance;
  let count = 0;
  for (let i = 0; i < pairs.x.length; i++) {
    const x = pairs.x[i]!;
    const y = pairs.y[i]!;
    const d = 1 / (h[6]! * x + h[7]! * y + h[8]!);
    const eu = pairs.u[i]! - (h[0]! * x + h[1]! * y + h[2]!) * d;
    const ev = pairs.v[i]! - (h[3]! * x + h[4]! * y + h[5]!) * d;
    if (eu * eu + ev * ev <= limit) count++;
  }
  return count;
}

/** Gaussian elimination with partial pivoting of an 8×8 system; null when singular. */
function solve(matrix: Float64Array, right: Float64Array): Float64Array | null {
  const a = Float64Array.from(matrix);
  const b = Float64Array.from(right);
  for (let k = 0; k < 8; k++) {
    let pivot = k;
    for (let r = k + 1; r < 8; r++) if (Math.abs(a[8 * r + k]!) > Math.abs(a[8 * pivot + k]!)) pivot = r;
    if (!(Math.abs(a[8 * pivot + k]!) > 1e-12)) return null;
    for (let c = 0; c < 8; c++) {
      const held = a[8 * k + c]!;
      a[8 * k + c] = a[8 * pivot + c]!;
      a[8 * pivot + c] = held;
    }
    const held = b[k]!;
    b[k] = b[pivot]!;
    b[pivot] = held;
    for (let r = 0; r < 8; r++) {
      if (r === k) continue;
      const factor = a[8 * r + k]! / a[8 * k + k]!;
      for (let c = k; c < 8; c++) a[8 * r + c]! -= factor * a[8 * k + c]!;
      b[r]! -= factor * b[k]!;
    }
  }
  return b.map((value, k) => value / a[9 * k]!);
}
