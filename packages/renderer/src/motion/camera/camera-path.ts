import { compose, type Homography, IDENTITY, invert, jacobian, type Point } from './homography.ts';

/**
 * A camera move as a path in time: every point of the picture travels straight and evenly from its place in the first
 * picture to its place in the last (exactly so for affine moves; near enough for the perspective of a camera).
 * The residual motion is linear too, so both add up. A geometric path (matrix powers) keeps the size of a rolling
 * picture, but the study's true middle frames are linear and it lost 7 dB on them.
 */
export class CameraPath {
  private readonly end: number[];
  private readonly back: number[];
  private readonly middle: Point;

  /** `width` and `height` are those of the raster the move is expressed in. */
  constructor(move: Homography, width: number, height: number) {
    this.middle = { x: 0.5 * (width - 1), y: 0.5 * (height - 1) };
    // Scaled so that the centre keeps its depth: there the path is straight even with perspective.
    const scale = 1 / (move[6]! * this.middle.x + move[7]! * this.middle.y + move[8]!);
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

  /**
   * How much of a frame at time `t` is due to the last picture: its share of the time, more when it has more samples for
   * the frame than the first has. (A picture that is magnified has no detail to give.)
   */
  shareOfLast(t: number): number {
    const first = (1 - t) * this.density(this.fromFirst(t));
    const last = t * this.density(this.fromLast(t));
    return last / (first + last);
  }

  /** How many samples of a picture, per side, fall on one of the frame's, in the middle. */
  private density(map: Homography): number {
    const [a, b, c, d] = jacobian(map, this.middle.x, this.middle.y);
    return 1 / Math.sqrt(Math.max(1e-6, a * d - b * c));
  }
}
