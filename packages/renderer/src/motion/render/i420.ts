import type { RgbPicture } from '../../contract.ts';

/**
 * sRGB to I420, BT.709 limited range (ITU-R BT.709-6, 8 bits: Y 16..235, U and V 16..240); colour is the mean of 2×2
 * samples. Written to `out`: Y, U, V.
 */
export function toI420(picture: RgbPicture, out: Uint8Array): void {
  const { width, height, data } = picture;
  const luma = width * height;
  const w2 = width >> 1;
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
      out[luma + c] = (128.5 + 0.118349 * (sumB - bright)) | 0;
      out[luma + (luma >> 2) + c] = (128.5 + 0.139452 * (sumR - bright)) | 0;
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
