import { describe, expect, test } from 'vitest';
import type { RgbPicture } from '../contract.ts';
import { toI420 } from '../motion/render/i420.ts';
import { newYuvPicture, yuvToRgb } from './yuv.ts';

/** Colour bars at 100 %: R, G, B and the BT.709 limited-range codes every textbook gives for them. */
const BARS: readonly (readonly [string, readonly [number, number, number], readonly [number, number, number]])[] = [
  ['white', [255, 255, 255], [235, 128, 128]],
  ['black', [0, 0, 0], [16, 128, 128]],
  ['red', [255, 0, 0], [63, 102, 240]],
  ['green', [0, 255, 0], [173, 42, 26]],
  ['blue', [0, 0, 255], [32, 240, 118]],
  ['yellow', [255, 255, 0], [219, 16, 138]],
  ['cyan', [0, 255, 255], [188, 154, 16]],
  ['magenta', [255, 0, 255], [78, 214, 230]],
];

describe('colour', () => {
  test.each(BARS)('%s has the BT.709 code', (_name, rgb, [luma, blue, red]) => {
    const frame = newYuvPicture(4, 4);
    toI420(flat(4, 4, rgb), frame.data);
    expect([frame.data[0], frame.data[16], frame.data[20]]).toEqual([luma, blue, red]);
    const back = yuvToRgb(frame).data;
    for (let index = 0; index < back.length; index++) {
      expect(Math.abs(back[index]! - rgb[index % 3]!)).toBeLessThanOrEqual(2);
    }
  });

  test('every grey stays grey, within one level', () => {
    for (let grey = 0; grey < 256; grey++) {
      const frame = newYuvPicture(2, 2);
      toI420(flat(2, 2, [grey, grey, grey]), frame.data);
      const [red, green, blue] = yuvToRgb(frame).data;
      expect(red).toBe(green);
      expect(green).toBe(blue);
      expect(Math.abs(red! - grey)).toBeLessThanOrEqual(1);
    }
  });

  test('a smooth picture comes back within a few levels', () => {
    const width = 32;
    const height = 16;
    const picture = { width, height, data: new Uint8Array(width * height * 3) };
    for (let index = 0; index < width * height; index++) {
      const x = index % width;
      const y = Math.floor(index / width);
      picture.data.set([40 + x * 5, 200 - y * 8, 60 + x * 2 + y * 3], index * 3);
    }
    const frame = newYuvPicture(width, height);
    toI420(picture, frame.data);
    const back = yuvToRgb(frame).data;
    const worst = Math.max(...back.map((value, index) => Math.abs(value - picture.data[index]!)));
    expect(worst).toBeLessThanOrEqual(8);
  });
});

function flat(width: number, height: number, [red, green, blue]: readonly [number, number, number]): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let index = 0; index < data.length; index += 3) data.set([red, green, blue], index);
  return { width, height, data };
}
