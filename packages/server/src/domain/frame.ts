import { Fault } from './fault.ts';
import { type FileId, readFileId, readVideoId, type VideoId } from './id.ts';
import type { Size } from './size.ts';

/** Which end of the video a frame is. */
export type FrameRole = 'first' | 'last';
export const FRAME_ROLES = ['first', 'last'] as const satisfies readonly FrameRole[];

/** The pictures we read. */
export type PictureType = 'image/jpeg' | 'image/png' | 'image/webp' | 'image/bmp';

/** Limits of an input picture. */
export const PICTURE_LIMITS = {
  minSide: 240,
  maxSide: 8000,
  maxPixels: 64_000_000,
  maxBytes: 10_000_000,
  /** The longer side over the shorter. */
  maxAspect: 8,
} as const;

/** What a caller may put into `images`. */
export type FrameAsk =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'sample'; readonly name: 'sample_first' | 'sample_last' }
  | { readonly kind: 'output'; readonly video: VideoId }
  | { readonly kind: 'file'; readonly file: FileId }
  /** An upload of the DashScope dialect, by the key it was uploaded under. */
  | { readonly kind: 'upload'; readonly key: string };

/**
 * Where an accepted frame's bytes are until it is prepared: in the video's own transaction (`row`), in the artifact
 * store (`artifact`), still at the caller's address, or shipped with the server.
 */
export type FrameSource =
  | { readonly kind: 'row'; readonly bytes: number }
  | { readonly kind: 'artifact'; readonly bytes: number; readonly key: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'sample'; readonly name: 'sample_first' | 'sample_last' };

/** A frame as it was asked for, with its bytes unless they are still elsewhere. */
export type ReadFrame =
  | { readonly source: Extract<FrameSource, { readonly kind: 'row' | 'artifact' }>; readonly bytes: Uint8Array }
  | { readonly source: Extract<FrameSource, { readonly kind: 'url' | 'sample' }>; readonly bytes?: undefined };

/** Both ends, always in this order. */
export interface Frames<T> {
  readonly first: T;
  readonly last: T;
}

const DATA_URL = /^data:([a-z0-9.+-]+\/[a-z0-9.+-]+)?((?:;[a-z0-9.+=-]+)*?)(;base64)?,/i;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const BARE_BASE64_MIN = 64;
const OUTPUT_FRAME = ':output_last_frame';

/**
 * Reads one item of `images`, in this order: `data:` URL, `http(s)://`, `oss://`, a name of ours, bare standard base64
 * of at least 64 characters. Anything else is a fault that names the item and the remedy.
 *
 * @param param the field as the caller wrote it, e.g. `images[0]`
 */
export function readFrameText(text: string, param: string): FrameAsk {
  const trimmed = text.trim();
  if (/^data:/i.test(trimmed)) return { kind: 'bytes', bytes: readDataUrl(trimmed, param) };
  if (/^https?:\/\//i.test(trimmed)) return { kind: 'url', url: readUrl(trimmed, param) };
  if (/^oss:\/\//i.test(trimmed)) return { kind: 'upload', key: trimmed.slice('oss://'.length) };
  if (trimmed === 'sample_first' || trimmed === 'sample_last') return { kind: 'sample', name: trimmed };
  const video = trimmed.endsWith(OUTPUT_FRAME) ? readVideoId(trimmed.slice(0, -OUTPUT_FRAME.length)) : undefined;
  if (video !== undefined) return { kind: 'output', video };
  if (/^file_[0-9a-z]+$/.test(trimmed)) {
    const file = readFileId(trimmed);
    if (file !== undefined) return { kind: 'file', file };
    throw new Fault('invalid_image', `${param}: there is no file "${trimmed.slice(0, 60)}".`, { param });
  }
  if (trimmed.length >= BARE_BASE64_MIN && BASE64.test(trimmed))
    return { kind: 'bytes', bytes: readBase64(trimmed, param) };
  throw new Fault(
    'invalid_image',
    `${param} must be an http(s) URL, a data: URL, base64 of a picture, the id of a file, sample_first, sample_last or <video id>:output_last_frame.`,
    { param },
  );
}

function readDataUrl(text: string, param: string): Uint8Array {
  // Only the head is matched: a regular expression over 13 MB of base64 costs more than decoding it.
  const head = DATA_URL.exec(text.slice(0, 200));
  if (head === null || head[3] === undefined) {
    throw new Fault('invalid_image', `${param}: a data: URL must read data:image/…;base64,…`, { param });
  }
  return readBase64(text.slice(head[0].length), param);
}

function readBase64(text: string, param: string): Uint8Array {
  if (text.length > Math.ceil(PICTURE_LIMITS.maxBytes / 3) * 4 + 8) throw tooManyBytes(param);
  const bytes = Buffer.from(text, 'base64');
  // Buffer skips what is not base64; a shorter result than the text promises means the text was damaged. Cut by hand,
  // because a regular expression for the padding takes quadratic time on a text full of `=`.
  const digits = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
  const promised = Math.floor((digits * 3) / 4);
  if (bytes.length === 0 || bytes.length !== promised || digits % 4 === 1) {
    throw new Fault('invalid_image', `${param}: the base64 is damaged.`, { param });
  }
  return bytes;
}

function readUrl(text: string, param: string): string {
  if (text.length > 8192)
    throw new Fault('invalid_image', `${param}: the URL is longer than 8192 characters.`, { param });
  if (!URL.canParse(text)) throw new Fault('invalid_image', `${param} is not a valid URL.`, { param });
  return text;
}

/** The fault for a picture of too many bytes. */
export function tooManyBytes(param: string): Fault {
  return new Fault('image_too_large', `${param}: a picture may have at most ${PICTURE_LIMITS.maxBytes} bytes.`, {
    param,
  });
}

/** Checks a picture's sides: 240..8000 px each, at most 64 megapixels, aspect 1:8..8:1. */
export function checkPictureSize(size: Size, param: string): void {
  const { minSide, maxSide, maxPixels, maxAspect } = PICTURE_LIMITS;
  const { width, height } = size;
  const shown = `${width}×${height}`;
  if (Math.min(width, height) < minSide || Math.max(width, height) > maxSide) {
    throw new Fault('invalid_image', `${param} is ${shown} px; each side must be ${minSide} to ${maxSide} px.`, {
      param,
    });
  }
  if (width * height > maxPixels) {
    throw new Fault('invalid_image', `${param} is ${shown} px; at most ${maxPixels / 1e6} megapixels are allowed.`, {
      param,
    });
  }
  if (Math.max(width / height, height / width) > maxAspect) {
    throw new Fault(
      'invalid_image',
      `${param} is ${shown} px; its aspect must lie between 1:${maxAspect} and ${maxAspect}:1.`,
      { param },
    );
  }
}
