/**
 * The renderer's public door: two pictures in, frames or a finished MP4 out. No HTTP, no ids, no clock; the same plan
 * and seed give the same frames. A damaged picture can take time but not the process; run it in a child all the same,
 * because the encoder is native code.
 */
import { openInbetweener } from './motion/open.ts';
import type { FramesPlan, FramesReport, RenderHooks, RenderPlan, RenderReport } from './pipeline/plan.ts';
import { renderFramesWith } from './pipeline/render-frames.ts';
import { renderVideoWith } from './pipeline/render-video.ts';

export type * from './contract.ts';
export type { EncoderChoice } from './encode/encoder.ts';
export { type FinishPlan, type FinishReport, finishVideo } from './foreign/finish-video.ts';
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
export function renderVideo(plan: RenderPlan, hooks: RenderHooks = {}): Promise<RenderReport> {
  return renderVideoWith(openInbetweener, plan, hooks);
}

/**
 * Makes a series of frames as PNG files, both ends included: `frame_0001.png` and on, in an existing folder.
 * Throws like `renderVideo`.
 */
export function renderFrames(plan: FramesPlan, hooks: RenderHooks = {}): Promise<FramesReport> {
  return renderFramesWith(openInbetweener, plan, hooks);
}
