import { rasterDesk } from './kernels.ts';

/** 3×3 median with replicated borders: removes single wrong vectors and keeps motion edges. */
export function median3(source: Float32Array, width: number, height: number): Float32Array {
  const desk = rasterDesk(width, height);
  if (desk === null) return plainMedian3(source, width, height);
  desk.plane(0).set(source);
  desk.kernels.median(width, height, desk.place(0), desk.place(1), desk.row().at);
  return desk.plane(1).slice();
}

/** The same without a kernel. */
export function plainMedian3(source: Float32Array, width: number, height: number): Float32Array {
  const out = new Float32Array(source.length);
  const v = new Float32Array(9);
  for (let y = 0; y < height; y++) {
    const rows = [Math.max(0, y - 1) * width, y * width, Math.min(height - 1, y + 1) * width] as const;
    for (let x = 0; x < width; x++) {
      const left = x > 0 ? x - 1 : 0;
      const right = x < width - 1 ? x + 1 : x;
      for (let j = 0; j < 3; j++) {
        const row = rows[j]!;
        v[3 * j] = source[row + left]!;
        v[3 * j + 1] = source[row + x]!;
        v[3 * j + 2] = source[row + right]!;
      }
      out[y * width + x] = medianOfNine(v);
    }
  }
  return out;
}

/** The classic 19-exchange network for the middle of nine values; `v` is reordered. */
function medianOfNine(v: Float32Array): number {
  sort(v, 1, 2);
  sort(v, 4, 5);
  sort(v, 7, 8);
  sort(v, 0, 1);
  sort(v, 3, 4);
  sort(v, 6, 7);
  sort(v, 1, 2);
  sort(v, 4, 5);
  sort(v, 7, 8);
  sort(v, 0, 3);
  sort(v, 5, 8);
  sort(v, 4, 7);
  sort(v, 3, 6);
  sort(v, 1, 4);
  sort(v, 2, 5);
  sort(v, 4, 7);
  sort(v, 4, 2);
  sort(v, 6, 4);
  sort(v, 4, 2);
  return v[4]!;
}

function sort(v: Float32Array, i: number, j: number): void {
  const a = v[i]!;
  const b = v[j]!;
  if (a > b) {
    v[i] = b;
    v[j] = a;
  }
}
