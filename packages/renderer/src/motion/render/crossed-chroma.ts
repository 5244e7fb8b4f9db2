import { colourPlane, colourTones } from './chroma.ts';
import { readCrossed, type TwoPlaces } from './crossed-read.ts';
import { gather } from './luma.ts';

const PLANES = 11;

/** Plain TypeScript twin of the kernel; see FrameKernels.chromaCrossed. `width` and `height` are those of a plane of `out`. */
export function chromaCrossed(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  first: number,
  last: number,
  fields: number,
  weights: number,
  tones: number,
  out: number,
): void {
  const size = width * height;
  const table = new Int16Array(buffer, weights, 128);
  const field = new Float32Array(buffer, fields, PLANES * size);
  const line = new Float32Array(PLANES * width);
  const row = (plane: number): Float32Array => line.subarray(plane * width, (plane + 1) * width);
  const inFirst: TwoPlaces = { x0: row(0), y0: row(1), x1: row(4), y1: row(5), share: row(9) };
  const inLast: TwoPlaces = { x0: row(2), y0: row(3), x1: row(6), y1: row(7), share: row(10) };
  const fromFirst = new Float32Array(width);
  const fromLast = new Float32Array(width);
  for (const which of [0, 1]) {
    const [a, b] = [first, last].map((at) => colourPlane(buffer, width, height, at, which)) as [Uint8Array, Uint8Array];
    const [firstGain, firstOffset, lastGain, lastOffset] = colourTones(buffer, tones, which);
    const result = new Uint8Array(buffer, out + which * size, size);
    for (let y = 0; y < height; y++) {
      for (let c = 0; c < PLANES; c++) {
        const start = c < 8 ? (c % 2 === 0 ? null : y) : 0;
        for (let x = 0; x < width; x++) line[c * width + x] = field[c * size + y * width + x]! + (start ?? x);
      }
      readCrossed(inFirst, width, (x, y) => gather(a, 2 * width, 2 * height, 2 * x, 2 * y, table), fromFirst);
      readCrossed(inLast, width, (x, y) => gather(b, 2 * width, 2 * height, 2 * x, 2 * y, table), fromLast);
      for (let x = 0; x < width; x++) {
        const va = fromFirst[x]! * (firstGain / 1048576) + firstOffset;
        const vb = fromLast[x]! * (lastGain / 1048576) + lastOffset;
        const value = Math.floor(va + (vb - va) * line[8 * width + x]! + 0.5);
        result[y * width + x] = value < 0 ? 0 : value > 255 ? 255 : value;
      }
    }
  }
}
