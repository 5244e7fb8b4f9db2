import { PAD } from './layout.ts';
import { gather } from './luma.ts';

/** Plain TypeScript twin of the chroma kernel; see FrameKernels.chroma. `width` and `height` are those of a plane of `out`. */
export function chroma(
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
  const field = new Float32Array(buffer, fields, 5 * size);
  for (const which of [0, 1]) {
    const [a, b] = [first, last].map((at) => colourPlane(buffer, width, height, at, which)) as [Uint8Array, Uint8Array];
    const [firstGain, firstOffset, lastGain, lastOffset] = colourTones(buffer, tones, which);
    const result = new Uint8Array(buffer, out + which * size, size);
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
}

/** One colour (0 blue, 1 red) of a picture's padded colour samples, by itself. The size is that of half the picture. */
export function colourPlane(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  colour: number,
  which: number,
): Uint8Array {
  const size = (2 * width + 2 * PAD) * (2 * height + 2 * PAD);
  const both = new Uint8Array(buffer, colour, 2 * size);
  const out = new Uint8Array(size);
  for (let at = 0; at < size; at++) out[at] = both[2 * at + which]!;
  return out;
}

/** Gain and offset of the first picture and of the last in one colour. */
export function colourTones(buffer: ArrayBufferLike, tones: number, which: number): [number, number, number, number] {
  const all = new Float32Array(buffer, tones, 8);
  return [all[4 * which]!, all[4 * which + 1]!, all[4 * which + 2]!, all[4 * which + 3]!];
}
