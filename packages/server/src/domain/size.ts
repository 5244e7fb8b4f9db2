import type { SizeTier } from './model.ts';

/** Sides in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Output area of each tier in pixels: Wan's 832×480, 1280×720 and 1920×1080. */
export const TIER_AREA = {
  '480P': 832 * 480,
  '720P': 1280 * 720,
  '1080P': 1920 * 1080,
} as const satisfies Record<SizeTier, number>;

/** Sides are multiples of this: VAE stride 8 × patch 2 of the Wan models. */
const STEP = 16;

/**
 * The output size for an (oriented) first frame: its aspect at the tier's area, both sides rounded down to 16.
 * Wan's own arithmetic (`wan/first_last_frame2video.py`), e.g. 750×1000 at 720P gives 816×1104.
 * A frame whose sides are already multiples of 16 and within 16 px of that answer keeps them, so that an output frame
 * fed back as the next first frame does not shrink step by step.
 */
export function outputSize(first: Size, tier: SizeTier): Size {
  const area = TIER_AREA[tier];
  const side = (along: number, across: number) =>
    Math.max(STEP, Math.floor(Math.round(Math.sqrt((area * along) / across)) / STEP) * STEP);
  const answer = { width: side(first.width, first.height), height: side(first.height, first.width) };
  const keeps = (own: number, computed: number) => own % STEP === 0 && Math.abs(own - computed) <= STEP;
  return keeps(first.width, answer.width) && keeps(first.height, answer.height)
    ? { width: first.width, height: first.height }
    : answer;
}

/** How a picture is scaled and cut to cover a target: scale to `scaled`, then cut `target` at (left, top). */
export interface CoverCrop {
  readonly scaled: Size;
  readonly left: number;
  readonly top: number;
  /** 0..1: the share of the source picture that is cut away. */
  readonly lost: number;
}

/** Scales by the larger of the two ratios and cuts the middle: never stretches, never leaves a border. */
export function coverCrop(source: Size, target: Size): CoverCrop {
  const scale = Math.max(target.width / source.width, target.height / source.height);
  const scaled = {
    width: Math.max(target.width, Math.round(source.width * scale)),
    height: Math.max(target.height, Math.round(source.height * scale)),
  };
  return {
    scaled,
    left: Math.floor((scaled.width - target.width) / 2),
    top: Math.floor((scaled.height - target.height) / 2),
    lost: 1 - (target.width * target.height) / (scaled.width * scaled.height),
  };
}
