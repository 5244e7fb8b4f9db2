/** The models a caller may name, and the limits of an ask. Source: the API page this project implements. */

/** The tiers of output area. */
export type SizeTier = '480P' | '720P' | '1080P';

export const SIZE_TIERS = ['480P', '720P', '1080P'] as const satisfies readonly SizeTier[];

export interface Model {
  /** The name a caller writes in `model`. */
  readonly name: string;
  readonly sizes: readonly SizeTier[];
  readonly defaultSize: SizeTier;
}

/** Wan's first-and-last-frame models. `wan2.1-kf2v-plus` makes 720P only. */
export const MODELS: readonly Model[] = [
  { name: 'wan2.2-kf2v-flash', sizes: SIZE_TIERS, defaultSize: '720P' },
  { name: 'wan2.1-kf2v-plus', sizes: ['720P'], defaultSize: '720P' },
];

/** The limits of one ask; the schemas document them and `generation.ts` holds callers to them. */
export const LIMITS = {
  /** Unicode code points. */
  promptLength: 800,
  negativePromptLength: 500,
  /** The one duration there is. */
  seconds: 5,
  seedMax: 2_147_483_647,
  tags: 16,
  tagKeyLength: 64,
  tagValueLength: 256,
  idempotencyKeyLength: 255,
} as const;
