import type { RgbPicture } from '../../contract.ts';
import { type ColourDifferences, colourSamples, f } from './colour.ts';

/** sRGB to I420, BT.709 limited range (ITU-R BT.709-6, 8 bits: Y 16..235, U and V 16..240). Written to `out`: Y, U, V. */
export function toI420(picture: RgbPicture, out: Uint8Array): void {
  const { width, height } = picture;
  const size = width * height;
  const { blue, red } = splitPicture(picture, out);
  out.set(colourSamples(blue, width, height, 2), size);
  out.set(colourSamples(red, width, height, 2), size + (size >> 2));
}

/** The shares of luma, and what brings a difference from it into the range of 224 steps. */
const RED = f(0.2126);
const GREEN = f(0.7152);
const BLUE = f(0.0722);
const TO_BLUE = f(0.473396);
const TO_RED = f(0.557808);

/** Writes the luma of a picture to the beginning of `luma` and returns its colour, both BT.709 limited range. */
export function splitPicture({ width, height, data }: RgbPicture, luma: Uint8Array): ColourDifferences {
  const size = width * height;
  const blue = new Float32Array(size);
  const red = new Float32Array(size);
  for (let i = 0, at = 0; i < size; i++, at += 3) {
    const r = data[at]!;
    const g = data[at + 1]!;
    const b = data[at + 2]!;
    // 0.182586 r + 0.614231 g + 0.062007 b + 16.5, in parts of 2^20.
    luma[i] = (191_455 * r + 644_068 * g + 65_019 * b + 17_301_504) >> 20;
    const bright = f(f(f(RED * r) + f(GREEN * g)) + f(BLUE * b));
    blue[i] = f(TO_BLUE * f(b - bright));
    red[i] = f(TO_RED * f(r - bright));
  }
  return { width, height, blue, red };
}

/** Copies a plane into one with `pad` more samples on every side, mirrored (without repeating the border sample). */
export function padMirrored<Samples extends Uint8Array | Uint16Array>(
  source: Samples,
  width: number,
  height: number,
  pad: number,
  out: Samples,
): void {
  const stride = width + 2 * pad;
  for (let y = -pad; y < height + pad; y++) {
    const from = mirror(y, height) * width;
    const to = (y + pad) * stride;
    for (let x = 1; x <= pad; x++) {
      out[to + pad - x] = source[from + mirror(-x, width)]!;
      out[to + pad + width - 1 + x] = source[from + mirror(width - 1 + x, width)]!;
    }
    out.set(source.subarray(from, from + width), to + pad);
  }
}

/** Folds a coordinate into 0..length-1 by reflection at both ends, as often as needed. */
function mirror(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const folded = ((at % period) + period) % period;
  return folded < length ? folded : period - folded;
}
