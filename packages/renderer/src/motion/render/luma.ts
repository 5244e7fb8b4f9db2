import { PAD } from './layout.ts';

/** Plain TypeScript twin of the luma kernel; see FrameKernels.luma. */
export function luma(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  first: number,
  last: number,
  fields: number,
  weights: number,
  firstGain: number,
  firstOffset: number,
  lastGain: number,
  lastOffset: number,
  out: number,
): void {
  const w2 = width >> 1;
  const h2 = height >> 1;
  const size = w2 * h2;
  const padded = (width + 2 * PAD) * (height + 2 * PAD);
  const a = new Uint8Array(buffer, first, padded);
  const b = new Uint8Array(buffer, last, padded);
  const field = new Float32Array(buffer, fields, 5 * size);
  const table = new Int16Array(buffer, weights, 128);
  const result = new Uint8Array(buffer, out, width * height);
  const line = new Float32Array(5 * width);
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < 5; c++) enlargeRow(field, c * size, w2, h2, y, line, c * width);
    for (let x = 0; x < width; x++) {
      const va = gather(a, width, height, x + 2 * line[x]!, y + 2 * line[width + x]!, table);
      const vb = gather(b, width, height, x + 2 * line[2 * width + x]!, y + 2 * line[3 * width + x]!, table);
      const ga = va * (firstGain / 1048576) + firstOffset;
      const gb = vb * (lastGain / 1048576) + lastOffset;
      const value = Math.floor(ga + (gb - ga) * line[4 * width + x]! + 0.5);
      result[y * width + x] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

/** Row `y` of the full-resolution field: bilinear, centres aligned (weights 1/4 and 3/4). */
export function enlargeRow(
  field: Float32Array,
  base: number,
  w2: number,
  h2: number,
  y: number,
  line: Float32Array,
  to: number,
): void {
  const near = y >> 1;
  const far = y & 1 ? Math.min(h2 - 1, near + 1) : Math.max(0, near - 1);
  const n = base + near * w2;
  const f = base + far * w2;
  for (let k = 0; k < w2; k++) {
    const before = k > 0 ? k - 1 : 0;
    const after = k < w2 - 1 ? k + 1 : k;
    const centre = 0.75 * field[n + k]! + 0.25 * field[f + k]!;
    line[to + 2 * k] = 0.75 * centre + 0.25 * (0.75 * field[n + before]! + 0.25 * field[f + before]!);
    line[to + 2 * k + 1] = 0.75 * centre + 0.25 * (0.75 * field[n + after]! + 0.25 * field[f + after]!);
  }
}

/** Mirrors a coordinate at both borders (once), then clamps. */
export function reflect(x: number, last: number): number {
  const mirrored = last - Math.abs(last - Math.abs(x));
  return mirrored > 0 ? mirrored : 0;
}

/** Bicubic value × 1048576 at (x, y), positions rounded to 1/32 sample. */
export function gather(
  plane: Uint8Array,
  width: number,
  height: number,
  x: number,
  y: number,
  table: Int16Array,
): number {
  const qx = Math.floor(reflect(x, width - 1) * 32 + 0.5);
  const qy = Math.floor(reflect(y, height - 1) * 32 + 0.5);
  const stride = width + 2 * PAD;
  const tx = (qx & 31) * 4;
  const ty = (qy & 31) * 4;
  let at = ((qy >> 5) + PAD - 1) * stride + (qx >> 5) + PAD - 1;
  let sum = 0;
  for (let j = 0; j < 4; j++, at += stride) {
    const row =
      table[tx]! * plane[at]! +
      table[tx + 1]! * plane[at + 1]! +
      table[tx + 2]! * plane[at + 2]! +
      table[tx + 3]! * plane[at + 3]!;
    sum += table[ty + j]! * row;
  }
  return sum;
}
