import type { Inbetweener, OpenInbetweener, RgbPicture } from '../contract.ts';
import { readPair } from '../picture/files.ts';
import type { PromptWish } from '../prompt/read.ts';
import { tellHonestly } from '../prompt/report.ts';
import type { PairOutcome, PairPlan, RenderHooks } from './plan.ts';
import { ProgressTeller } from './progress.ts';

/** Two pictures, analysed, and what every job on them needs. */
export interface OpenPair {
  readonly width: number;
  readonly height: number;
  readonly first: RgbPicture;
  readonly last: RgbPicture;
  readonly inbetweener: Inbetweener;
  readonly progress: ProgressTeller;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads and analyses the pair, lets `use` work with it, and frees it whatever happens. Gives what `use` gave together
 * with the honest account of the pair. When aborted, the signal's reason is thrown, not what broke because of it.
 */
export async function withPair<Result extends object>(
  openInbetweener: OpenInbetweener,
  plan: PairPlan & { readonly frames: number },
  wish: PromptWish,
  { onProgress, signal }: RenderHooks,
  use: (pair: OpenPair) => Promise<Result>,
): Promise<Result & PairOutcome> {
  signal?.throwIfAborted();
  const progress = new ProgressTeller(plan.frames, onProgress);
  const [first, last] = await readPair(plan.first, plan.last);
  const motion = { seed: plan.seed, camera: wish.camera };
  const tellAnalysed = (fraction: number): void => progress.analysed(fraction);
  const options = {
    threads: plan.threads,
    fast: plan.fast === true,
    views: wish.overlays.length > 0,
    onProgress: tellAnalysed,
    ...(signal === undefined ? {} : { signal }),
  };
  try {
    const inbetweener = await openInbetweener(first, last, motion, options);
    try {
      const { width, height } = first;
      const result = await use({ width, height, first, last, inbetweener, progress, signal });
      const { mode, matchConfidence } = inbetweener.report;
      const honesty = tellHonestly(wish, mode);
      progress.finished();
      return { ...result, width, height, mode, matchConfidence, ...honesty, generative: false };
    } finally {
      await inbetweener.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
