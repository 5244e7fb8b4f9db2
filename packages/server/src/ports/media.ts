import type { Frames } from '../domain/frame.ts';
import type { FrameCheck } from '../domain/frame-check.ts';
import type { VideoFacts } from '../domain/result.ts';

/** What is found in a video file. */
export interface InspectedVideo extends VideoFacts {
  /** Such as `avc`. */
  readonly codec: string;
  /** `moov` stands before `mdat`, so that playing starts before the download ends. */
  readonly faststart: boolean;
}

/** Looks at finished video files. Damaged files are a Fault `damaged_output`, never a crash of the server. */
export interface Media {
  inspect(path: string, signal: AbortSignal): Promise<InspectedVideo>;
}

/** A foreign video file that is to become ours. */
export interface FinishOrder {
  readonly input: string;
  /** An existing folder of the attempt's own, where the outputs are written. */
  readonly folder: string;
  /** The two prepared inputs as PNG files. */
  readonly frames: Frames<string>;
  /** All the metadata the file shall have; the upstream's is removed. */
  readonly tags: Readonly<Record<string, string>>;
  /** The prompt whose language chooses the words that are drawn on every frame; undefined: we draw none. */
  readonly watermarkFor: string | undefined;
  /** The upstream drew one, so the lower right is left out of the frame check. */
  readonly watermarked: boolean;
  /** Shift the colours of the last frames towards the last input. */
  readonly matchTail: boolean;
}

export interface FinishedFile {
  readonly video: string;
  readonly thumbnail: string;
  /** WEBP of up to 16 small frames from all over the video, 4 a row. */
  readonly spritesheet: string;
  /** The last output frame before our watermark. */
  readonly lastFrame: string;
  /** `kept`: the pictures are the upstream's, bit for bit. */
  readonly pictures: 'kept' | 'transcoded';
  readonly check: FrameCheck;
}

/**
 * Makes a foreign result ours: an H.264 yuv420p faststart MP4 with nothing but our metadata, its stills, and the check of
 * both ends against the inputs. All of it in a child process, because the file is somebody else's.
 */
export interface ResultFinisher {
  /** @throws Fault `damaged_output` for a file that cannot be played */
  finish(order: FinishOrder, signal: AbortSignal): Promise<FinishedFile>;
}
