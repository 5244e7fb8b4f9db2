import { PAD } from './layout.ts';
import { gather } from './luma.ts';

/** Plain TypeScript twin of the chroma kernel; see FrameKernels.chroma. `width` and `height` are those of `out`. */
export function chroma(
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
  const size = width * height;
  const padded = (2 * width + 2 * PAD) * (2 * height + 2 * PAD);
  const a = new Uint8Array(buffer, first, padded);
  const b = new Uint8Array(buffer, last, padded);
  const table = new Int16Array(buffer, weights, 128);
  const field = new Float32Array(buffer, fields, 5 * size);
  const result = new Uint8Array(buffer, out, size);
  const read = (plane: Uint8Array, x: number, y: number): number =>
    gather(plane, 2 * width, 2 * height, 2 * x, 2 * y, table);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const va = read(a, x + field[i]!, y + field[size + i]!) * (firstGain / 1048576) + firstOffset;
      const vb = read(b, x + field[2 * size + i]!, y + field[3 * size + i]!) * (lastGain / 1048576) + lastOffset;
      const value = Math.floor(va + (vb - va) * field[4 * size + i]! + 0.5);
      result[i] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}
