import { describe, expect, it } from 'vitest';
import type { PairReport, RgbPicture } from '../contract.ts';
import { openInbetweener } from './open.ts';
import { toI420 } from './render/i420.ts';
import { mapSamples, photograph, signalToNoise, texturedScene } from './testing/pictures.ts';

/** Pairs that no camera takes (renderer study, §3f): they must dissolve or move sensibly, never fold or tear. */

const scene = texturedScene(1);

/** The luma of the middle frame, without a camera move of its own, by four readings or two. */
async function middleOf(first: RgbPicture, last: RgbPicture, fast = false): Promise<[Uint8Array, PairReport]> {
  const { width, height } = first;
  const pair = await openInbetweener(first, last, { seed: 1, camera: 'static' }, { threads: 1, fast });
  try {
    const data = new Uint8Array((width * height * 3) / 2);
    await pair.frame(0.5, { width, height, data });
    return [data.subarray(0, width * height), pair.report];
  } finally {
    await pair.close();
  }
}

function lumaOf(picture: RgbPicture): Uint8Array {
  const data = new Uint8Array((picture.width * picture.height * 3) / 2);
  toI420(picture, data);
  return data.subarray(0, picture.width * picture.height);
}

/** An equal mix of both in linear light. */
function dissolved(first: RgbPicture, last: RgbPicture): Uint8Array {
  return lumaOf(
    mapSamples(first, (value, i) => 255 * (0.5 * ((value / 255) ** 2.2 + (last.data[i]! / 255) ** 2.2)) ** (1 / 2.2)),
  );
}

describe('strange pairs', () => {
  const picture = photograph(scene, 160, 96);

  it('dissolves a mirrored copy instead of folding it through a line', async () => {
    const mirrored = photograph(scene, 160, 96, (x, y) => [159 - x, y]);
    const [middle, { mode }] = await middleOf(picture, mirrored);
    expect(mode).toBe('transition');
    expect(signalToNoise(middle, dissolved(picture, mirrored))).toBeGreaterThan(35);
  });

  it('dissolves a negative', async () => {
    const negative = mapSamples(picture, (value) => 255 - value);
    const [middle, { mode }] = await middleOf(picture, negative);
    expect(mode).toBe('transition');
    expect(signalToNoise(middle, dissolved(picture, negative))).toBeGreaterThan(35);
  });

  it.each([
    ['four readings', false],
    ['two readings', true],
  ])('moves by half a sample when shifted by one, with %s', async (_, fast) => {
    const [middle] = await middleOf(
      picture,
      photograph(scene, 160, 96, (x, y) => [x + 1, y]),
      fast,
    );
    const truth = lumaOf(photograph(scene, 160, 96, (x, y) => [x + 0.5, y]));
    expect(signalToNoise(middle, truth)).toBeGreaterThan(40);
  });

  it.each([
    ['wide', 512, 16],
    ['tall', 16, 512],
  ])('moves a very %s picture', async (_, width, height) => {
    const at = (shift: number): RgbPicture =>
      photograph(scene, width, height, (x, y) => (width > height ? [x + shift, y] : [x, y + shift]));
    const [middle] = await middleOf(at(0), at(6));
    expect(signalToNoise(middle, lumaOf(at(3)))).toBeGreaterThan(25);
  });

  it('follows a move in other light', async () => {
    const last = mapSamples(
      photograph(scene, 160, 96, (x, y) => [x + 8, y + 2]),
      (value) => 0.6 * value + 20,
    );
    const truth = mapSamples(
      photograph(scene, 160, 96, (x, y) => [x + 4, y + 1]),
      (value) => 0.8 * value + 10,
    );
    const [middle, { mode }] = await middleOf(picture, last);
    expect(mode).toBe('morph');
    expect(signalToNoise(middle, lumaOf(truth))).toBeGreaterThan(32);
  });
});
