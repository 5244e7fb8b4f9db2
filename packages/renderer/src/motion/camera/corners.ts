import { blur } from '../raster/gaussian.ts';
import { gradient } from '../raster/gradient.ts';
import { emptyPlane, type Plane } from '../raster/plane.ts';

/** A corner of a raster: whole-sample position and strength (the smaller eigenvalue of the structure tensor). */
export interface Corner {
  readonly x: number;
  readonly y: number;
  readonly strength: number;
}

/** The border no corner is taken from: a descriptor needs its surroundings. */
const BORDER = 6;
/** Below this (squared grey steps per sample) a corner is sensor noise. */
const WEAKEST = 1.5;
/** The raster is divided into this many cells per side, each of which may give only its share. */
const CELLS = 8;

/** The strongest corners (Shi and Tomasi 1994), spread over the picture; at most `count`. */
export function findCorners(luma: Plane, count: number): Corner[] {
  const { width, height } = luma;
  const strength = cornerStrength(luma);
  const cells: Corner[][] = Array.from({ length: CELLS * CELLS }, () => []);
  for (let y = BORDER; y < height - BORDER; y++) {
    for (let x = BORDER; x < width - BORDER; x++) {
      const value = strength[y * width + x]!;
      if (value < WEAKEST || !isPeak(strength, width, x, y, value)) continue;
      const cell = Math.floor((y * CELLS) / height) * CELLS + Math.floor((x * CELLS) / width);
      cells[cell]!.push({ x, y, strength: value });
    }
  }
  const share = Math.ceil((2.5 * count) / (CELLS * CELLS));
  const order = (a: Corner, b: Corner): number => b.strength - a.strength || a.y - b.y || a.x - b.x;
  return cells
    .flatMap((cell) => cell.sort(order).slice(0, share))
    .sort(order)
    .slice(0, count);
}

function cornerStrength(luma: Plane): Float32Array {
  const { width, height } = luma;
  const slope = gradient(luma);
  const size = width * height;
  const xx = emptyPlane(width, height);
  const xy = emptyPlane(width, height);
  const yy = emptyPlane(width, height);
  for (let i = 0; i < size; i++) {
    const x = slope.x.data[i]!;
    const y = slope.y.data[i]!;
    xx.data[i] = x * x;
    xy.data[i] = x * y;
    yy.data[i] = y * y;
  }
  const a = blur(xx, 1.5).data;
  const b = blur(xy, 1.5).data;
  const c = blur(yy, 1.5).data;
  const out = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    const middle = 0.5 * (a[i]! + c[i]!);
    out[i] = middle - Math.sqrt(0.25 * (a[i]! - c[i]!) ** 2 + b[i]! ** 2);
  }
  return out;
}

function isPeak(strength: Float32Array, width: number, x: number, y: number, value: number): boolean {
  for (let dy = -2; dy <= 2; dy++) {
    for (let dx = -2; dx <= 2; dx++) {
      if (strength[(y + dy) * width + x + dx]! > value) return false;
    }
  }
  return true;
}
