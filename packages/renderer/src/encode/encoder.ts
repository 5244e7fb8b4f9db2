import type { YuvPicture } from '../contract.ts';

/** Who turns pictures into H.264: the encoder we ship, or an ffmpeg the operator named by its full path. */
export type EncoderChoice = { readonly kind: 'builtin' } | { readonly kind: 'ffmpeg'; readonly path: string };

/** The clip an encoder is opened for. */
export interface ClipShape {
  /** Even, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Whole frames per second; every frame lasts exactly 1/fps. */
  readonly fps: number;
  readonly frames: number;
}

/**
 * Turns I420 pictures (BT.709, limited range) into a faststart MP4 with one H.264 track, progressive, 4:2:0, tagged
 * BT.709, without metadata. The same pictures give the same elementary stream on the same build, however many cores.
 */
export interface Encoder {
  /** Which encoder this is, for the report. */
  readonly name: string;
  /**
   * Takes the next frame. Resolves when the picture's buffer may be filled again and there is room for another frame,
   * so a caller that waits holds only a few frames in memory. Rejects when the encoder has failed.
   */
  add(frame: YuvPicture): Promise<void>;
  /** Ends the clip and gives the whole file. Call once, after the last frame. */
  finish(): Promise<Uint8Array>;
  /** Frees everything and stops what is still running. Idempotent, also after `finish`. */
  close(): Promise<void>;
}
