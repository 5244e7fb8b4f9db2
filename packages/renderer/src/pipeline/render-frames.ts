import { join } from 'node:path';
import type { OpenInbetweener } from '../contract.ts';
import { encodePng } from '../picture/files.ts';
import { yuvToRgb } from '../picture/yuv.ts';
import { readPrompt } from '../prompt/read.ts';
import { framesInOrder, type Moment } from './frames-in-order.ts';
import { momentsOf } from './moments.ts';
import { checkPairPlan, type FramesPlan, type FramesReport, type RenderHooks } from './plan.ts';
import { type OpenPair, withPair } from './with-pair.ts';
import { type FileToWrite, writeAllOrNone } from './write-files.ts';

/** A series has no speed of its own: overlays move as in a clip of this length. */
const SERIES_SECONDS = 5;

/**
 * Makes a series of frames as PNG files. The first and the last are the pictures themselves, bit for bit; the ones
 * between come from the renderer's 4:2:0 frames. Files of a failed or aborted series are removed.
 * Throws RangeError on a bad plan, and the signal's reason when aborted.
 */
export async function renderFramesWith(
  openInbetweener: OpenInbetweener,
  plan: FramesPlan,
  hooks: RenderHooks = {},
): Promise<FramesReport> {
  checkPairPlan(plan);
  const timing = plan.ease === 'linear' ? 'linear' : 'default';
  const wish = { ...readPrompt(plan.prompt, plan.negativePrompt), timing } as const;
  return withPair(openInbetweener, plan, wish, hooks, async (pair) => {
    const pictures = asFiles(pair, momentsOf(wish, plan.frames, SERIES_SECONDS, plan.seed), plan);
    return { files: await writeAllOrNone(pictures, pair.signal) };
  });
}

/** Each frame as a PNG file, compressed and given one by one. */
async function* asFiles(
  pair: OpenPair,
  moments: readonly Moment[],
  plan: FramesPlan,
): AsyncGenerator<FileToWrite, void, void> {
  const ends = new Map([
    [0, pair.first],
    [plan.frames - 1, pair.last],
  ]);
  let index = 0;
  for await (const frame of framesInOrder(pair, moments, plan.threads + 1)) {
    yield { path: frameName(plan.folder, index), bytes: await encodePng(ends.get(index) ?? yuvToRgb(frame)) };
    index++;
    pair.progress.rendered(index);
  }
}

function frameName(folder: string, index: number): string {
  return join(folder, `frame_${String(index + 1).padStart(4, '0')}.png`);
}
