import { compose, type Homography, IDENTITY, invert } from './homography.ts';

/**
 * A camera move as a path in time: every point of the picture travels straight and evenly from its place in the first
 * picture to its place in the last (exactly so for affine moves; near enough for the perspective of a camera).
 * The residual motion is linear too, so both add up. A geometric path (matrix powers) keeps the size of a rolling
 * picture, but the study's true middle frames are linear and it lost 7 dB on them.
 */
export class CameraPath {
  private readonly end: number[];
  private readonly back: number[];

  /** `width` and `height` are those of the raster the move is expressed in. */
  constructor(move: Homography, width: number, height: number) {
    // Scaled so that the centre keeps its depth: there the path is straight even with perspective.
    const scale = 1 / (move[6]! * 0.5 * (width - 1) + move[7]! * 0.5 * (height - 1) + move[8]!);
    this.end = move.map((value) => value * scale);
    this.back = invert(this.end);
  }

  /** The map from the first picture to the frame at time `t` (0..1). */
  fromFirst(t: number): number[] {
    return this.end.map((value, i) => (1 - t) * IDENTITY[i]! + t * value);
  }

  /** The map from the last picture to the frame at time `t` (0..1). */
  fromLast(t: number): number[] {
    return compose(this.fromFirst(t), this.back);
  }
}
