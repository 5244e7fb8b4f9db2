import type { YuvPicture } from '../contract.ts';

/** How a decoded picture's numbers are to be read. */
export interface Encoding {
  readonly matrix: 'bt601' | 'bt709';
  readonly fullRange: boolean;
}

// Y'CbCr of BT.601 to that of BT.709 (both in -0.5..0.5 chroma): the product of one's inverse and the other's matrix.
const LUMA_FROM_BLUE = -0.118188;
const LUMA_FROM_RED = -0.212685;
const BLUE_FROM_BLUE = 1.01864;
const BLUE_FROM_RED = 0.11462;
const RED_FROM_BLUE = 0.07505;
const RED_FROM_RED = 1.02533;

/** The same colours as BT.709 limited range; what already is that is given back as it is. */
export function toBt709(picture: YuvPicture, { matrix, fullRange }: Encoding): YuvPicture {
  if (matrix === 'bt709' && !fullRange) return picture;
  const { width, height, data } = picture;
  const out = new Uint8Array(data.length);
  const luma = width * height;
  const half = width / 2;
  const [lumaScale, lumaBase, chromaScale] = fullRange ? [219 / 255, 0, 224 / 255] : [1, 16, 1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const chroma = luma + (y >> 1) * half + (x >> 1);
      const bright = (data[at]! - lumaBase) * lumaScale;
      const blue = (data[chroma]! - 128) * chromaScale;
      const red = (data[chroma + luma / 4]! - 128) * chromaScale;
      // Luma has 219 steps where chroma has 224.
      const shift = matrix === 'bt601' ? (LUMA_FROM_BLUE * blue + LUMA_FROM_RED * red) * (219 / 224) : 0;
      out[at] = clamp(16 + bright + shift, 16, 235);
      if (x % 2 !== 0 || y % 2 !== 0) continue;
      const [u, v] =
        matrix === 'bt601'
          ? [BLUE_FROM_BLUE * blue + BLUE_FROM_RED * red, RED_FROM_BLUE * blue + RED_FROM_RED * red]
          : [blue, red];
      out[chroma] = clamp(128 + u, 16, 240);
      out[chroma + luma / 4] = clamp(128 + v, 16, 240);
    }
  }
  return { width, height, data: out };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, Math.round(value)));
}
