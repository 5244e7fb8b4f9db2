import { front } from './splat.ts';

/** Below this summed weight a sample is a hole: nothing trustworthy moved there. */
const HOLE = 3e-4;
/** Stands for 0 where motion arrived, but torn apart: 0 itself marks a hole. */
const THIN = 1e-3;

/** Plain TypeScript twin of the resolve kernel; see FrameKernels.resolve. */
export function resolve(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  restU: number,
  restV: number,
  sums: number,
  pyramid: number,
): void {
  const size = width * height;
  const data = new Float32Array(buffer, sums, 4 * size);
  let holes = 0;
  for (let at = 0; at < 4 * size; at += 4) {
    const weight = data[at + 3]!;
    if (weight < HOLE) {
      data.fill(0, at, at + 4);
      holes++;
    } else {
      const scale = 1 / weight;
      data[at]! *= scale;
      data[at + 1]! *= scale;
      const trust = data[at + 2]! * scale;
      const density = weight / ((trust + 1e-3) * front(data[at]!, data[at + 1]!, restU, restV));
      data[at + 2] = trust * Math.min(1, weight * 2000);
      data[at + 3] = Math.min(1, Math.max(THIN, 2 * density - 0.5));
    }
  }
  if (holes > 0 && holes < size) fill(buffer, width, height, sums, pyramid);
}

/** One level of pull-push: averages known samples into a raster of half the size, fills that, and reads holes from it. */
function fill(buffer: ArrayBufferLike, width: number, height: number, level: number, next: number): void {
  if (width <= 1 && height <= 1) return;
  const w2 = (width + 1) >> 1;
  const h2 = (height + 1) >> 1;
  const fine = new Float32Array(buffer, level, 4 * width * height);
  const coarse = new Float32Array(buffer, next, 4 * w2 * h2).fill(0);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 4 * (y * width + x);
      const to = 4 * ((y >> 1) * w2 + (x >> 1));
      const known = fine[from + 3]! > 0 ? 1 : 0;
      coarse[to]! += known * fine[from]!;
      coarse[to + 1]! += known * fine[from + 1]!;
      coarse[to + 3]! += known;
    }
  }
  let holes = 0;
  for (let at = 0; at < coarse.length; at += 4) {
    const known = coarse[at + 3]!;
    if (known > 0) {
      coarse[at]! /= known;
      coarse[at + 1]! /= known;
      coarse[at + 3] = 1;
    } else holes++;
  }
  if (holes > 0) fill(buffer, w2, h2, next, next + 16 * w2 * h2);
  for (let y = 0; y < height; y++) {
    const sy = (y - 0.5) / 2;
    const y0 = Math.floor(sy);
    const ay = sy - y0;
    const upper = Math.max(0, y0) * w2;
    const lower = Math.min(h2 - 1, y0 + 1) * w2;
    for (let x = 0; x < width; x++) {
      const at = 4 * (y * width + x);
      if (fine[at + 3]! > 0) continue;
      const sx = (x - 0.5) / 2;
      const x0 = Math.floor(sx);
      const ax = sx - x0;
      const left = Math.max(0, x0);
      const right = Math.min(w2 - 1, x0 + 1);
      for (let c = 0; c < 2; c++) {
        const a = coarse[4 * (upper + left) + c]!;
        const b = coarse[4 * (upper + right) + c]!;
        const e = coarse[4 * (lower + left) + c]!;
        const f = coarse[4 * (lower + right) + c]!;
        fine[at + c] = (1 - ay) * (a + ax * (b - a)) + ay * (e + ax * (f - e));
      }
    }
  }
}
