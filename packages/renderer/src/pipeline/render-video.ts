import { dirname } from 'node:path';
import type { OpenInbetweener, YuvPicture } from '../contract.ts';
import type { Encoder } from '../encode/encoder.ts';
import { openEncoder } from '../encode/open.ts';
import { writeMetadata } from '../mp4/metadata.ts';
import { zeroTimes } from '../mp4/movie.ts';
import { newYuvPicture } from '../picture/yuv.ts';
import { readPrompt } from '../prompt/read.ts';
import { blendStamp } from '../watermark/blend.ts';
import { makeStamp } from '../watermark/stamp.ts';
import { framesInOrder } from './frames-in-order.ts';
import { momentsOf, paceOf } from './moments.ts';
import { checkRenderPlan, type RenderHooks, type RenderPlan, type RenderReport } from './plan.ts';
import { Stills, tileFrames } from './stills.ts';
import { type OpenPair, withPair } from './with-pair.ts';
import { writeAllOrNone } from './write-files.ts';

/**
 * Makes one video of two pictures: analyse the pair, then render, mark and encode frame by frame (all three overlap,
 * a few frames in memory at a time), then label the file and write it. Nothing is written before everything succeeded.
 * Throws RangeError on a bad plan, the signal's reason when aborted, and an Error naming the part that failed.
 */
export async function renderVideoWith(
  openInbetweener: OpenInbetweener,
  plan: RenderPlan,
  hooks: RenderHooks = {},
): Promise<RenderReport> {
  checkRenderPlan(plan);
  const { fps, frames } = plan;
  const wish = readPrompt(plan.prompt, plan.negativePrompt);
  return withPair(openInbetweener, plan, wish, hooks, async (pair) => {
    const moments = momentsOf(wish, frames, frames / fps, plan.seed);
    const rendered = framesInOrder(pair, moments, plan.threads + 1);
    // The first frames are being rendered while the encoder is tried on the ends.
    const first = rendered.next();
    first.catch(() => undefined);
    const encoder = await openEncoder(
      plan.encoder,
      { width: pair.width, height: pair.height, fps, frames },
      {
        samples: await bothEnds(pair),
        pace: paceOf(moments),
        scratch: dirname(plan.video),
      },
    );
    // An abort must also end a wait for the encoder; what then breaks is told as the abort.
    const stop = (): void => void encoder.close().catch(() => undefined);
    pair.signal?.addEventListener('abort', stop, { once: true });
    try {
      const stills = await feedFrames(encoder, pair, resumed(first, rendered), plan);
      const video = await encoder.finish();
      zeroTimes(video);
      const labelled = { path: plan.video, bytes: writeMetadata(video, plan.metadata ?? {}) };
      await writeAllOrNone([labelled, ...(await stills.files())], pair.signal);
    } finally {
      pair.signal?.removeEventListener('abort', stop);
      await encoder.close();
    }
    return { fps, frames, durationMs: Math.round((frames * 1000) / fps), encoder: encoder.name };
  });
}

/** The first and the last frame of the clip. */
async function bothEnds({ inbetweener, width, height }: OpenPair): Promise<YuvPicture[]> {
  const ends = [newYuvPicture(width, height), newYuvPicture(width, height)] as const;
  await Promise.all([inbetweener.frame(0, ends[0]), inbetweener.frame(1, ends[1])]);
  return [...ends];
}

/** What a generator gives whose first step is under way already. */
async function* resumed<T>(first: Promise<IteratorResult<T, void>>, rest: AsyncGenerator<T, void, void>) {
  const begun = await first;
  if (begun.done !== true) yield begun.value;
  yield* rest;
}

/** Takes every frame from the renderer through the watermark to the encoder, and the stills on the way. */
async function feedFrames(
  encoder: Encoder,
  pair: OpenPair,
  frames: AsyncIterable<YuvPicture>,
  plan: RenderPlan,
): Promise<Stills> {
  const stamp = plan.watermark === undefined ? undefined : await makeStamp(plan.watermark, pair);
  const stills = new Stills();
  const tiles = tileFrames(plan.frames);
  let index = 0;
  for await (const frame of frames) {
    if (plan.lastFrame !== undefined && index === plan.frames - 1) stills.takePng(plan.lastFrame, frame);
    if (stamp !== undefined) blendStamp(frame, stamp);
    if (plan.spritesheet !== undefined && tiles.has(index)) stills.takeTile(frame);
    if (plan.thumbnail !== undefined && index === plan.frames >> 1) stills.takeThumbnail(plan.thumbnail, frame);
    await encoder.add(frame);
    index++;
    pair.progress.rendered(index);
  }
  if (plan.spritesheet !== undefined) stills.finishSheet(plan.spritesheet);
  return stills;
}
