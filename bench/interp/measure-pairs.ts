import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { type Mode, type RgbPicture, renderFrames } from '../../packages/renderer/src/index.ts';
import { openInbetweener } from '../../packages/renderer/src/motion/open.ts';
import { newYuvPicture } from '../../packages/renderer/src/picture/yuv.ts';
import { easedTimes } from '../../packages/renderer/src/pipeline/timing.ts';
import { minterpolate } from './ffmpeg.ts';
import { compare, type Likeness, psnr } from './metrics.ts';
import { openOneWay } from './one-way.ts';
import { crossFade, openOurs } from './ours.ts';
import { type Pair, readCameraPairs, readMatchedPairs, readUnrelatedPairs } from './pictures.ts';
import type { Method } from './scores.ts';
import { plainTransition } from './transition.ts';

/** One camera pair: every method against the true middle frame. */
export interface CameraCase {
  readonly name: string;
  readonly mode: Mode;
  readonly means: Readonly<Record<Method, Likeness>>;
}

export async function measureCamera(pairs: string, log: (line: string) => void): Promise<CameraCase[]> {
  const cases: CameraCase[] = [];
  for (const { name, first, last, middle } of await readCameraPairs(pairs)) {
    const ours = await openOurs(first, last, 2);
    const made = await ours.at(0.5);
    await ours.close();
    const peer: RgbPicture[] = [];
    for await (const frame of minterpolate([first, last], 2)) peer.push(frame);
    cases.push({
      name,
      mode: ours.report.mode,
      means: {
        ours: compare(made, middle),
        minterpolate: compare(peer[1]!, middle),
        oneWay: compare(openOneWay(first, last)(0.5), middle),
        crossFade: compare(crossFade(first, last, 0.5), middle),
      },
    });
    log(`camera: ${name}`);
  }
  return cases;
}

/** How evenly a matched pair moves in a clip of `frames` frames. */
export interface SmoothCase {
  readonly name: string;
  readonly mode: Mode;
  /** Largest over median change between neighbouring frames, by the video's easing and at even steps. */
  readonly eased: number;
  readonly linear: number;
  /** Where the largest change is, as a share of the clip, at even steps. */
  readonly largestAt: number;
}

/** As many as a video has: the step out of an end is compared with the small steps people see. */
const CLIP_FRAMES = 150;

export async function measureSmoothness(pairs: string, log: (line: string) => void): Promise<SmoothCase[]> {
  const cases: SmoothCase[] = [];
  for (const pair of await readMatchedPairs(pairs)) {
    const inbetweener = await openInbetweener(pair.first, pair.last, { seed: 1, camera: 'zoom-in' }, { threads: 2 });
    const { width, height } = pair.first;
    const changesAt = async (times: Float64Array): Promise<number[]> => {
      let before = newYuvPicture(width, height);
      let frame = newYuvPicture(width, height);
      const changes: number[] = [];
      for (const [index, time] of times.entries()) {
        await inbetweener.frame(time, frame);
        if (index > 0) changes.push(lumaChange(before.data, frame.data, width * height));
        [before, frame] = [frame, before];
      }
      return changes;
    };
    const ratio = (changes: number[]): number =>
      Math.max(...changes) / changes.toSorted((a, b) => a - b)[changes.length >> 1]!;
    const linear = await changesAt(easedTimes(CLIP_FRAMES, 'linear'));
    const eased = await changesAt(easedTimes(CLIP_FRAMES, 'default'));
    const largestAt = linear.indexOf(Math.max(...linear)) / (linear.length - 1);
    const { mode } = inbetweener.report;
    cases.push({ name: pair.name, mode, eased: ratio(eased), linear: ratio(linear), largestAt });
    await inbetweener.close();
    log(`smoothness: ${pair.name}`);
  }
  return cases;
}

function lumaChange(one: Uint8Array, other: Uint8Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += Math.abs(one[i]! - other[i]!);
  return sum / size;
}

/** An unrelated pair against the plain transition, at the times where it fits least. */
export interface UnrelatedCase {
  readonly name: string;
  readonly mode: Mode;
  /** Mean and least PSNR (RGB) over the times. */
  readonly mean: number;
  readonly least: number;
  /** Mean PSNR when both only lose colour resolution: what 4:2:0 alone costs. */
  readonly ceiling: number;
}

const TIMES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

export async function measureUnrelated(pairs: string, log: (line: string) => void): Promise<UnrelatedCase[]> {
  const cases: UnrelatedCase[] = [];
  for (const { name, first, last } of await readUnrelatedPairs(pairs)) {
    const ours = await openOurs(first, last, 2);
    const found: number[] = [];
    const ceilings: number[] = [];
    for (const time of TIMES) {
      const plain = plainTransition(first, last, time);
      found.push(psnr(await ours.at(time), plain.picture));
      ceilings.push(psnr(plain.subsampled, plain.picture));
    }
    await ours.close();
    cases.push({
      name,
      mode: ours.report.mode,
      mean: mean(found),
      least: Math.min(...found),
      ceiling: mean(ceilings),
    });
    log(`unrelated: ${name}`);
  }
  return cases;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Names of pairs whose first or last frame, rendered to PNG, is not the picture itself; empty when all are. */
export async function findWrongEnds(pairs: string, work: string, log: (line: string) => void): Promise<string[]> {
  const wrong: string[] = [];
  for (const pair of [...(await readMatchedPairs(pairs)), ...(await readUnrelatedPairs(pairs))]) {
    if (!(await keepsEnds(pair, work))) wrong.push(pair.name);
    log(`endpoints: ${pair.name}`);
  }
  return wrong;
}

async function keepsEnds({ first, last }: Pair, work: string): Promise<boolean> {
  await mkdir(work, { recursive: true });
  const folder = await mkdtemp(join(work, 'ends-'));
  try {
    const paths = { first: join(folder, 'first.png'), last: join(folder, 'last.png') };
    await Promise.all([write(first, paths.first), write(last, paths.last)]);
    const words = { seed: 1, prompt: '', negativePrompt: '' };
    const { files } = await renderFrames({ ...paths, ...words, folder, threads: 2, frames: 3, ease: 'linear' });
    const read = (path: string) => sharp(path).raw().toBuffer();
    const [start, , end] = await Promise.all(files.map(read));
    return Buffer.compare(start!, first.data) === 0 && Buffer.compare(end!, last.data) === 0;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes a picture as PNG. */
export async function write({ width, height, data }: RgbPicture, path: string): Promise<void> {
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toFile(path);
}
