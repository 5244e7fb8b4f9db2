import { beforeAll, describe, expect, it } from 'vitest';
import type { YuvPicture } from './contract.ts';
import {
  type DrawnPair,
  differences,
  drawnPairs,
  type FramePrint,
  framesOf,
  printOf,
  SIZE,
  TIMES,
} from './testing/frame-print.ts';
import kept from './testing/frame-prints.json' with { type: 'json' };

/**
 * Rendered frames look as they did. If they are meant to look different, look at `bench/sheets.ts` first, then renew the
 * prints: `npx --no-install node packages/renderer/scripts/write-frame-prints.ts`.
 */

const prints: Readonly<Record<string, readonly FramePrint[]>> = kept;
const LUMA = SIZE.width * SIZE.height;

const rendered = new Map<string, Promise<YuvPicture[]>>();

/** Each pair is rendered once, whoever asks first. */
function renderedOf(pair: DrawnPair): Promise<YuvPicture[]> {
  const frames = rendered.get(pair.name) ?? framesOf(pair);
  rendered.set(pair.name, frames);
  return frames;
}

describe('the frames of drawn pairs', { timeout: 60_000 }, () => {
  it.each(drawnPairs())('$name: look as they did', async (pair) => {
    const frames = await renderedOf(pair);
    const wanted = prints[pair.name];
    expect(wanted).toHaveLength(TIMES.length);
    for (const [index, frame] of frames.entries()) {
      expect(differences(printOf(frame), wanted![index]!), `at ${TIMES[index]}`).toEqual([]);
    }
  });
});

/** A defect in the middle of the frame, 48 × 48 samples of luma. */
function damaged({ width, height, data }: YuvPicture, sampleAt: (luma: Uint8Array, x: number, y: number) => number) {
  const out = data.slice();
  const luma = data.slice(0, LUMA);
  for (let y = 56; y < 104; y++) for (let x = 104; x < 152; x++) out[y * width + x] = sampleAt(luma, x, y);
  return { width, height, data: out };
}

const DEFECTS: Readonly<Record<string, (frame: YuvPicture, other: YuvPicture) => YuvPicture>> = {
  'a piece that is shifted by 6 samples': (frame) => damaged(frame, (luma, x, y) => luma[y * SIZE.width + x + 6]!),
  'torn rows': (frame) => damaged(frame, (luma, x, y) => luma[y * SIZE.width + x + (y % 4 < 2 ? 5 : -5)]!),
  'a ghost of another picture': (frame, other) =>
    damaged(frame, (luma, x, y) => Math.round(0.6 * luma[y * SIZE.width + x]! + 0.4 * other.data[y * SIZE.width + x]!)),
  'a blurred piece': (frame) =>
    damaged(frame, (luma, x, y) => {
      let sum = 0;
      for (let dy = -2; dy <= 2; dy++) for (let dx = -2; dx <= 2; dx++) sum += luma[(y + dy) * SIZE.width + x + dx]!;
      return Math.round(sum / 25);
    }),
  'a hole': (frame) => damaged(frame, () => 16),
  'swapped colours': ({ data, ...size }) => {
    const out = data.slice();
    out.set(data.subarray(LUMA, LUMA + LUMA / 4), LUMA + LUMA / 4);
    out.set(data.subarray(LUMA + LUMA / 4), LUMA);
    return { ...size, data: out };
  },
  'a frame of another time': (_, other) => other,
};

describe('the comparison itself', () => {
  let first: YuvPicture;
  let last: YuvPicture;
  let wanted: FramePrint;
  beforeAll(async () => {
    const frames = await renderedOf(drawnPairs().find(({ name }) => name === 'pan')!);
    [first, last] = [frames.at(0)!, frames.at(-1)!];
    wanted = printOf(first);
  }, 60_000);

  it.each(Object.entries(DEFECTS))('sees %s', (_, damage) => {
    expect(differences(printOf(damage(first, last)), wanted)).not.toEqual([]);
  });

  it('does not see other rounding, a grain here and there, or a shift of a twentieth of a sample', () => {
    const changed = (change: (data: Uint8Array, at: number) => number): string[] => {
      const data = first.data.map((_, at) => change(first.data, at));
      return differences(printOf({ ...SIZE, data }), wanted);
    };
    expect(changed((data, at) => data[at]!)).toEqual([]);
    expect(changed((data, at) => Math.min(240, data[at]! + 1))).toEqual([]);
    expect(changed((data, at) => data[at]! + (at % 5 === 0 ? (((at * 2_654_435_761) >>> 16) % 3) - 1 : 0))).toEqual([]);
    expect(changed((data, at) => Math.round(0.95 * data[at]! + 0.05 * (data[at + 1] ?? data[at]!)))).toEqual([]);
  });
});
