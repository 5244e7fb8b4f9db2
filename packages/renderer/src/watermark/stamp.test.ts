import { describe, expect, test } from 'vitest';
import { newYuvPicture } from '../picture/yuv.ts';
import { blendStamp } from './blend.ts';
import { capitalHeight, makeStamp } from './stamp.ts';
import { watermarkText } from './text.ts';

const SIZES = [
  [1280, 720],
  [1920, 1072],
  [832, 464],
  [240, 1920],
  [224, 1792],
  [2560, 320],
] as const;

describe('watermark', () => {
  test.each(SIZES)(
    'on %i×%i: lower right, at least a twentieth of the short side, white in a shadow',
    async (width, height) => {
      for (const words of ['AI生成', 'AI generated']) {
        const frame = newYuvPicture(width, height);
        frame.data.fill(126, 0, width * height).fill(90, width * height);
        blendStamp(frame, await makeStamp(words, frame));
        const bright = bounds(frame.data, width, height, (luma) => luma > 180);
        const touched = bounds(frame.data, width, height, (luma) => luma !== 126);
        expect(bright.bottom - bright.top + 1).toBeGreaterThanOrEqual(Math.min(width, height) * 0.05);
        expect(bright.left).toBeGreaterThan(width * 0.25);
        expect(bright.top).toBeGreaterThan(height * 0.75);
        expect(bright.right).toBeLessThan(width);
        expect(bright.bottom).toBeLessThan(height);
        // The mark keeps near its corner and leaves the rest of the picture alone.
        expect(width - bright.right).toBeLessThan(Math.max(12, Math.min(width, height) * 0.08));
        expect(touched.top).toBeGreaterThan(height * 0.6);
        const darkest = frame.data.subarray(0, width * height).reduce((least, luma) => Math.min(least, luma));
        expect(darkest).toBeLessThan(110);
      }
    },
  );

  test('chroma goes to grey under the text and nowhere else', async () => {
    const frame = newYuvPicture(320, 240);
    frame.data.fill(40);
    const stamp = await makeStamp('AI生成', frame);
    blendStamp(frame, stamp);
    const chroma = frame.data.subarray(320 * 240);
    expect(Math.max(...chroma)).toBeGreaterThan(110);
    expect(Math.max(...chroma)).toBeLessThanOrEqual(128);
    expect(chroma[0]).toBe(40);
  });

  test('capitals are at least 5 % of the short side at every size', () => {
    for (let side = 64; side <= 2160; side++) expect(capitalHeight(side, side * 2)).toBeGreaterThanOrEqual(side * 0.05);
  });

  test('says which character the font lacks and when words do not fit', async () => {
    await expect(makeStamp('AI 生成 ☃', { width: 640, height: 360 })).rejects.toThrow(/"☃"/);
    await expect(makeStamp('', { width: 640, height: 360 })).rejects.toThrow(/0/);
    await expect(makeStamp('AI generated AI generated AI generated', { width: 240, height: 240 })).rejects.toThrow(
      /does not fit/,
    );
  });

  test.each([
    ['', 'AI生成'],
    ['  ', 'AI生成'],
    ['一只黑色小猫', 'AI生成'],
    ['kitten looks up, 推近', 'AI生成'],
    ['A kitten looks up', 'AI generated'],
    ['ねこ', 'AI generated'],
    ['2026!', 'AI generated'],
  ])('the words for the prompt "%s" are "%s"', (prompt, words) => {
    expect(watermarkText(prompt)).toBe(words);
  });
});

function bounds(data: Uint8Array, width: number, height: number, matches: (luma: number) => boolean) {
  const box = { left: width, top: height, right: -1, bottom: -1 };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!matches(data[y * width + x]!)) continue;
      box.left = Math.min(box.left, x);
      box.right = Math.max(box.right, x);
      box.top = Math.min(box.top, y);
      box.bottom = Math.max(box.bottom, y);
    }
  }
  return box;
}
