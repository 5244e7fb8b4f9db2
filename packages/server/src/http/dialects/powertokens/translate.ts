import type { ListObject, ModelObject, VideoCost, VideoObject, VideoStatus } from '@inbetween/client';
import { type Prices, pricePerSecond } from '../../../domain/charge.ts';
import { Fault } from '../../../domain/fault.ts';
import { LIMITS } from '../../../domain/model.ts';
import { showMoney } from '../../../domain/money.ts';
import { isTerminal, type Status, type Video } from '../../../domain/video.ts';
import type { SubmitAsk } from '../../../service/submit.ts';
import type { QueuePlace } from '../../../service/videos.ts';
import { echo } from '../../errors.ts';
import type { ModelStatus } from '../../parts.ts';
import { unixSeconds } from '../../unix-seconds.ts';
import { read } from '../../validation.ts';
import { type CreateVideo, createVideoBody, createVideoForm } from './schema.ts';

/** The seed's words for a status are our own. */
const STATUS_WORDS = {
  pending: 'pending',
  queued: 'queued',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<Status, VideoStatus>;

/** Reads the body of `POST /v1/videos`, whichever way it was sent. @throws Fault that names the field */
export function readCreate(body: unknown, sentAs: 'json' | 'form', idempotencyKey: string | undefined): SubmitAsk {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Fault('invalid_request', 'The body must be a JSON object with model and images.');
  }
  // Absent and null are the same: many clients send every field they know.
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== null));
  checkTagNames(given['tags']);
  const ask = read<CreateVideo>(sentAs === 'json' ? createVideoBody : createVideoForm, given);
  return {
    generation: {
      model: ask.model,
      prompt: ask.prompt,
      negativePrompt: ask.negative_prompt,
      seconds: readSeconds(ask.seconds),
      size: ask.size,
      promptExtend: ask.prompt_extend,
      watermark: ask.watermark,
      seed: ask.seed,
      tags: ask.tags,
      callbackUrl: ask.callback_url,
    },
    images: ask.images,
    unknownFields: Object.keys(given)
      .filter((name) => !Object.hasOwn(createVideoBody.shape, name))
      .map((name) => echo(name)),
    idempotencyKey,
  };
}

/** The schema drops this one name, and what is dropped silently looks stored. */
function checkTagNames(tags: unknown): void {
  if (typeof tags === 'object' && tags !== null && Object.hasOwn(tags, '__proto__')) {
    throw new Fault('invalid_request', 'tags: "__proto__" cannot be a key.', { param: 'tags' });
  }
}

/** Text that is no number becomes one that is no duration, so that one place words the refusal. */
function readSeconds(seconds: string | number | undefined): number | undefined {
  if (typeof seconds !== 'string') return seconds;
  return /^\d{1,4}(\.0+)?$/.test(seconds.trim()) ? Number(seconds) : Number.NaN;
}

/** What a video's row does not know of itself. */
export interface Surroundings {
  /** Signed address of the MP4; only asked for when there is one. */
  url(video: Video): string;
  /** Signed address of the events of a video that is not finished. */
  eventsUrl(video: Video): string;
  readonly place?: QueuePlace | undefined;
}

