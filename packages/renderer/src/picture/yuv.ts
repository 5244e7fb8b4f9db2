import type { RgbPicture, YuvPicture } from '../contract.ts';

/**
 * sRGB bytes to and from BT.709 limited-range 4:2:0, chroma averaged over (and spread from) the middle of each 2×2 block.
 * Factors are ITU-R BT.709's, scaled to 16-bit fixed point; every result is rounded to nearest.
 */

const LUMA_RED = 11966; // 0.2126 × 219/255 × 2^16
const LUMA_GREEN = 40254; // 0.7152 × 219/255 × 2^16
const LUMA_BLUE = 4064; // 0.0722 × 219/255 × 2^16
const BLUE_RED = -6596; // −0.2126 / 1.8556 × 224/255 × 2^16
const BLUE_GREEN = -22189; // −0.7152 / 1.8556 × 224/255 × 2^16
const CHROMA_PEAK = 28784; // 0.5 × 224/255 × 2^16, adjusted by one so that each row of factors sums to zero for grey
const RED_GREEN = -26145; // −0.7152 / 1.5748 × 224/255 × 2^16
const RED_BLUE = -2639; // −0.0722 / 1.5748 × 224/255 × 2^16

/** How many bytes an I420 picture of this (even) size takes. */
export function yuvBytes(width: number, height: number): number {
  return (width * height * 3) / 2;
}

/** An empty I420 picture in shared memory, so that render threads can fill it without a copy. */
export function newYuvPicture(width: number, height: number): YuvPicture {
  return { width, height, data: new Uint8Array(new SharedArrayBuffer(yuvBytes(width, height))) };
}

/** Converts a picture of even sides to BT.709 limited I420. Throws a RangeError on odd sides. */
export function rgbToYuv(picture: RgbPicture): YuvPicture {
  const { width, height, data } = picture;
  if (width % 2 !== 0 || height % 2 !== 0) throw new RangeError(`sides must be even, not ${width}×${height}`);
  const out = new Uint8Array(yuvBytes(width, height));
  const halfWidth = width / 2;
  const blueAt = width * height;
  const redAt = blueAt + blueAt / 4;
  for (let index = 0, source = 0; index < blueAt; index++, source += 3) {
    const sum = LUMA_RED * data[source]! + LUMA_GREEN * data[source + 1]! + LUMA_BLUE * data[source + 2]!;
    out[index] = 16 + ((sum + 0x8000) >> 16);
  }
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const upper = (y * width + x) * 3;
      const lower = upper + width * 3;
      const red = data[upper]! + data[upper + 3]! + data[lower]! + data[lower + 3]!;
      const green = data[upper + 1]! + data[upper + 4]! + data[lower + 1]! + data[lower + 4]!;
      const blue = data[upper + 2]! + data[upper + 5]! + data[lower + 2]! + data[lower + 5]!;
      const index = (y / 2) * halfWidth + x / 2;
      // Sums of four pixels: two more bits of shift.
      out[blueAt + index] = 128 + ((BLUE_RED * red + BLUE_GREEN * green + CHROMA_PEAK * blue + 0x20000) >> 18);
      out[redAt + index] = 128 + ((CHROMA_PEAK * red + RED_GREEN * green + RED_BLUE * blue + 0x20000) >> 18);
    }
  }
  return { width, height, data: out };
}

/** Converts BT.709 limited I420 back to sRGB bytes; chroma is interpolated between block centres, as players do. */
export function yuvToRgb(picture: YuvPicture): RgbPicture {
  const { width, height, data } = picture;
  const out = new Uint8Array(width * height * 3);
  const lumaBytes = width * height;
  const blueRow = new Float32Array(width);
  const redRow = new Float32Array(width);
  const planes = [
    { at: lumaBytes, row: blueRow },
    { at: lumaBytes + lumaBytes / 4, row: redRow },
  ];
  for (let y = 0, target = 0; y < height; y++) {
    for (const plane of planes) spreadChromaRow(data, plane.at, width / 2, height / 2, y, plane.row);
    for (let x = 0; x < width; x++, target += 3) {
      const luma = (data[y * width + x]! - 16) * (255 / 219);
      const blue = blueRow[x]!;
      const red = redRow[x]!;
      out[target] = toByte(luma + red * (1.5748 * (255 / 224)));
      out[target + 1] = toByte(luma - blue * (0.187324 * (255 / 224)) - red * (0.468124 * (255 / 224)));
      out[target + 2] = toByte(luma + blue * (1.8556 * (255 / 224)));
    }
  }
  return { width, height, data: out };
}

/** Interpolates one full-width row of a half-size plane: weights 3/4 and 1/4 both ways, centred on zero. */
function spreadChromaRow(data: Uint8Array, at: number, width: number, height: number, y: number, row: Float32Array) {
  const near = y >> 1;
  const far = Math.min(height - 1, Math.max(0, near + (y % 2 === 0 ? -1 : 1)));
  const nearAt = at + near * width;
  const farAt = at + far * width;
  for (let x = 0; x < width; x++) {
    const before = Math.max(0, x - 1);
    const after = Math.min(width - 1, x + 1);
    const here = 3 * data[nearAt + x]! + data[farAt + x]!;
    row[2 * x] = (3 * here + 3 * data[nearAt + before]! + data[farAt + before]!) / 16 - 128;
    row[2 * x + 1] = (3 * here + 3 * data[nearAt + after]! + data[farAt + after]!) / 16 - 128;
  }
}

function toByte(value: number): number {
  return value <= 0 ? 0 : value >= 255 ? 255 : Math.round(value);
}
