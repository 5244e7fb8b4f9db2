/**
 * Whether a finished video begins with the first input and ends with the last: an engine that drops the last frame still
 * answers with a fine-looking video, and nobody would be told.
 *
 * Differences are mean absolute differences of 64×36 luma pictures (0..255), after gain and offset were matched, so that a
 * change of brightness or contrast alone counts little.
 */
export interface FrameCheck {
  /** First output frame against the first input. */
  readonly firstToFirst: number;
  /** Last output frame against the last input. */
  readonly lastToLast: number;
  /** Last output frame against the first input. */
  readonly lastToFirst: number;
  /** The two inputs against each other. */
  readonly inputs: number;
  readonly verdict: FrameVerdict;
}

/** `not_judged`: the inputs are so alike that the distances say nothing. */
export type FrameVerdict = 'respected' | 'last_frame_ignored' | 'not_judged';

/** Inputs closer than this are alike: compression and film grain alone move frames about 1 to 2 apart. */
export const ALIKE_BELOW = 6;

/** Judges measured distances: the last frame was ignored when the video's end is nearer to its beginning's input. */
export function judgeFrames(distances: Omit<FrameCheck, 'verdict'>): FrameCheck {
  return { ...distances, verdict: verdictOf(distances) };
}

function verdictOf({ inputs, lastToLast, lastToFirst }: Omit<FrameCheck, 'verdict'>): FrameVerdict {
  if (inputs < ALIKE_BELOW) return 'not_judged';
  return lastToFirst < lastToLast ? 'last_frame_ignored' : 'respected';
}
