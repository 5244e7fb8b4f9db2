import type { RgbPicture } from '../../contract.ts';

/**
 * sRGB to I420, BT.709 limited range (ITU-R BT.709-6, 8 bits: Y 16..235, U and V 16..240). Written to `out`: Y, U, V.
 * Colour samples sit in the middle of their 2×2 block. They are not plain means: they are such that colour, interpolated
 * back to full size, has those means. That undoes the interpolation's blur and saves 1 to 6 dB of colour edges.
 */
export function toI420(picture: RgbPicture, out: Uint8Array): void {
  const { width, height, data } = picture;
  const luma = width * height;
  const w2 = width >> 1;
  const h2 = height >> 1;
  const blue = new Float32Array(w2 * h2);
  const red = new Float32Array(w2 * h2);
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      let sumR = 0;
      let sumG = 0;
      let sumB = 0;
      for (let corner = 0; corner < 4; corner++) {
        const at = (y + (corner >> 1)) * width + x + (corner & 1);
        const r = data[3 * at]!;
        const g = data[3 * at + 1]!;
        const b = data[3 * at + 2]!;
        out[at] = (0.182586 * r + 0.614231 * g + 0.062007 * b + 16.5) | 0;
        sumR += r;
        sumG += g;
        sumB += b;
      }
      const bright = 0.2126 * sumR + 0.7152 * sumG + 0.0722 * sumB;
      const c = (y >> 1) * w2 + (x >> 1);
      blue[c] = 0.118349 * (sumB - bright);
      red[c] = 0.139452 * (sumR - bright);
    }
  }
  writeColour(blue, w2, h2, out, luma);
  writeColour(red, w2, h2, out, luma + (luma >> 2));
}

/** How often what interpolation and averaging lose is added back; more gains nothing visible. */
const CORRECTIONS = 3;

/** Writes a colour difference (around 0), given its 2×2 means, so that its interpolation has those means. */
function writeColour(means: Float32Array, width: number, height: number, out: Uint8Array, at: number): void {
  const sharp = means.slice();
  const across = new Float32Array(means.length);
  const averaged = new Float32Array(means.length);
  for (let round = 0; round < CORRECTIONS; round++) {
    // Interpolating by 1/4 and 3/4 and averaging 2×2 samples is this filter in either direction.
    smooth(sharp, across, width, height, 1, width);
    smooth(across, averaged, width, height, width, height);
    for (let i = 0; i < sharp.length; i++) sharp[i]! += means[i]! - averaged[i]!;
  }
  for (let i = 0; i < sharp.length; i++) {
    const value = Math.floor(128.5 + sharp[i]!);
    out[at + i] = value < 0 ? 0 : value > 255 ? 255 : value;
  }
}

/** 1/8, 3/4, 1/8 along one axis (`step` samples apart, `length` of them), borders replicated. */
function smooth(source: Float32Array, out: Float32Array, width: number, height: number, step: number, length: number) {
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const place = step === 1 ? x : y;
      const before = place > 0 ? i - step : i;
      const after = place < length - 1 ? i + step : i;
      out[i] = 0.75 * source[i]! + 0.125 * (source[before]! + source[after]!);
    }
  }
}

/** Copies a plane into one with `pad` more samples on every side, mirrored (without repeating the border sample). */
export function padMirrored(source: Uint8Array, width: number, height: number, pad: number, out: Uint8Array): void {
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