/** A video as every call answers it. */
export function showVideo(video: Video, { url, eventsUrl, place }: Surroundings): VideoObject {
  const { generation, result } = video;
  const measured = result?.facts ?? video.prepared;
  const address = video.status === 'succeeded' && !video.expired && result !== null ? url(video) : null;
  const metadata = {
    url: address,
    backend: video.backend,
    phase: video.phase,
    fps: result?.facts.fps ?? null,
    frames: result?.facts.frames ?? null,
    duration: result === null ? null : result.facts.durationMs / 1000,
    queue_position: place?.position ?? null,
    eta: place?.endsAt === undefined ? etaOf(video) : unixSeconds(place.endsAt),
    events_url: isTerminal(video.status) ? null : eventsUrl(video),
    cost: showCost(video),
    warnings: video.warnings.map(({ code, message }) => ({ code, message })),
  };
  return {
    id: video.id,
    task_id: video.id,
    object: 'video',
    model: generation.model,
    status: STATUS_WORDS[video.status],
    progress: percent(video.progress),
    created_at: unixSeconds(video.createdAt),
    seconds: String(generation.seconds),
    size: generation.size,
    width: measured?.width ?? null,
    height: measured?.height ?? null,
    seed: generation.seed,
    prompt: generation.prompt,
    actual_prompt: result?.actualPrompt ?? null,
    completed_at: video.completedAt === null ? null : unixSeconds(video.completedAt),
    expires_at: video.expiresAt === null ? null : unixSeconds(video.expiresAt),
    error: video.failure === null ? null : { code: video.failure.code, message: video.failure.message },
    url: address,
    video_url: address,
    tags: generation.tags,
    metadata: { ...reported(result?.report, metadata), ...metadata },
  };
}

function showCost({ charge }: Video): VideoCost | null {
  if (charge === null || charge.currency === null) return null;
  return { currency: charge.currency, amount: showMoney(charge.microUnits), state: charge.state };
}

/** What the backend told, except where it would hide a fact of ours. */
function reported(report: Readonly<Record<string, unknown>> | undefined, own: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(report ?? {}).filter(([name]) => !Object.hasOwn(own, name)));
}

/** A page of videos. */
export function showList(videos: readonly Video[], hasMore: boolean, around: Surroundings): ListObject<VideoObject> {
  return {
    object: 'list',
    data: videos.map((video) => showVideo(video, around)),
    first_id: videos[0]?.id ?? null,
    last_id: videos.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

/** A model and what its backend can do now. */
export function showModel(
  { model, backend, capabilities, backends }: ModelStatus,
  since: number,
  prices: Prices,
): ModelObject {
  const perSecond = model.sizes.flatMap((size) => {
    const price = pricePerSecond(prices, { model: model.name, size });
    return price === undefined ? [] : [[size, showMoney(price)] as const];
  });
  return {
    id: model.name,
    object: 'model',
    created: unixSeconds(since),
    owned_by: 'inbetween',
    sizes: model.sizes,
    default_size: model.defaultSize,
    seconds: [String(LIMITS.seconds)],
    price: perSecond.length === 0 ? null : { currency: prices.currency, per_second: Object.fromEntries(perSecond) },
    backend,
    ready: capabilities.ready,
    problems: capabilities.problems,
    capabilities: {
      sizes: capabilities.sizes,
      honours_seed: capabilities.honoursSeed,
      honours_negative_prompt: capabilities.honoursNegativePrompt,
      generative: capabilities.generative,
      billed: capabilities.billed,
      cancel: capabilities.cancel === 'stops',
    },
    backends: backends.map(({ name, capabilities: can, price }) => ({
      name,
      ready: can.ready,
      billed: can.billed,
      sizes: can.sizes.filter((size) => model.sizes.includes(size)),
      price: price === undefined ? null : { currency: price.currency, per_second: price.perSecond },
    })),
  };
}

/** Below this, a guess says more about chance than about the video. */
const ETA_FROM = 0.05;

/**
 * When it will be finished if it goes on as it went. Reckoned from the last write, not from now, so that the same version
 * of a video always shows the same instant and its ETag is true.
 */
function etaOf({ status, attempt, progress, updatedAt }: Video): number | null {
  if (status !== 'running' || attempt === null || attempt.state === 'closed' || progress < ETA_FROM) return null;
  // A later attempt starts over, while the progress that was shown stands still until it has caught up.
  if (attempt.number > 1) return null;
  const spent = updatedAt - attempt.startedAt;
  return unixSeconds(updatedAt + (spent * (1 - progress)) / progress);
}

/** Rounded down, so that 100 is 1 and nothing else; 0.29 × 100 is a little less than 29 in floating point. */
function percent(fraction: number): number {
  return Math.floor(fraction * 100 + 1e-6);
}
