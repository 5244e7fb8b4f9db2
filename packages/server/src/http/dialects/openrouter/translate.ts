import { Fault } from '../../../domain/fault.ts';
import { nearestTier, type Size } from '../../../domain/size.ts';
import type { Status, Video } from '../../../domain/video.ts';
import type { SubmitAsk } from '../../../service/submit.ts';
import type { ErrorWords } from '../../error-words.ts';
import { echo, NATIVE_ERRORS, statusOf } from '../../errors.ts';
import { read } from '../../validation.ts';
import { type CreateAsk, createBody, type OpenrouterVideo, openrouterErrorObject } from './schema.ts';

const STATUS_WORDS = {
  pending: 'pending',
  queued: 'pending',
  running: 'in_progress',
  succeeded: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
} as const satisfies Record<Status, OpenrouterVideo['status']>;

/** Reads the body of a create. @param aliases names in `model`, as the operator set them @throws Fault that names the field */
export function readCreate(
  body: unknown,
  aliases: Readonly<Record<string, string>>,
): Omit<SubmitAsk, 'idempotencyKey' | 'repeat'> {
  const ask = read<CreateAsk>(createBody, body);
  refuse(ask.generate_audio === true, 'generate_audio', 'videos are silent; leave it out or send false.');
  refuse(
    ask.callback_url !== undefined && ask.callback_url !== null,
    'callback_url',
    'not offered in this dialect; poll polling_url, or register a webhook endpoint at /v1/webhook_endpoints.',
  );
  const wished = readSides(ask.size ?? undefined);
  return {
    generation: {
      model: Object.hasOwn(aliases, ask.model) ? (aliases[ask.model] ?? ask.model) : ask.model,
      prompt: ask.prompt ?? undefined,
      negativePrompt: ask.negative_prompt ?? undefined,
      seconds: ask.duration ?? undefined,
      size: ask.resolution ?? (wished === undefined ? (ask.size ?? undefined) : nearestTier(wished)),
      promptExtend: ask.prompt_extend ?? undefined,
      watermark: ask.watermark ?? undefined,
      seed: ask.seed ?? undefined,
      wished,
    },
    images: [readFrame(ask, 'first_frame'), readFrame(ask, 'last_frame')],
    unknownFields: Object.keys(body as object)
      .filter((name) => !Object.hasOwn(createBody.shape, name))
      .map((name) => echo(name)),
  };
}

function refuse(wrong: boolean, param: string, remedy: string): void {
  if (wrong) throw new Fault('invalid_request', `${param}: ${remedy}`, { param });
}

function readFrame({ frame_images: frames }: CreateAsk, type: 'first_frame' | 'last_frame'): string {
  const found = (frames ?? []).filter(({ frame_type }) => frame_type === type);
  if (found.length === 1 && found[0] !== undefined) return found[0].image_url.url;
  throw new Fault(
    found.length === 0 ? 'missing_field' : 'invalid_request',
    `frame_images must hold one first_frame and one last_frame; ${found.length === 0 ? `${type} is missing` : `${found.length} of them are ${type}`}. ` +
      'This server makes the video between two frames.',
    { param: 'frame_images' },
  );
}

/** `1280x720`; anything else is left to the check of tiers. */
function readSides(size: string | undefined): Size | undefined {
  const [, width, height] = /^\s*(\d{2,5})\s*[x×*]\s*(\d{2,5})\s*$/i.exec(size ?? '') ?? [];
  return width === undefined ? undefined : { width: Number(width), height: Number(height) };
}

/** Where a video's addresses are; those of its file are asked for only when there is one. */
export interface Addresses {
  polling(id: string): string;
  /** For the key that made it. */
  content(id: string): string;
  signed(video: Video): string;
}

/** A video as every call answers it. */
export function showVideo(video: Video, { polling, content, signed }: Addresses): OpenrouterVideo {
  const { id, status, failure, expired } = video;
  const shown = { id, polling_url: polling(id), status: expired ? ('expired' as const) : STATUS_WORDS[status] };
  if (failure !== null) return { ...shown, error: inItsWords(failure.message) };
  if (status !== 'succeeded' || expired || video.result === null) return shown;
  return { ...shown, unsigned_urls: [content(id)], urls: [signed(video)] };
}

/** The envelope of its errors: `code` is the HTTP status; our own code and field are in `metadata`. */
export const OPENROUTER_ERRORS: ErrorWords = {
  schema: openrouterErrorObject,
  of: NATIVE_ERRORS.of,
  body(fault) {
    const param = fault.param === undefined ? {} : { param: inItsWords(fault.param) };
    const { code, message } = fault;
    return { error: { code: statusOf(fault), message: inItsWords(message), metadata: { code, ...param } } };
  },
};

/** Our words name the fields of the native API. */
function inItsWords(message: string): string {
  return message
    .replace(/\bimages\[0\]/g, 'frame_images first_frame')
    .replace(/\bimages\[1\]/g, 'frame_images last_frame')
    .replace(/^size\b/, 'resolution')
    .replace(/^seconds must be "(\d+)"/, 'duration must be $1')
    .replace(/^seconds\b/, 'duration');
}
