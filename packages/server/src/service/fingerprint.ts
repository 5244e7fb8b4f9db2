import { hash } from 'node:crypto';
import type { FrameAsk, Frames, ReadFrame } from '../domain/frame.ts';
import type { CheckedAsk } from '../domain/generation.ts';

/** SHA-256 of bytes or text, lower-case hex. */
export function sha256(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

const pictures = new WeakMap<Uint8Array, string>();

/** The same of a posted picture, reckoned once: 20 MB of pictures take 15 ms, and it is asked for twice. */
export function pictureHash(bytes: Uint8Array): string {
  const known = pictures.get(bytes) ?? sha256(bytes);
  pictures.set(bytes, known);
  return known;
}

/**
 * What two asks under one idempotency key must have in common: the canonical ask after defaults and before a seed is
 * drawn, and each frame by a word. There are two of an ask, and one of them must be the same: by what it names (then
 * nothing it names needs to be there any more), and by what its frames hold (then it may be sent in another way).
 */
export function fingerprint(ask: CheckedAsk, frames: Frames<string>): string {
  return sha256(
    JSON.stringify([
      ask.model,
      ask.prompt,
      ask.negativePrompt,
      ask.seconds,
      ask.size,
      ask.promptExtend,
      ask.watermark,
      ask.seed ?? null,
      Object.entries(ask.tags),
      frames.first,
      frames.last,
      // Only when there is one: keys that were used before there were callbacks still name the same ask.
      ...(ask.callbackUrl === undefined ? [] : [ask.callbackUrl]),
      ...(ask.wished === undefined ? [] : [ask.wished.width, ask.wished.height]),
      ...(ask.simulation === undefined ? [] : [JSON.stringify(ask.simulation)]),
    ]),
  );
}

/** Both fingerprints of an ask as they are stored. */
export function bothPrints(byName: string, byContent: string): string {
  return byName === byContent ? byContent : `${byContent} ${byName}`;
}

/** Whether a fingerprint is one of those that were stored. */
export function isOneOf(stored: string, print: string): boolean {
  return stored.split(' ').includes(print);
}

/** A frame as it was named. */
export function nameWord(ask: FrameAsk): string {
  switch (ask.kind) {
    case 'bytes':
      return `sha256:${pictureHash(ask.bytes)}`;
    case 'url':
      return ask.url;
    case 'sample':
      return ask.name;
    case 'output':
      return `${ask.video}:output_last_frame`;
    case 'file':
      return ask.file;
    case 'upload':
      return `oss://${ask.key}`;
  }
}

/** A frame as it was read. */
export function contentWord({ source, bytes }: ReadFrame): string {
  if (bytes !== undefined) return `sha256:${pictureHash(bytes)}`;
  switch (source.kind) {
    case 'url':
      return source.url;
    case 'sample':
      return source.name;
  }
}
