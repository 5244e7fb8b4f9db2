import type { RgbPicture, YuvPicture } from '../contract.ts';

/** An sRGB picture as BT.709 limited I420; chroma is the mean of its 2×2 block. */
export function rgbToYuv({ width, height, data }: RgbPicture): YuvPicture {
  const luma = width * height;
  const out = new Uint8Array((luma * 3) / 2);
  const half = width / 2;
  const blue = new Float64Array(luma / 4);
  const red = new Float64Array(luma / 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * 3;
      const [r, g, b] = [data[at]!, data[at + 1]!, data[at + 2]!];
      const bright = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      out[y * width + x] = Math.round(16 + bright * (219 / 255));
      const chroma = (y >> 1) * half + (x >> 1);
      blue[chroma]! += (b - bright) / 1.8556 / 4;
      red[chroma]! += (r - bright) / 1.5748 / 4;
    }
  }
  for (let index = 0; index < luma / 4; index++) {
    out[luma + index] = Math.round(128 + blue[index]! * (224 / 255));
    out[luma + luma / 4 + index] = Math.round(128 + red[index]! * (224 / 255));
  }
  return { width, height, data: out };
}
