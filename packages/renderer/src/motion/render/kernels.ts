/**
 * The inner loops of rendering. All arguments named after a place are byte offsets into one memory
 * (see layout.ts); two implementations exist: WebAssembly with SIMD, and plain TypeScript as its oracle and fallback.
 */
export interface FrameKernels {
  /**
   * Carries every sample of a motion field to where it is at the time of the frame and sums (u, v, z) there with
   * bilinear weights × (z + 0.001). Sample p lands at matrix(p + share × motion(p)); one whose motion is NaN
   * lands nowhere. Where several motions meet, the one that differs from `rest` counts up to 64 times as much: what moves
   * otherwise than most of the picture is in front.
   */
  splat(
    width: number,
    height: number,
    u: number,
    v: number,
    z: number,
    matrix: number,
    share: number,
    restU: number,
    restV: number,
    sums: number,
  ): void;
  /**
   * Divides the sums by their weights and fills the holes smoothly from their surroundings (pull-push). In place of the
   * weight stays how densely motion arrived: 0 where it was filled in, 1 from three quarters of a sample per sample on.
   */
  resolve(width: number, height: number, restU: number, restV: number, sums: number, pyramid: number): void;
  /** Turns both sides' carried motion into the five fields a frame is gathered with. `s` is the time 0..1. */
  combine(
    width: number,
    height: number,
    firstSums: number,
    lastSums: number,
    firstMatrix: number,
    lastMatrix: number,
    s: number,
    fields: number,
  ): void;
  /** Gathers and blends luma: two bicubic reads per sample. Gains and offsets apply before the blend. */
  luma(
    width: number,
    height: number,
    first: number,
    last: number,
    fields: number,
    rows: number,
    weights: number,
    firstGain: number,
    firstOffset: number,
    lastGain: number,
    lastOffset: number,
    out: number,
  ): void;
  /**
   * The same for colour: both planes, one after the other. `width` and `height` are those of the fields and of a plane of
   * `out`; `first` and `last` are twice as wide and high and hold what colour would be sampled at every place. `tones`
   * are those of a desk.
   */
  chroma(
    width: number,
    height: number,
    first: number,
    last: number,
    fields: number,
    rows: number,
    weights: number,
    tones: number,
    out: number,
  ): void;
  /**
   * Like `combine`, but every sample is made of four readings: both pictures along both motions. `matrices` holds four:
   * frame → first picture, frame → last, first → last, last → first, and then the last picture's shares at the frame's four
   * corners, where it is trusted and nothing else speaks (where it is not, that is the time). A motion counts the more the likelier what it joins:
   * its ends are compared in the half-size luma planes `first` and `last`. Eleven fields: x and y offset into the first
   * picture along its own motion, into the last along its own, into the first along the last one's motion, into the last
   * along the first one's; share of the last picture; share of the crossed reading within the first, within the last.
   * Where the crossed reading is within a sixteenth of a sample of the own one, or counts less than a fiftieth, both are one
   * place between (or the own), and the share is 0. Behind the fields stand marks, for each row a 0, a byte for every four
   * samples, and a 0: 1 if any of the four is read at two places, and twice how softly they are read (0 to 3, a step for every four
   * grey steps by which the two ends of the better motion differ).
   */
  combineCrossed(
    width: number,
    height: number,
    firstSums: number,
    lastSums: number,
    matrices: number,
    s: number,
    first: number,
    last: number,
    firstGain: number,
    firstOffset: number,
    lastGain: number,
    lastOffset: number,
    fields: number,
  ): void;
  /** `luma` for the eleven fields: up to four bicubic reads per sample, two where both motions say the same, with the filter the marks ask for. `weights` are four filters. */
  lumaCrossed: FrameKernels['luma'];
  /** `chroma` for the eleven fields. */
  chromaCrossed: FrameKernels['chroma'];
  /** Mixes two I420 frames in linear light; `share` 0..1 is that of the second. */
  mix(
    width: number,
    height: number,
    first: number,
    last: number,
    share: number,
    toLinear: number,
    fromLinear: number,
    out: number,
  ): void;
}
