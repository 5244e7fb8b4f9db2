/**
 * The renderer's public door: two pictures in, frames or a finished MP4 out. No HTTP, no ids, no clock; the same plan
 * and seed give the same frames. A damaged picture can take time but not the process; run it in a child all the same,
 * because the encoder is native code. What makes pictures is loaded by the first call that does: whoever only looks at
 * an MP4 should not pay tens of megabytes for it.
 */
import type { FinishPlan, FinishReport } from './foreign/finish-video.ts';
import type { FramesPlan, FramesReport, RenderHooks, RenderPlan, RenderReport } from './pipeline/plan.ts';

export type * from './contract.ts';
export type { EncoderChoice } from './encode/encoder.ts';
export type { FinishPlan, FinishReport } from './foreign/finish-video.ts';
export { ForeignVideoError } from './foreign/foreign-video-error.ts';
export { Mp4Error } from './mp4/boxes.ts';
export { inspectMp4, type Mp4Colour, type Mp4Facts } from './mp4/inspect.ts';
export { inspectMp4File } from './mp4/inspect-file.ts';
export { writeMetadata } from './mp4/metadata.ts';
export { zeroTimes } from './mp4/movie.ts';
export type {
  FramesPlan,
  FramesReport,
  PairOutcome,
  PairPlan,
  RenderHooks,
  RenderPlan,
  RenderProgress,
  RenderReport,
} from './pipeline/plan.ts';
export { watermarkText } from './watermark/text.ts';

/**
 * Makes one video of two pictures. Outputs are written only after everything succeeded.
 * Throws RangeError on a bad plan, the signal's reason when aborted, and an Error naming the part that failed.
 */
export async function renderVideo(plan: RenderPlan, hooks: RenderHooks = {}): Promise<RenderReport> {
  const { openInbetweener } = await import('./motion/open.ts');
  const { renderVideoWith } = await import('./pipeline/render-video.ts');
  return renderVideoWith(openInbetweener, plan, hooks);
}

/**
 * Makes a series of frames as PNG files, both ends included: `frame_0001.png` and on, in an existing folder.
 * Throws like `renderVideo`.
 */
export async function renderFrames(plan: FramesPlan, hooks: RenderHooks = {}): Promise<FramesReport> {
  const { openInbetweener } = await import('./motion/open.ts');
  const { renderFramesWith } = await import('./pipeline/render-frames.ts');
  return renderFramesWith(openInbetweener, plan, hooks);
}

/**
 * Makes a foreign video ours: H.264 4:2:0 as a faststart MP4 with our metadata and nothing else, its stills, and how near
 * its ends are to the two pictures.
 * Throws ForeignVideoError for a file that cannot be played to its end, and the signal's reason when aborted.
 */
export async function finishVideo(plan: FinishPlan, signal?: AbortSignal): Promise<FinishReport> {
  const foreign = await import('./foreign/finish-video.ts');
  return foreign.finishVideo(plan, signal);
}
