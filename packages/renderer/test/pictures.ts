import { join } from 'node:path';
import sharp from 'sharp';
import type { RgbPicture } from '../src/contract.ts';

/** Writes two different, smooth pictures of this size as PNG files and gives their paths and pixels. */
export async function writePair(
  folder: string,
  width: number,
  height: number,
): Promise<{ first: string; last: string; pictures: readonly [RgbPicture, RgbPicture] }> {
  const pictures = [paint(width, height, 0), paint(width, height, 1.7)] as const;
  const paths: string[] = [];
  for (const [index, picture] of pictures.entries()) {
    const path = join(folder, `picture-${width}x${height}-${index}.png`);
    await sharp(picture.data, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(path);
    paths.push(path);
  }
  const [first = '', last = ''] = paths;
  return { first, last, pictures };
}

function paint(width: number, height: number, phase: number): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at += 3) {
      data[at] = 128 + 90 * Math.sin(x / 17 + phase);
      data[at + 1] = 128 + 90 * Math.sin(y / 13 + 2 * phase);
      data[at + 2] = 128 + 90 * Math.cos((x + y) / 23 - phase);
    }
  }
  return { width, height, data };
}
