import { describe, expect, it } from 'vitest';
import type { Inbetweener, MotionWish, RgbPicture } from '../contract.ts';
import { openInbetweener } from './open.ts';
import { toI420 } from './render/i420.ts';
import { mapSamples, photograph, signalToNoise, texturedScene } from './testing/pictures.ts';

const WISH: MotionWish = { seed: 3, camera: 'zoom-in' };
const scene = texturedScene(1);

async function withPair<T>(
  first: RgbPicture,
  last: RgbPicture,
  use: (pair: Inbetweener) => Promise<T>,
  // Each thread is a start of its own, which costs more than these small pictures do.
  threads = 1,
  wish = WISH,
): Promise<T> {
  const pair = await openInbetweener(first, last, wish, { threads });
  try {
    return await use(pair);
  } finally {
    await pair.close();
  }
}

async function frameAt(pair: Inbetweener, s: number, size: RgbPicture, isShared = false): Promise<Uint8Array> {
  const bytes = (size.width * size.height * 3) / 2;
  const data = isShared ? new Uint8Array(new SharedArrayBuffer(bytes)) : new Uint8Array(bytes);
  await pair.frame(s, { width: size.width, height: size.height, data });
  return data;
}

function converted(picture: RgbPicture): Uint8Array {
  const out = new Uint8Array((picture.width * picture.height * 3) / 2);
  toI420(picture, out);
  return out;
}

