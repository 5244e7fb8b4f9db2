import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode, lumaPsnr } from '../../test/decode.ts';
import type { Mode, RgbPicture } from '../contract.ts';
import { openInbetweener } from '../motion/open.ts';
import { seededRandom } from '../motion/random.ts';
import { toI420 } from '../motion/render/i420.ts';
import { mapSamples, photograph, type Scene, signalToNoise, texturedScene } from '../motion/testing/pictures.ts';
import { readPicture } from '../picture/files.ts';
import { renderFramesWith } from './render-frames.ts';
import { renderVideoWith } from './render-video.ts';

/** Pairs that nobody means, through the whole pipeline with the real renderer: sensible pictures, never a fold or a hole. */

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strange-pairs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const scene = texturedScene(1);
const draw = (width: number, height: number, what: Scene = scene, camera?: Parameters<typeof photograph>[3]) =>
  photograph(what, width, height, camera);
const still = draw(160, 96);

interface StrangePair {
  readonly first: RgbPicture;
  readonly last: RgbPicture;
  readonly modes: readonly Mode[];
}

const PAIRS: Readonly<Record<string, StrangePair>> = {
  'the smallest': {
    first: draw(16, 16),
    last: draw(16, 16, scene, (x, y) => [x + 2, y]),
    modes: ['morph', 'transition'],
  },
  'eight times as wide as high': {
    first: draw(256, 32),
    last: draw(256, 32, scene, (x, y) => [x + 9, y]),
    modes: ['morph', 'camera', 'transition'],
  },
  'eight times as high as wide': {
    first: draw(32, 256),
    last: draw(32, 256, scene, (x, y) => [x, y + 9]),
    modes: ['morph', 'camera', 'transition'],
  },
  'the same picture': { first: still, last: still, modes: ['still'] },
  'nearly the same picture': {
    first: still,
    last: mapSamples(still, (value, at) => value + (at % 7 === 0 ? 1 : 0)),
    modes: ['morph'],
  },
  'one colour and another': {
    first: draw(96, 64, () => 40),
    last: draw(96, 64, () => 200),
    modes: ['morph', 'transition'],
  },
  'one colour and a scene': { first: draw(96, 64, () => 255), last: draw(96, 64), modes: ['transition'] },
  'black and white': { first: draw(96, 64, () => 0), last: draw(96, 64, () => 255), modes: ['morph', 'transition'] },
  mirrored: { first: still, last: draw(160, 96, scene, (x, y) => [159 - x, y]), modes: ['morph', 'transition'] },
  'upside down': {
    first: still,
    last: draw(160, 96, scene, (x, y) => [159 - x, 95 - y]),
    modes: ['morph', 'transition'],
  },
  'half as bright': { first: still, last: mapSamples(still, (value) => value / 2), modes: ['morph'] },
  inverted: { first: still, last: mapSamples(still, (value) => 255 - value), modes: ['morph', 'transition'] },
  'noise and other noise': { first: noise(1), last: noise(2), modes: ['transition', 'morph'] },
};

/** Grey, because 4:2:0 has no colour of single samples. */
function noise(seed: number): RgbPicture {
  const random = seededRandom(seed);
  const grey = Uint8Array.from({ length: 96 * 64 }, () => 255 * random());
  return {
    width: 96,
    height: 64,
    data: Uint8Array.from({ length: 3 * grey.length }, (_, at) => grey[Math.floor(at / 3)]!),
  };
}

async function save(picture: RgbPicture, name: string): Promise<string> {
  const path = join(folder, name);
  await sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } }).toFile(path);
  return path;
}

const REST = { seed: 1, prompt: '', negativePrompt: '', threads: 2 } as const;

