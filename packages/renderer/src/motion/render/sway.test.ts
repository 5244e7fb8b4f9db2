import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inbetweener, RgbPicture, View } from '../../contract.ts';
import { openInbetweener } from '../open.ts';
import { photograph, signalToNoise, texturedScene } from '../testing/pictures.ts';
import { toI420 } from './i420.ts';
import { FIVE, sway } from './sway.ts';

const PLAIN: View = { zoom: 1, right: 0, down: 0, roll: 0 };
const WISH = { seed: 1, camera: 'zoom-in' } as const;
const scene = texturedScene(4);
const SIZE = { width: 192, height: 128 };
const LUMA = SIZE.width * SIZE.height;

async function frameOf(pair: Inbetweener, s: number, view?: View): Promise<Uint8Array> {
  const data = new Uint8Array((LUMA * 3) / 2);
  await pair.frame(s, { ...SIZE, data }, view);
  return data;
}

/** Where a view of the whole scene looks, in full-size samples. */
function seenThrough({ zoom, right, down, roll }: View): (x: number, y: number) => [number, number] {
  const [mx, my] = [(SIZE.width - 1) / 2, (SIZE.height - 1) / 2];
  const [cos, sin] = [Math.cos(roll) / zoom, Math.sin(roll) / zoom];
  return (x, y) => [
    mx + cos * (x - mx) - sin * (y - my) + right * SIZE.width,
    my + sin * (x - mx) + cos * (y - my) + down * SIZE.height,
  ];
}

function lumaOf(picture: RgbPicture): Uint8Array {
  const out = new Uint8Array((LUMA * 3) / 2);
  toI420(picture, out);
  return out.subarray(0, LUMA);
}

describe('sway', () => {
  it('changes nothing through the plain view', () => {
    const fields = Float32Array.from({ length: 5 * 48 + 48 }, (_, at) => Math.sin(at));
    const before = fields.slice(0, 5 * 48);
    sway(fields.buffer, 8, 6, 0, FIVE, 4 * 5 * 48, PLAIN);
    for (const [at, value] of before.entries()) expect(fields[at]).toBeCloseTo(value, 5);
  });

  describe('a still picture', () => {
    const picture = photograph(scene, SIZE.width, SIZE.height);
    let pair: Inbetweener;
    beforeAll(async () => {
      pair = await openInbetweener(picture, { ...picture }, WISH, { threads: 1, views: true });
    });
    afterAll(() => pair.close());

    it.each([
      ['looks to the right', { ...PLAIN, right: 0.05 }],
      ['looks down', { ...PLAIN, down: 0.05 }],
      ['comes closer', { ...PLAIN, zoom: 1.1 }],
      ['is turned', { ...PLAIN, zoom: 1.1, roll: 0.05 }],
    ])('is seen by a view that %s as a camera would', async (_, view) => {
      expect(pair.report).toEqual({ mode: 'still', matchConfidence: 1 });
      const seen = lumaOf(photograph(scene, SIZE.width, SIZE.height, seenThrough(view)));
      const found = (await frameOf(pair, 0.5, view)).subarray(0, LUMA);
      expect(inner(found, seen)).toBeGreaterThan(36);
      expect(inner(found, lumaOf(picture))).toBeLessThan(25);
      // Both ends stay the pictures themselves.
      expect((await frameOf(pair, 0, view)).subarray(0, LUMA)).toEqual(lumaOf(picture));
      expect((await frameOf(pair, 1, view)).subarray(0, LUMA)).toEqual(lumaOf(picture));
    });
  });

  it('lies over a transition too, on both its pictures', async () => {
    const first = photograph(texturedScene(5), SIZE.width, SIZE.height);
    const last = photograph(texturedScene(6), SIZE.width, SIZE.height);
    const pair = await openInbetweener(first, last, { seed: 1, camera: 'static' }, { threads: 1, views: true });
    try {
      expect(pair.report.mode).toBe('transition');
      const view = { ...PLAIN, right: 0.05 };
      for (const [s, id] of [
        [0.2, 5],
        [0.8, 6],
      ] as const) {
        const seen = lumaOf(photograph(texturedScene(id), SIZE.width, SIZE.height, seenThrough(view)));
        expect(inner((await frameOf(pair, s, view)).subarray(0, LUMA), seen)).toBeGreaterThan(36);
      }
    } finally {
      await pair.close();
    }
  });
});

/** Likeness of the middle, where no view shows the border. */
function inner(one: Uint8Array, other: Uint8Array): number {
  const cut = (data: Uint8Array): Uint8Array =>
    data.filter((_, at) => {
      const [x, y] = [at % SIZE.width, Math.floor(at / SIZE.width)];
      return x > 20 && x < SIZE.width - 20 && y > 20 && y < SIZE.height - 20;
    });
  return signalToNoise(cut(one), cut(other));
}
