import type { YuvPicture } from '../contract.ts';
import { openBuiltinEncoder } from './builtin.ts';
import type { ClipShape, Encoder, EncoderChoice } from './encoder.ts';
import { openFfmpegEncoder } from './ffmpeg.ts';

/** What an encoder may need besides the clip's shape. */
export interface EncoderMeans {
  /** Typical pictures of the clip, for an encoder that has to choose a bitrate. */
  readonly samples: readonly YuvPicture[];
  /** The fastest moment of the clip against that of the usual one; see `chooseBitrate`. */
  readonly pace: number;
  /** An existing folder for files in the making; nothing stays there after `close`. */
  readonly scratch: string;
}

/** Opens the chosen encoder. Throws an Error that says what is missing when it cannot run here. */
export function openEncoder(choice: EncoderChoice, shape: ClipShape, means: EncoderMeans): Promise<Encoder> {
  return choice.kind === 'builtin'
    ? openBuiltinEncoder(shape, means)
    : openFfmpegEncoder(shape, choice.path, means.scratch);
}
