import type { Mode } from '../contract.ts';
import type { EncoderChoice } from '../encode/encoder.ts';

/** What decides the motion between two pictures, shared by videos and frame series. */
export interface PairPlan {
  /** Path of the first picture: a PNG that is already cropped and scaled, both sides even. */
  readonly first: string;
  /** Path of the last picture: a PNG of exactly the same size. */
  readonly last: string;
  /** 0..2147483647; drives only what is random. The same plan and seed give the same frames. */
  readonly seed: number;
  /** Read for timing and camera words only; see `prompt/words.ts`. May be empty. */
  readonly prompt: string;
  /** Read for refused camera words only. May be empty. */
  readonly negativePrompt: string;
  /** Two warps a frame instead of four: quicker, a little less sharp. Default false. */
  readonly fast?: boolean;
  /** Worker threads the inbetweener may use, 1..64. */
  readonly threads: number;
}

/** One video to make: two pictures in, one MP4 out. All paths are written only when everything succeeded. */
export interface RenderPlan extends PairPlan {
  /** Where the finished .mp4 goes. */
  readonly video: string;
  /** Where the last frame goes as a PNG, taken before the watermark. */
  readonly lastFrame?: string;
  /** Where a middle frame goes as a WEBP with its longest side at most 512 pixels; it carries the watermark. */
  readonly thumbnail?: string;
  /** Where a WEBP goes with up to 16 frames over the clip, 4 a row; they carry the watermark. */
  readonly spritesheet?: string;
  /** Whole frames per second, 1..120. */
  readonly fps: number;
  /** Frames in the clip, both ends included, 2..36000. */
  readonly frames: number;
  /** Words burned into the lower right corner of every frame; see `watermarkText`. */
  readonly watermark?: string;
  /** `mdta` keys written into the file, for example `AIGC`. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly encoder: EncoderChoice;
}

/** A series of single frames to make: N pictures, both ends included. */
export interface FramesPlan extends PairPlan {
  /** An existing folder; files are named `frame_0001.png` and so on. */
  readonly folder: string;
  /** How many frames, 2..36000. */
  readonly frames: number;
  /** `linear`: equal steps; `smooth`: the default easing of a video. Timing words in the prompt are not read. */
  readonly ease: 'linear' | 'smooth';
}

/** Where a job is: `fraction` runs 0..1 over the whole job and never falls. */
export interface RenderProgress {
  readonly phase: 'analysing' | 'rendering';
  readonly fraction: number;
  /** Frames handed to the encoder (or written as files) so far. */
  readonly framesDone: number;
  readonly frames: number;
}

/** What a caller may watch and stop. */
export interface RenderHooks {
  readonly onProgress?: (progress: RenderProgress) => void;
  /** Aborting rejects the call with the signal's reason; no output file and no thread is left behind. */
  readonly signal?: AbortSignal;
}

/** What was honestly done with the wish. */
export interface PairOutcome {
  readonly width: number;
  readonly height: number;
  readonly mode: Mode;
  /** 0..1, from the analysis of the pair. */
  readonly matchConfidence: number;
  /** What shaped the motion: `motion`, `camera`, `timing`, and where asked `overlay` and `negative_prompt`. The value `from_images` means the pictures decided it. */
  readonly honoured: Readonly<Record<string, string>>;
  /** What was asked and had no effect, in words a person can read. */
  readonly ignored: readonly string[];
  /** Never generative: the renderer invents no content. */
  readonly generative: false;
}

/** What was made of a `RenderPlan`. */
export interface RenderReport extends PairOutcome {
  readonly fps: number;
  readonly frames: number;
  /** `frames / fps` in milliseconds, rounded. */
  readonly durationMs: number;
  /** Name of the encoder build, for example `openh264 (node-webcodecs)`. */
  readonly encoder: string;
}

/** What was made of a `FramesPlan`. */
export interface FramesReport extends PairOutcome {
  /** Full paths in order of time. */
  readonly files: readonly string[];
}

/** Checks what every plan shares. Throws a RangeError that names the field. */
export function checkPairPlan(plan: PairPlan & { readonly frames: number }): void {
  checkInteger('frames', plan.frames, 2, 36_000);
  checkInteger('seed', plan.seed, 0, 2_147_483_647);
  checkInteger('threads', plan.threads, 1, 64);
}

/** Checks a video's plan. Throws a RangeError that names the field. */
export function checkRenderPlan(plan: RenderPlan): void {
  checkPairPlan(plan);
  checkInteger('fps', plan.fps, 1, 120);
}

function checkInteger(name: string, value: number, least: number, most: number): void {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
  }
}
