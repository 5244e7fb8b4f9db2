import type { Caller } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import {
  FRAME_ROLES,
  type FrameAsk,
  type FrameRole,
  type FrameSource,
  type Frames,
  PICTURE_LIMITS,
  type ReadFrame,
  readFrameText,
  tooManyBytes,
} from '../domain/frame.ts';
import type { VideoId } from '../domain/id.ts';
import { inspectPicture } from '../domain/picture/inspect.ts';
import { videoPrefix } from '../domain/video.ts';
import type { FrameInput } from '../ports/store.ts';
import type { ImageAsk, SubmitParts } from './submit-ask.ts';

/** A posted picture up to this size is stored in the video's own transaction; larger ones go to the artifact store first. */
const ROW_BYTES_MAX = 256 * 1024;

/** What was asked for as frames, before any of it is looked up: an ask that is repeated needs nothing that is gone since. */
export function readImages(images: readonly ImageAsk[]): Frames<FrameAsk> {
  const [first, last] = images;
  if (first === undefined || last === undefined || images.length !== 2) {
    throw new Fault(
      'invalid_request',
      `images must have exactly 2 items, the first frame and the last frame; ${images.length} ${images.length === 1 ? 'was' : 'were'} sent.`,
      { param: 'images' },
    );
  }
  return { first: readImage(first, 'images[0]'), last: readImage(last, 'images[1]') };
}

function readImage(image: ImageAsk, param: string): FrameAsk {
  return typeof image === 'string' ? readFrameText(image, param) : { kind: 'bytes', bytes: image };
}

/** Both frames, as far as they can be had without the network. @throws Fault with the item as `param` */
export async function readFrames(
  parts: SubmitParts,
  caller: Caller,
  id: VideoId,
  asked: Frames<FrameAsk>,
): Promise<Frames<ReadFrame>> {
  return {
    first: await readFrame(parts, caller, id, 'first', asked.first, 'images[0]'),
    last: await readFrame(parts, caller, id, 'last', asked.last, 'images[1]'),
  };
}

async function readFrame(
  parts: SubmitParts,
  caller: Caller,
  id: VideoId,
  role: FrameRole,
  ask: FrameAsk,
  param: string,
): Promise<ReadFrame> {
  switch (ask.kind) {
    case 'url':
      checkUrl(parts, ask.url, param);
      return { source: ask };
    case 'sample':
      return { source: ask };
    case 'output':
      // A frame of our own is never refused for its sides: at 480P and beyond 6:1 they are shorter than a caller's may be.
      return keepBytes(id, role, await parts.outputFrame(caller, ask.video, param));
    case 'file':
      // Copied, so that the video needs nothing that its owner may delete meanwhile; checked when it was uploaded.
      return keepBytes(id, role, await parts.files.picture(caller, { file: ask.file }, param));
    case 'upload':
      return keepBytes(id, role, await parts.files.picture(caller, { key: ask.key }, param));
    case 'bytes':
      if (ask.bytes.length > PICTURE_LIMITS.maxBytes) throw tooManyBytes(param);
      inspectPicture(ask.bytes, param);
      return keepBytes(id, role, ask.bytes);
  }
}

function checkUrl(parts: SubmitParts, url: string, param: string): void {
  try {
    parts.fetcher.check(url, 'public');
  } catch (error) {
    if (error instanceof Fault) throw new Fault(error.code, `${param}: ${error.message}`, { param, cause: error });
    throw error;
  }
}

function keepBytes(id: VideoId, role: FrameRole, bytes: Uint8Array): ReadFrame {
  const source: Extract<FrameSource, { readonly kind: 'row' | 'artifact' }> =
    bytes.length <= ROW_BYTES_MAX
      ? { kind: 'row', bytes: bytes.length }
      : { kind: 'artifact', bytes: bytes.length, key: `${videoPrefix(id)}inputs/${role}` };
  return { source, bytes };
}

/** Those that are stored with the row. */
export function smallFrames(frames: Frames<ReadFrame>): readonly FrameInput[] {
  return FRAME_ROLES.flatMap((role) => {
    const { source, bytes } = frames[role];
    return source.kind === 'row' && bytes !== undefined ? [{ role, bytes }] : [];
  });
}

/** Those that are not. */
export async function storeLargeFrames(parts: SubmitParts, frames: Frames<ReadFrame>): Promise<void> {
  for (const { source, bytes } of [frames.first, frames.last]) {
    if (source.kind !== 'artifact' || bytes === undefined) continue;
    await parts.artifacts.put(source.key, { bytes }, 'application/octet-stream');
  }
}
