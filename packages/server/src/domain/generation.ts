import { Fault } from './fault.ts';
import { LIMITS, MODELS, type Model, type SizeTier } from './model.ts';
import type { Simulation } from './simulation.ts';
import type { Size } from './size.ts';

/** The immutable, checked ask: everything but the frames. */
export interface Generation {
  readonly model: string;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seconds: number;
  readonly size: SizeTier;
  readonly promptExtend: boolean;
  readonly watermark: boolean;
  /** 0..2147483647; drawn by us when the caller sent none. */
  readonly seed: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Where the caller wants to be told how it ended. */
  readonly callbackUrl?: string | undefined;
  /** The sides a caller wrote; the output follows the first frame, and a difference is told as a warning. */
  readonly wished?: Size;
  /** Of a client's test, on a server that plays along. */
  readonly simulation?: Simulation | undefined;
}

/** The ask as a dialect read it: right types, limits not yet checked, absent fields absent. */
export interface GenerationAsk {
  readonly model: string;
  readonly prompt?: string | undefined;
  readonly negativePrompt?: string | undefined;
  readonly seconds?: number | undefined;
  readonly size?: string | undefined;
  readonly promptExtend?: boolean | undefined;
  readonly watermark?: boolean | undefined;
  readonly seed?: number | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly callbackUrl?: string | undefined;
  readonly wished?: Size | undefined;
}

/** A checked ask before a seed is drawn: the part of it that idempotency compares. */
export type CheckedAsk = Omit<Generation, 'seed'> & { readonly seed: number | undefined };

/** Unicode code points: a Chinese character and an emoji count 1 each. */
export function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * Holds an ask to the limits of the API and fills in the defaults.
 * @throws Fault that names the field, the limit and the remedy
 */
export function checkGeneration(ask: GenerationAsk, models: readonly Model[] = MODELS): CheckedAsk {
  const model = findModel(ask.model, models);
  return {
    model: model.name,
    prompt: checkText(ask.prompt ?? '', 'prompt', LIMITS.promptLength),
    negativePrompt: checkText(ask.negativePrompt ?? '', 'negative_prompt', LIMITS.negativePromptLength),
    seconds: checkSeconds(ask.seconds ?? LIMITS.seconds),
    size: checkSize(ask.size, model),
    promptExtend: ask.promptExtend ?? true,
    watermark: ask.watermark ?? false,
    seed: checkSeed(ask.seed),
    tags: checkTags(ask.tags ?? {}),
    ...(ask.callbackUrl === undefined ? {} : { callbackUrl: ask.callbackUrl }),
    ...(ask.wished === undefined ? {} : { wished: ask.wished }),
  };
}

function findModel(name: string, models: readonly Model[]): Model {
  const model = models.find((candidate) => candidate.name === name);
  if (model !== undefined) return model;
  const known = models.map((candidate) => candidate.name).join(', ');
  throw new Fault('unknown_model', `model: there is no model "${name.slice(0, 80)}". Use one of: ${known}.`, {
    param: 'model',
  });
}

function checkText(text: string, param: string, limit: number): string {
  // Each code point is one or two UTF-16 units, so most texts need no counting.
  if (text.length > limit) {
    const length = text.length > limit * 2 ? undefined : codePoints(text);
    if (length === undefined || length > limit) {
      throw new Fault(
        'invalid_request',
        `${param} has ${length ?? `more than ${limit}`} characters; at most ${limit} are allowed.`,
        { param },
      );
    }
  }
  if (text.includes('\u0000'))
    throw new Fault('invalid_request', `${param} must not contain the null character.`, { param });
  // A lone surrogate cannot be written as UTF-8, so it could not be stored and given back as it was.
  if (!text.isWellFormed()) throw new Fault('invalid_request', `${param} is not well-formed Unicode.`, { param });
  return text;
}

function checkSeconds(seconds: number): number {
  if (seconds === LIMITS.seconds) return seconds;
  throw new Fault('invalid_request', `seconds must be "${LIMITS.seconds}"; other durations are not offered.`, {
    param: 'seconds',
  });
}

function checkSize(asked: string | undefined, model: Model): SizeTier {
  if (asked === undefined) return model.defaultSize;
  const size = model.sizes.find((candidate) => candidate === asked.trim().toUpperCase());
  if (size !== undefined) return size;
  throw new Fault(
    'unsupported_size',
    `size: ${model.name} makes ${model.sizes.join(', ')}; "${asked.slice(0, 40)}" is not one of them.`,
    {
      param: 'size',
    },
  );
}

function checkSeed(seed: number | undefined): number | undefined {
  if (seed === undefined) return undefined;
  if (Number.isInteger(seed) && seed >= 0 && seed <= LIMITS.seedMax) return seed;
  throw new Fault('invalid_request', `seed must be a whole number from 0 to ${LIMITS.seedMax}.`, { param: 'seed' });
}

function checkTags(tags: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const pairs = Object.entries(tags);
  if (pairs.length > LIMITS.tags) {
    throw new Fault('invalid_request', `tags has ${pairs.length} entries; at most ${LIMITS.tags} are allowed.`, {
      param: 'tags',
    });
  }
  for (const [key, value] of pairs) {
    if (key === '' || codePoints(key) > LIMITS.tagKeyLength || codePoints(value) > LIMITS.tagValueLength) {
      throw new Fault(
        'invalid_request',
        `tags: a key has 1 to ${LIMITS.tagKeyLength} characters and a value at most ${LIMITS.tagValueLength}.`,
        { param: 'tags' },
      );
    }
    checkText(key, 'tags', LIMITS.tagKeyLength);
    checkText(value, 'tags', LIMITS.tagValueLength);
  }
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A remark about a video that is worth knowing and does not fail it. */
export interface Warning {
  readonly code:
    | 'unknown_field'
    | 'last_frame_cropped'
    | 'first_frame_cropped'
    | 'identical_frames'
    | 'upscaled'
    | 'size_mismatch'
    | 'last_frame_ignored'
    | 'prompt_not_extended'
    | 'built_in_renderer'
    | 'file_missing';
  readonly message: string;
}
