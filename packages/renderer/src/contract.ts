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

/**
 * How a frame is looked at: a small movement of the camera on top of the clip's own. The plain view is
 * `{ zoom: 1, right: 0, down: 0, roll: 0 }`.
 */
export interface View {
  /** How much larger everything is shown, about the middle; at least 1. */
  readonly zoom: number;
  /** How far the view looks to the right, as a share of the width. */
  readonly right: number;
  /** How far the view looks down, as a share of the height. */
  readonly down: number;
  /** How far the view is turned clockwise, in radians: the picture seems to turn the other way. */
  readonly roll: number;
}

/** One pair of pictures, analysed and ready to give the frame at any time between them. */
export interface Inbetweener {
  readonly report: PairReport;
  /**
   * Renders the frame at eased time `s` (0 = first picture, 1 = last picture, both exact, whatever the view) into
   * `into`, seen through `view` when one is given. Calls may overlap: the implementation queues them over its threads.
   * Rejects with a RangeError when `s` is no number or `into` has another size, and with an Error once closed.
   */
  frame(s: number, into: YuvPicture, view?: View): Promise<void>;
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
    /** Two warps a frame instead of four: quicker, a little less sharp where both pictures disagree. Default false. */
    readonly fast?: boolean;
    /** Whether frames will be asked for with a view; only then is a pair of equal pictures more than a still. */
    readonly views?: boolean;
    readonly onProgress?: (fraction: number) => void;
    readonly signal?: AbortSignal;
  },
) => Promise<Inbetweener>;
