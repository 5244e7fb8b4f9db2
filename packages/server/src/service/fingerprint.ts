import { hash } from 'node:crypto';
import type { FrameAsk, Frames } from '../domain/frame.ts';
import type { CheckedAsk } from '../domain/generation.ts';

/** SHA-256 of bytes or text, lower-case hex. */
export function sha256(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

/**
 * What two asks under one idempotency key must have in common: the canonical ask after defaults and before a seed is
 * drawn, and each frame by its content (posted bytes) or its words (a URL or a name).
 */
export function fingerprint(ask: CheckedAsk, frames: Frames<FrameAsk>): string {
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
      frameWord(frames.first),
      frameWord(frames.last),
      // Only when there is one: keys that were used before there were callbacks still name the same ask.
      ...(ask.callbackUrl === undefined ? [] : [ask.callbackUrl]),
    ]),
  );
}

function frameWord(ask: FrameAsk): string {
  switch (ask.kind) {
    case 'bytes':
      return `sha256:${sha256(ask.bytes)}`;
    case 'url':
      return ask.url;
    case 'sample':
      return ask.name;
    case 'output':
      return `${ask.video}:output_last_frame`;
    case 'file':
      return ask.file;
    case 'upload':
      return ask.key;
  }
}
