import sharp from 'sharp';
import type { YuvPicture } from '../contract.ts';

/** Small enough that grain, compression and a pixel's shift do not count, large enough to tell two scenes apart. */
const WIDTH = 64;
const HEIGHT = 36;

/** A luma picture of 64×36, row by row, 0..255. */
export type Glimpse = Float64Array;

/** A tall or wide picture is squeezed into the same 64×36: both sides of a comparison are. */
export async function glimpseOfFile(path: string): Promise<Glimpse> {
  const rgb = await sharp(path)
    .removeAlpha()
    .toColourspace('srgb')
    .resize(WIDTH, HEIGHT, { fit: 'fill', kernel: 'lanczos2' })
    .raw()
    .toBuffer();
  // BT.709 luma of the encoded values, as in a video; sharp's own grey is another one.
  const luma = (at: number) => 0.2126 * (rgb[at] ?? 0) + 0.7152 * (rgb[at + 1] ?? 0) + 0.0722 * (rgb[at + 2] ?? 0);
  return Float64Array.from({ length: WIDTH * HEIGHT }, (_, index) => luma(index * 3));
}

export async function glimpseOf({ width, height, data }: YuvPicture): Promise<Glimpse> {
  const luma = Buffer.from(data.subarray(0, width * height));
  const small = await sharp(luma, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .resize(WIDTH, HEIGHT, { fit: 'fill', kernel: 'lanczos2' })
    .raw()
    .toBuffer();
  // Limited range to the 0..255 of a PNG.
  return Float64Array.from({ length: WIDTH * HEIGHT }, (_, index) => ((small[index] ?? 16) - 16) * (255 / 219));
}

/** Gain and offset may explain this much and no more, or any picture could be faded into any other. */
const GAIN = { low: 0.7, high: 1.4 };
const OFFSET = 40;

/**
 * Mean absolute difference after the best gain and offset of `one` (least squares). With `masked`, the lower right, where a
 * watermark may stand, does not count.
 */
export function distance(one: Glimpse, other: Glimpse, masked: boolean): number {
  const places = [...one.keys()].filter((index) => !masked || !isCorner(index));
  const mean = (of: Glimpse) => places.reduce((sum, at) => sum + (of[at] ?? 0), 0) / places.length;
  const [meanOne, meanOther] = [mean(one), mean(other)];
  let together = 0;
  let own = 0;
  for (const at of places) {
    together += ((one[at] ?? 0) - meanOne) * ((other[at] ?? 0) - meanOther);
    own += ((one[at] ?? 0) - meanOne) ** 2;
  }
  const gain = own === 0 ? 1 : Math.min(GAIN.high, Math.max(GAIN.low, together / own));
  const offset = Math.min(OFFSET, Math.max(-OFFSET, meanOther - gain * meanOne));
  return (
    places.reduce((sum, at) => sum + Math.abs(gain * (one[at] ?? 0) + offset - (other[at] ?? 0)), 0) / places.length
  );
}

/** The lower right 45 % × 20 %: both languages' words, with their margin. */
function isCorner(index: number): boolean {
  return index % WIDTH >= WIDTH * 0.55 && Math.floor(index / WIDTH) >= HEIGHT * 0.8;
}
