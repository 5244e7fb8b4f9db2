import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import {
  type EncoderChoice,
  type FramesReport,
  type RenderHooks,
  type RenderPlan,
  renderFrames,
} from '@inbetween/renderer';
import sharp from 'sharp';
import type { SentReport } from '../adapters/backends/renderer/protocol.ts';
import { runChild } from '../adapters/backends/renderer/run-child.ts';
import { createLog } from '../adapters/system/log.ts';
import { Fault } from '../domain/fault.ts';
import { aigcLabel } from '../domain/label.ts';
import { SIZE_TIERS, type SizeTier } from '../domain/model.ts';
import { prepareFile, prepareFolder } from './output-place.ts';
import { type PicturePair, prepareAsTheyAre, prepareAtTier } from './picture-pair.ts';

/** What `inbetween render` is asked for: two picture files, and a video or a series of frames. */
export interface RenderAsk {
  /** Paths of picture files: JPEG, PNG, WEBP or BMP. */
  readonly first: string;
  readonly last: string;
  readonly target:
    | { readonly kind: 'video'; readonly path: string; readonly watermark: boolean; readonly encoder: EncoderChoice }
    | { readonly kind: 'frames'; readonly folder: string; readonly ease: 'linear' | 'smooth' };
  /** How many frames, both ends included. */
  readonly frames: number;
  /** Undefined: the first picture's own size. */
  readonly tier: SizeTier | undefined;
  readonly seed: number;
  readonly prompt: string;
  readonly negativePrompt: string;
  /** Two warps a frame instead of four. */
  readonly fast: boolean;
  readonly threads: number;
}

/** What is known of a finished video, besides the renderer's honest account. */
export interface VideoReport extends SentReport {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
}

/** What came of it: the files, and the renderer's honest account. */
export type RenderOutcome =
  | { readonly kind: 'video'; readonly file: string; readonly report: VideoReport }
  | { readonly kind: 'frames'; readonly folder: string; readonly report: FramesReport };

/** What is told while it goes on: `fraction` runs 0..1. */
export interface PairHooks {
  readonly onProgress?: (fraction: number) => void;
  /** Aborting rejects the call with the signal's reason; nothing is written then. */
  readonly signal?: AbortSignal;
}

/** Frames a second of a video. */
export const RENDER_FPS = 30;
export { SIZE_TIERS };

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
/** Of the render child; 1080P was measured at 770 MB. */
const LEAST_MEMORY = 1_200 << 20;
const BYTES_PER_PIXEL = 300;

/**
 * Makes the video or the frames between two pictures, without a server. What was there under the same
 * names is replaced, and only when everything succeeded. A picture that cannot be used is a `problem`.
 */
export async function renderPair(
  ask: RenderAsk,
  { onProgress = () => {}, signal = new AbortController().signal }: PairHooks = {},
): Promise<RenderOutcome | { readonly problem: string }> {
  const { target } = ask;
  const place = await (target.kind === 'frames' ? prepareFolder(target.folder) : prepareFile(target.path));
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-render-'));
  try {
    const pair = await prepare(ask, folder, signal);
    const { seed, prompt, negativePrompt, fast, threads, frames } = ask;
    const words = { first: pair.first, last: pair.last, seed, prompt, negativePrompt, fast, threads, frames };
    if (target.kind === 'frames') {
      const hooks: RenderHooks = { onProgress: ({ fraction }) => onProgress(fraction), signal };
      const report = await renderFrames({ ...words, folder, ease: target.ease }, hooks);
      return { kind: 'frames', folder: target.folder, report: await deliver(report, pair, target.folder) };
    }
    const video = join(folder, 'video.mp4');
    const metadata = {
      AIGC: aigcLabel(await nameOf(ask), { generative: false }),
      comment: 'Interpolated between two pictures; nothing was imagined by a model.',
    };
    const plan = { ...words, video, fps: RENDER_FPS, encoder: target.encoder, metadata };
    const report = await renderInChild(plan, target.watermark, pair, { onProgress, signal });
    await moveTo(video, target.path);
    return { kind: 'video', file: resolve(target.path), report };
  } catch (error) {
    await place.leave();
    if (error instanceof Fault && !signal.aborted) return { problem: problemOf(error) };
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** In a process of its own, as the server does it: the encoder is native code, and talks on standard error. */
async function renderInChild(
  plan: RenderPlan,
  watermark: boolean,
  { size: { width, height } }: PicturePair,
  { onProgress, signal }: Required<PairHooks>,
): Promise<VideoReport> {
  const order = { kind: 'render', plan, watermark } as const;
  const limits = { memoryBytes: LEAST_MEMORY + width * height * BYTES_PER_PIXEL, wallMs: DAY, stallMs: 2 * MINUTE };
  const log = createLog({ level: 'silent', format: 'json' });
  for await (const answer of runChild(order, limits, log, signal)) {
    if (answer.kind === 'progress') onProgress(answer.fraction);
    if (answer.kind === 'rendered') {
      return { ...answer.report, width, height, frames: plan.frames, fps: plan.fps };
    }
  }
  throw new Error('the render child gave another answer than a report');
}

function prepare(ask: RenderAsk, folder: string, signal: AbortSignal): Promise<PicturePair> {
  const paths = [ask.first, ask.last] as const;
  if (ask.tier !== undefined) return prepareAtTier(paths, ask.tier, folder, signal);
  return prepareAsTheyAre(paths, ask.target.kind === 'frames' ? 'pad' : 'cut', folder);
}

/** Faults name pictures as fields of the API. */
function problemOf({ message }: Fault): string {
  return message
    .replace(/^(\w)/, (letter) => letter.toUpperCase())
    .replace(/^images\[0\]:?/i, 'The first picture:')
    .replace(/^images\[1\]:?/i, 'The last picture:');
}

/** The same pictures and wish have the same name in the content label, so that the same call gives the same bytes. */
async function nameOf({ first, last, seed, prompt, negativePrompt, fast, tier, frames }: RenderAsk): Promise<string> {
  const hash = createHash('sha256');
  for (const path of [first, last]) hash.update(await readFile(path));
  return `render_${hash
    .update(JSON.stringify([seed, prompt, negativePrompt, fast, tier, frames]))
    .digest('hex')
    .slice(0, 26)}`;
}

/** Brings all frames to their folder, padding cut off. */
async function deliver(report: FramesReport, { size }: PicturePair, target: string): Promise<FramesReport> {
  if (report.width !== size.width || report.height !== size.height) {
    for (const file of report.files) {
      const picture = sharp(await readFile(file)).extract({ left: 0, top: 0, ...size });
      await picture.png({ compressionLevel: 6, adaptiveFiltering: true }).toFile(`${file}.cut`);
      await rename(`${file}.cut`, file);
    }
  }
  const files: string[] = [];
  for (const file of report.files) {
    const place = resolve(target, basename(file));
    await moveTo(file, place);
    files.push(place);
  }
  return { ...report, ...size, files };
}

/** Moves a finished file; the temporary folder may lie on another disk. */
async function moveTo(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    await copyBeside(from, to);
  }
}

/** Copied beside its place and renamed, so that no half file stands under the name asked for. */
async function copyBeside(from: string, to: string): Promise<void> {
  const partial = join(dirname(resolve(to)), `.${basename(from)}.partial`);
  try {
    await copyFile(from, partial);
    await rename(partial, to);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Whether a path names a file. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
