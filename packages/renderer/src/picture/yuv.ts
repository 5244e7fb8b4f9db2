import type { RgbPicture, YuvPicture } from '../contract.ts';

/** How many bytes an I420 picture of this (even) size takes. */
export function yuvBytes(width: number, height: number): number {
  return (width * height * 3) / 2;
}

/** An empty I420 picture in shared memory, so that render threads can fill it without a copy. */
export function newYuvPicture(width: number, height: number): YuvPicture {
  return { width, height, data: new Uint8Array(new SharedArrayBuffer(yuvBytes(width, height))) };
}

/**
 * Converts BT.709 limited I420 (ITU-R BT.709-6) to sRGB bytes. Chroma samples sit in the middle of their 2×2 block, as the
 * renderer averages them, and are interpolated between those places.
 */
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
