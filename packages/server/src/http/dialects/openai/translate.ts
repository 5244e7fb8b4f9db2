import { Fault } from '../../../domain/fault.ts';
import { LIMITS } from '../../../domain/model.ts';
import { nearestTier, type Size, type TIER_AREA } from '../../../domain/size.ts';
import type { Status, Video } from '../../../domain/video.ts';
import type { ImageAsk, SubmitAsk } from '../../../service/submit.ts';
import { echo } from '../../errors.ts';
import { unixSeconds } from '../../unix-seconds.ts';
import { read } from '../../validation.ts';
import { type CreateAsk, createBody, type OpenaiList, type OpenaiVideo } from './schema.ts';

/** The OpenAI SDKs' own poll goes on only while the status is one of the first two words. */
const STATUS_WORDS = {
  pending: 'queued',
  queued: 'queued',
  running: 'in_progress',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'failed',
} as const satisfies Record<Status, OpenaiVideo['status']>;

/** The part names that are pictures in a form; dictionaries are flattened by the SDKs. */
export const IMAGE_PARTS = /^(?:images|input_reference)(?:\[(?:\d{0,2}|image_url|file_id)\])?$/;

/** Names in `model`, as the operator set them, and what they stand for. */
export interface ModelNames {
  readonly first: string;
  readonly aliases: Readonly<Record<string, string>>;
}

/** Reads the body of a create. @throws Fault that names the field */
export function readCreate(body: unknown, models: ModelNames): Omit<SubmitAsk, 'idempotencyKey' | 'repeat'> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Fault('invalid_request', 'The body must be an object with prompt and images.');
  }
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  const ask = read<CreateAsk>(createBody, given);
  const wished = readSides(ask.size);
  const model = ask.model ?? models.first;
  return {
    generation: {
      model: Object.hasOwn(models.aliases, model) ? (models.aliases[model] ?? model) : model,
      prompt: ask.prompt,
      negativePrompt: ask.negative_prompt,
      seconds: readSeconds(ask.seconds),
      size: wished === undefined ? ask.size : nearestTier(wished),
      promptExtend: ask.prompt_extend,
      watermark: ask.watermark,
      seed: ask.seed,
      tags: ask.tags,
      wished,
    },
    images: readImages(ask),
    unknownFields: Object.keys(given)
      .filter((name) => !Object.hasOwn(createBody.shape, name))
      .map((name) => echo(name)),
  };
}

function readImages({ images, input_reference: references }: CreateAsk): readonly ImageAsk[] {
  const found = images ?? [references ?? []].flat().map(readReference);
  if (found.length === 2) return found;
  throw new Fault(
    found.length === 0 ? 'missing_field' : 'invalid_request',
    `images[] must hold exactly two pictures, the first frame and the last frame; ${found.length === 0 ? 'none' : found.length} came. ` +
      'Send images[] (or input_reference) twice: this server makes the video between two pictures.',
    { param: 'images[]' },
  );
}

function readReference(reference: string | { image_url?: string | undefined; file_id?: string | undefined }): string {
  if (typeof reference === 'string') return reference;
  const picture = reference.image_url ?? reference.file_id;
  if (picture !== undefined) return picture;
  throw new Fault('invalid_request', 'input_reference must have image_url or file_id.', { param: 'input_reference' });
}

/** `1280x720`; anything else is left to the check of tiers. */
function readSides(size: string | undefined): Size | undefined {
  const [, width, height] = /^\s*(\d{2,5})\s*[x×*]\s*(\d{2,5})\s*$/i.exec(size ?? '') ?? [];
  return width === undefined ? undefined : { width: Number(width), height: Number(height) };
}

/** Text that is no number becomes one that is no duration, so that one place words the refusal. */
function readSeconds(seconds: string | number | undefined): number | undefined {
  if (typeof seconds !== 'string') return seconds;
  return /^\d{1,4}(\.0+)?$/.test(seconds.trim()) ? Number(seconds) : Number.NaN;
}

/** A video as every call answers it. @param url signed address of the MP4, asked for only when there is one */
export function showVideo(video: Video, url: (video: Video) => string): OpenaiVideo {
  const { generation, result, failure } = video;
  const hasFile = video.status === 'succeeded' && !video.expired && result !== null;
  const cancelled = { code: 'cancelled', message: 'The video was cancelled.' };
  return {
    id: video.id,
    object: 'video',
    model: generation.model,
    status: STATUS_WORDS[video.status],
    progress: Math.floor(video.progress * 100 + 1e-6),
    created_at: unixSeconds(video.createdAt),
    completed_at: video.completedAt === null ? null : unixSeconds(video.completedAt),
    expires_at: video.expiresAt === null ? null : unixSeconds(video.expiresAt),
    prompt: generation.prompt === '' ? null : generation.prompt,
    size: showSize(result?.facts ?? video.prepared ?? generation.wished ?? nominal(generation.size)),
    seconds: String(generation.seconds),
    remixed_from_video_id: null,
    error:
      video.status === 'cancelled'
        ? cancelled
        : failure === null
          ? null
          : { code: failure.code, message: failure.message },
    metadata: {
      url: hasFile ? url(video) : null,
      backend: video.backend,
      warnings: video.warnings.map(({ code, message }) => ({ code, message })),
    },
  };
}

function showSize({ width, height }: Size): string {
  return `${width}x${height}`;
}

/** Before a frame has been seen: the tier's area at 16:9. */
function nominal(tier: keyof typeof TIER_AREA): Size {
  const sides = { '480P': [832, 480], '720P': [1280, 720], '1080P': [1920, 1080] } as const;
  const [width, height] = sides[tier];
  return { width, height };
}

/** A page of videos. */
export function showList(videos: readonly Video[], hasMore: boolean, url: (video: Video) => string): OpenaiList {
  return {
    object: 'list',
    data: videos.map((video) => showVideo(video, url)),
    first_id: videos[0]?.id ?? null,
    last_id: videos.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

/** `X-Stainless-Retry-Count`, sent by all of OpenAI's SDKs; other clients say nothing of retries. */
export function readRepeat(header: string | readonly string[] | undefined): SubmitAsk['repeat'] {
  if (typeof header !== 'string' || !/^\d{1,3}$/.test(header)) return undefined;
  return Number(header) >= 1 ? 'again' : 'first';
}

/** The one duration there is, in words for the refusal of a remix. */
export const REMIX_REFUSAL =
  `A video cannot be remixed here: this server makes the ${LIMITS.seconds} seconds between two pictures. ` +
  'Create a new video; to continue one, send "<video id>:output_last_frame" as the first of two images[].';
