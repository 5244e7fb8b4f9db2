import { SIZE_TIERS, type SizeTier } from './model.ts';

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

/** The tier whose area is nearest to that of these sides, measured as a ratio. */
export function nearestTier({ width, height }: Size): SizeTier {
  const distance = (tier: SizeTier) => Math.abs(Math.log((width * height) / TIER_AREA[tier]));
  return SIZE_TIERS.reduce((best, tier) => (distance(tier) < distance(best) ? tier : best));
}

/** Whether sides differ from the wished ones by more than 2 %. */
export function differs(size: Size, wished: Size): boolean {
  const off = (side: number, wish: number) => Math.abs(side - wish) > wish * 0.02;
  return off(size.width, wished.width) || off(size.height, wished.height);
}

/** Sides are multiples of this: VAE stride 8 × patch 2 of the Wan models. */
const STEP = 16;

/**
 * The output size for an (oriented) first frame: its aspect at the tier's area, both sides rounded down to 16.
 * Wan's own arithmetic (`wan/first_last_frame2video.py`), e.g. 750×1000 at 720P gives 816×1104.
 * A frame whose sides are already multiples of 16 keeps them when they are within 16 px of that answer, or when some first
 * frame gives exactly them: so an output frame fed back as the next first frame never changes its size step by step, not
 * even a panorama, where rounding its short side down moves the answer for its long side by more than 16 px.
 */
export function outputSize(first: Size, tier: SizeTier): Size {
  const area = TIER_AREA[tier];
  const side = (along: number, across: number) =>
    Math.max(STEP, Math.floor(Math.round(Math.sqrt((area * along) / across)) / STEP) * STEP);
  const answer = { width: side(first.width, first.height), height: side(first.height, first.width) };
  const { width, height } = first;
  const near = Math.abs(width - answer.width) <= STEP && Math.abs(height - answer.height) <= STEP;
  const onGrid = width % STEP === 0 && height % STEP === 0;
  return onGrid && (near || isAnswer(first, area)) ? { width, height } : answer;
}

/** Whether sides on the grid are the rounded answer for some frame: what `round` and `floor` took away is under a step. */
function isAnswer({ width, height }: Size, area: number): boolean {
  const least = (width - 0.5) * (height - 0.5);
  const most = (width + STEP - 0.5) * (height + STEP - 0.5);
  return least <= area && area < most;
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

/**
 * Scales a size equally so that both sides lie within the bounds, by as little as possible; undefined when its aspect is
 * too long for them.
 */
export function fitSides(
  { width, height }: Size,
  { min, max }: { readonly min: number; readonly max: number },
): Size | undefined {
  const short = Math.min(width, height);
  const long = Math.max(width, height);
  const scale = short < min ? min / short : long > max ? max / long : 1;
  const fitted = { width: Math.round(width * scale), height: Math.round(height * scale) };
  const inside = (side: number) => side >= min && side <= max;
  return inside(fitted.width) && inside(fitted.height) ? fitted : undefined;
}
