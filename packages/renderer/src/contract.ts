/**
 * The words the renderer's rooms share. Pictures are row-major, top row first; times are fractions 0..1 of the clip.
 */

/** An 8-bit sRGB picture without alpha: `data.length === width * height * 3`, interleaved R, G, B. */
export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * A planar YUV 4:2:0 picture, BT.709, limited range (Y 16..235, U and V 16..240), 8 bits.
 * Sides are even. One buffer holds Y (width × height), then U and V (each width/2 × height/2).
 * The buffer may be shared memory, so that worker threads fill it without a copy.
 */
export interface YuvPicture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** How the renderer joined the two pictures. */
export type Mode = 'morph' | 'camera' | 'transition' | 'still';

/** What the analysis of a pair found. */
export interface PairReport {
  readonly mode: Mode;
  /** 0..1: the share of the picture in which the two frames were found to correspond. */
  readonly matchConfidence: number;
}

/** One pair of pictures, analysed and ready to give the frame at any time between them. */
export interface Inbetweener {
  readonly report: PairReport;
  /**
   * Renders the frame at eased time `s` (0 = first picture, 1 = last picture, both exact) into `into`.
   * Calls may overlap: the implementation queues them over its threads.
   */
  frame(s: number, into: YuvPicture): Promise<void>;
  /** Frees threads and memory. Idempotent. */
  close(): Promise<void>;
}

/** What the caller wants of the motion; everything else is decided by the pictures. */
export interface MotionWish {
  /** Drives only what is random (0..2147483647). */
  readonly seed: number;
  /** The camera move of a transition between pictures that do not correspond. */
  readonly camera: 'zoom-in' | 'zoom-out' | 'pan-left' | 'pan-right' | 'tilt-up' | 'tilt-down' | 'roll' | 'static';
}

/** Analyses two pictures of identical, even size. Reports progress as a fraction 0..1 of the analysis. */
export type OpenInbetweener = (
  first: RgbPicture,
  last: RgbPicture,
  wish: MotionWish,
  options: {
    readonly threads: number;
    readonly onProgress?: (fraction: number) => void;
    readonly signal?: AbortSignal;
  },
) => Promise<Inbetweener>;