describe('openInbetweener', () => {
  it('moves a shifted picture through its middle and ends exactly on the pictures', async () => {
    const first = photograph(scene, 192, 128);
    const last = photograph(scene, 192, 128, (x, y) => [x + 12, y - 4]);
    const middle = converted(photograph(scene, 192, 128, (x, y) => [x + 6, y - 2]));
    await withPair(first, last, async (pair) => {
      expect(pair.report.mode).toBe('morph');
      expect(pair.report.matchConfidence).toBeGreaterThan(0.5);
      expect(await frameAt(pair, 0, first)).toEqual(converted(first));
      expect(await frameAt(pair, 1, first)).toEqual(converted(last));
      expect(signalToNoise(await frameAt(pair, 0.5, first), middle)).toBeGreaterThan(36);
    });
  });

  it('follows a camera that zooms and rolls', async () => {
    const turn =
      (zoom: number, angle: number) =>
      (x: number, y: number): [number, number] => {
        const c = Math.cos(angle) / zoom;
        const s = Math.sin(angle) / zoom;
        return [128 + c * (x - 128) - s * (y - 96), 96 + s * (x - 128) + c * (y - 96)];
      };
    const first = photograph(scene, 256, 192);
    const last = photograph(scene, 256, 192, turn(1.2, 0.2));
    // The middle of straight paths: half way between the identity and the whole turn.
    const half = Math.hypot(0.5 + 0.5 * 1.2 * Math.cos(0.2), 0.5 * 1.2 * Math.sin(0.2));
    const angle = Math.atan2(0.6 * Math.sin(0.2), 0.5 + 0.6 * Math.cos(0.2));
    const middle = converted(photograph(scene, 256, 192, turn(half, angle)));
    const luma = 256 * 192;
    await withPair(first, last, async (pair) => {
      const found = await frameAt(pair, 0.5, first);
      expect(signalToNoise(found.subarray(0, luma), middle.subarray(0, luma))).toBeGreaterThan(30);
    });
  });

  it('follows a thing that moves further than it is wide, in front of what it passes', async () => {
    const thing = texturedScene(9);
    const at =
      (s: number) =>
      (x: number, y: number): [number, number] => {
        const [dx, dy] = [x - 50 - 90 * s, y - 70 + 20 * s];
        // Far outside the background's own part of the scene, so that the thing has a texture of its own.
        return dx * dx + dy * dy < 30 * 30 ? [dx + 5000, dy + 3000] : [x, y];
      };
    const both: typeof scene = (x, y, channel) => (x > 2000 ? thing(x, y, channel) : scene(x, y, channel));
    const [first, middle, last] = [0, 0.5, 1].map((s) => photograph(both, 320, 192, at(s))) as [
      RgbPicture,
      RgbPicture,
      RgbPicture,
    ];
    await withPair(first, last, async (pair) => {
      const [found, wanted] = [await frameAt(pair, 0.5, first), converted(middle)];
      const inside = (frame: Uint8Array): Uint8Array =>
        Uint8Array.from({ length: 32 * 32 }, (_, i) => frame[(44 + (i >> 5)) * 320 + 79 + (i & 31)] ?? 0);
      expect(signalToNoise(inside(found), inside(wanted))).toBeGreaterThan(40);
    });
  });

  it('gives the same bytes whatever the number of threads and the kind of buffer', async () => {
    const first = photograph(scene, 128, 96);
    const last = photograph(scene, 128, 96, (x, y) => [x * 1.05 + 5, y * 0.98]);
    const frames = (pair: Inbetweener): Promise<Uint8Array[]> =>
      Promise.all([0.2, 0.4, 0.6, 0.8].map((s, i) => frameAt(pair, s, first, i % 2 === 1)));
    const one = await withPair(first, last, frames, 1);
    const three = await withPair(first, last, frames, 3);
    expect(three.map((frame) => Array.from(frame))).toEqual(one.map((frame) => Array.from(frame)));
  });

  it('dissolves cleanly between pictures that have nothing in common', async () => {
    const first = photograph(texturedScene(5), 160, 96);
    const last = photograph(texturedScene(6), 160, 96);
    await withPair(
      first,
      last,
      async (pair) => {
        expect(pair.report.mode).toBe('transition');
        const linear = (value: number): number => (value / 255) ** 2.2;
        const mixed = { ...first, data: new Uint8Array(first.data.length) };
        for (let i = 0; i < mixed.data.length; i++) {
          mixed.data[i] = 255 * (0.5 * (linear(first.data[i] ?? 0) + linear(last.data[i] ?? 0))) ** (1 / 2.2);
        }
        expect(signalToNoise(await frameAt(pair, 0.5, first), converted(mixed))).toBeGreaterThan(35);
      },
      1,
      { seed: 1, camera: 'static' },
    );
  });

  it('knows a still picture', async () => {
    const picture = photograph(scene, 64, 48);
    await withPair(picture, { ...picture, data: picture.data.slice() }, async (pair) => {
      expect(pair.report).toEqual({ mode: 'still', matchConfidence: 1 });
      expect(await frameAt(pair, 0.37, picture)).toEqual(converted(picture));
    });
  });

  it('keeps the geometry when only the brightness changes', async () => {
    const first = photograph(scene, 192, 128);
    const last = mapSamples(first, (value) => value * 0.5);
    const middle = converted(mapSamples(first, (value) => value * 0.75));
    await withPair(first, last, async (pair) => {
      expect(pair.report.mode).toBe('morph');
      expect(signalToNoise(await frameAt(pair, 0.5, first), middle)).toBeGreaterThan(38);
    });
  });

  it('never folds a mirrored picture', async () => {
    const first = photograph(scene, 192, 128);
    const last = photograph(scene, 192, 128, (x, y) => [191 - x, y]);
    await withPair(first, last, async (pair) => {
      expect(pair.report.mode).not.toBe('camera');
      expect(pair.report.matchConfidence).toBeLessThan(0.3);
    });
  });

  it.each([
    ['16x16 texture', photograph(scene, 16, 16), photograph(scene, 16, 16, (x, y) => [x + 2, y])],
    ['18x16 unrelated', photograph(scene, 18, 16), photograph(texturedScene(9), 18, 16)],
    ['flat to flat', photograph(() => 40, 64, 64), photograph(() => 200, 64, 64)],
    ['flat to texture', photograph(() => 255, 96, 64), photograph(scene, 96, 64)],
    ['inverted', photograph(scene, 96, 64), mapSamples(photograph(scene, 96, 64), (value) => 255 - value)],
    ['4:1', photograph(scene, 256, 64), photograph(scene, 256, 64, (x, y) => [x + 9, y])],
    ['tall', photograph(scene, 32, 128), photograph(scene, 32, 128, (x, y) => [x, y + 9])],
  ])('survives %s', async (_, first, last) => {
    await withPair(first, last, async (pair) => {
      expect(pair.report.matchConfidence).toBeGreaterThanOrEqual(0);
      for (const s of [1e-6, 0.3, 0.5, 1 - 1e-6]) {
        const frame = await frameAt(pair, s, first);
        const lows = frame.subarray(0, first.width * first.height).reduce((low, value) => Math.min(low, value), 255);
        expect(lows).toBeGreaterThanOrEqual(10);
      }
    });
  });

  it('stops at once when aborted and refuses to work when closed', async () => {
    const first = photograph(scene, 128, 96);
    const last = photograph(scene, 128, 96, (x, y) => [x + 30, y]);
    const controller = new AbortController();
    const opening = openInbetweener(first, last, WISH, {
      threads: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(opening).rejects.toThrow('enough');
    const small = photograph(scene, 32, 32);
    const pair = await openInbetweener(
      small,
      photograph(scene, 32, 32, (x, y) => [x + 1, y]),
      WISH,
      { threads: 1 },
    );
    await pair.close();
    await pair.close();
    await expect(frameAt(pair, 0.5, small)).rejects.toThrow('closed');
  });

  it('reports growing progress and rejects pictures it cannot join', async () => {
    const first = photograph(scene, 64, 64);
    const seen: number[] = [];
    const pair = await openInbetweener(
      first,
      photograph(scene, 64, 64, (x, y) => [x + 1, y]),
      WISH,
      {
        threads: 1,
        onProgress: (fraction) => seen.push(fraction),
      },
    );
    await pair.close();
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
    await expect(openInbetweener(first, photograph(scene, 64, 62), WISH, { threads: 1 })).rejects.toThrow('one size');
    const odd = photograph(scene, 63, 64);
    await expect(openInbetweener(odd, odd, WISH, { threads: 1 })).rejects.toThrow('even');
  });
});