describe('a strange pair', { timeout: 60_000 }, () => {
  it.each(Object.entries(PAIRS))('%s', async (name, { first, last, modes }) => {
    const stem = name.replaceAll(' ', '-');
    const pair = { first: await save(first, `${stem}-a.png`), last: await save(last, `${stem}-b.png`) };
    const series = { ...REST, ...pair, folder, frames: 9, ease: 'linear' } as const;
    const report = await renderFramesWith(openInbetweener, series);
    expect(modes).toContain(report.mode);
    expect(report.matchConfidence).toBeGreaterThanOrEqual(0);
    expect(report.matchConfidence).toBeLessThanOrEqual(1);
    const frames = await Promise.all(report.files.map(readPicture));
    expect(frames[0]?.data).toEqual(first.data);
    expect(frames[8]?.data).toEqual(last.data);
    judgeSeries(frames);
  });

  it('half as bright: the middle is in between, and nothing moves', async () => {
    const { first, last } = PAIRS['half as bright'] as StrangePair;
    const pair = { first: await save(first, 'bright.png'), last: await save(last, 'dark.png') };
    const { files } = await renderFramesWith(openInbetweener, { ...REST, ...pair, folder, frames: 3, ease: 'linear' });
    const middle = await readPicture(files[1] ?? '');
    expect(signalToNoise(middle.data, mapSamples(first, (value) => value * 0.75).data)).toBeGreaterThan(32);
  });

  it.each(['the smallest', 'eight times as wide as high', 'inverted'])('as a video: %s', async (name) => {
    const { first, last } = PAIRS[name] as StrangePair;
    const pair = { first: await save(first, 'va.png'), last: await save(last, 'vb.png') };
    const video = join(folder, 'strange.mp4');
    const plan = { ...REST, ...pair, video, fps: 30, frames: 12, encoder: { kind: 'builtin' } } as const;
    await renderVideoWith(openInbetweener, plan);
    const { width, height } = first;
    const { frames } = await decode(video, width, height);
    expect(frames).toHaveLength(12);
    for (const [frame, picture] of [
      [frames[0], first],
      [frames[11], last],
    ] as const) {
      const wanted = new Uint8Array((width * height * 3) / 2);
      toI420(picture, wanted);
      expect(lumaPsnr(frame ?? new Uint8Array(), wanted, width, height)).toBeGreaterThan(34);
    }
  });
});

/** No sample outside what both pictures have, no jump, no more edges than the pictures have. */
function judgeSeries(frames: readonly RgbPicture[]): void {
  const ends = [frames[0]!, frames.at(-1)!] as const;
  const range = (picture: RgbPicture): [number, number] => [
    picture.data.reduce((least, value) => Math.min(least, value), 255),
    picture.data.reduce((most, value) => Math.max(most, value), 0),
  ];
  const least = Math.min(range(ends[0])[0], range(ends[1])[0]);
  const most = Math.max(range(ends[0])[1], range(ends[1])[1]);
  const changes: number[] = [];
  for (const [index, frame] of frames.entries()) {
    const [low, high] = range(frame);
    // 4:2:0 moves colour over an edge, and bicubic samples overshoot it.
    expect(low).toBeGreaterThanOrEqual(least - 40);
    expect(high).toBeLessThanOrEqual(most + 40);
    expect(edgesOf(frame)).toBeLessThan(1.35 * Math.max(edgesOf(ends[0]), edgesOf(ends[1])) + 1);
    const before = frames[index - 1];
    if (before !== undefined) changes.push(meanChange(before, frame));
  }
  const whole = meanChange(...ends);
  // A dissolve happens in the middle half: four of eight steps. A step of more than half of all is a jump.
  expect(Math.max(...changes)).toBeLessThan(0.6 * whole + 3);
}

const CELL = 8;

/**
 * How much the means of cells differ. Not of samples: noise that a slow camera move shifts by half a sample changes in
 * every one of them, and 4:2:0 takes its colour away at the first step, without anybody seeing a jump.
 */
function meanChange(one: RgbPicture, other: RgbPicture): number {
  const [a, b] = [cellMeans(one), cellMeans(other)];
  return a.reduce((sum, value, cell) => sum + Math.abs(value - b[cell]!), 0) / a.length;
}

function cellMeans({ data, width, height }: RgbPicture): Float64Array {
  const columns = Math.ceil(width / CELL);
  const sums = new Float64Array(columns * Math.ceil(height / CELL) * 3);
  const counts = new Float64Array(sums.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const cell = 3 * (Math.floor(y / CELL) * columns + Math.floor(x / CELL)) + c;
        sums[cell]! += data[3 * (y * width + x) + c]!;
        counts[cell]! += 1;
      }
    }
  }
  return sums.map((sum, cell) => sum / counts[cell]!);
}

/** Mean step from a sample to the one right of it. */
function edgesOf({ data, width, height }: RgbPicture): number {
  let sum = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 1; x < width; x++) sum += Math.abs(data[3 * (y * width + x)]! - data[3 * (y * width + x - 1)]!);
  }
  return sum / (height * (width - 1));
}
