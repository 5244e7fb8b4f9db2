import { readCrossed, type TwoPlaces } from './crossed-read.ts';
import { PAD } from './layout.ts';
import { enlargeRow, gather } from './luma.ts';

const PLANES = 11;

/** Plain TypeScript twin of the kernel; see FrameKernels.lumaCrossed. */
export function lumaCrossed(
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
  const field = new Float32Array(buffer, fields, PLANES * size);
  const tables = [0, 1, 2, 3].map((softness) => new Int16Array(buffer, weights + 256 * softness, 128));
  const groups = (w2 + 3) >> 2;
  const marks = new Uint8Array(buffer, fields + 4 * PLANES * size, (groups + 2) * h2);
  const result = new Uint8Array(buffer, out, width * height);
  const line = new Float32Array(PLANES * width);
  const row = (plane: number): Float32Array => line.subarray(plane * width, (plane + 1) * width);
  const inFirst: TwoPlaces = { x0: row(0), y0: row(1), x1: row(4), y1: row(5), share: row(9) };
  const inLast: TwoPlaces = { x0: row(2), y0: row(3), x1: row(6), y1: row(7), share: row(10) };
  const share = row(8);
  const fromFirst = new Float32Array(width);
  const fromLast = new Float32Array(width);
  for (let y = 0; y < height; y++) {
    for (let c = 0; c < PLANES; c++) enlargeRow(field, c * size, w2, h2, y, line, c * width);
    for (let c = 0; c < 8; c++) {
      const offsets = row(c);
      for (let x = 0; x < width; x++) offsets[x] = 2 * offsets[x]! + (c % 2 === 0 ? x : y);
    }
    const tableOf = (column: number): Int16Array => {
      const group = column >= width - 4 ? groups - 1 : column >> 3;
      return tables[marks[(y >> 1) * (groups + 2) + 1 + group]! >> 1]!;
    };
    readCrossed(inFirst, width, (px, py, x) => gather(a, width, height, px, py, tableOf(x)), fromFirst);
    readCrossed(inLast, width, (px, py, x) => gather(b, width, height, px, py, tableOf(x)), fromLast);
    for (let x = 0; x < width; x++) {
      const va = fromFirst[x]! * (firstGain / 1048576) + firstOffset;
      const vb = fromLast[x]! * (lastGain / 1048576) + lastOffset;
      const value = Math.floor(va + (vb - va) * share[x]! + 0.5);
      result[y * width + x] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}
