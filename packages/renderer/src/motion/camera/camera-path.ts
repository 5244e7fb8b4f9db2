import { compose, type Homography, IDENTITY, invert, jacobian, type Point } from './homography.ts';

/**
 * A picture with a share r < 1 of the samples a frame wants counts r to this power: what it lacks is detail, and a mean has
 * the detail of its worse half. Regressions on true middle frames gave 5 to 8.
 */
const FAVOUR = 8;
/** Fewer samples than this share per side make no difference any more. */
const LEAST_DETAIL = 0.25;

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
   * How much of a frame at time `t` is due to the last picture at the corners of the frame (upper left, upper right, lower
   * left, lower right): its share of the time, more where it has more detail for the frame than the first has.
   */
  sharesOfLast(t: number): [number, number, number, number] {
    const [toFirst, toLast] = [invert(this.fromFirst(t)), invert(this.fromLast(t))];
    const [right, bottom] = [2 * this.middle.x, 2 * this.middle.y];
    const share = (x: number, y: number): number => {
      const first = (1 - t) * detail(toFirst, x, y) ** FAVOUR;
      const last = t * detail(toLast, x, y) ** FAVOUR;
      return last / (first + last);
    };
    return [share(0, 0), share(right, 0), share(0, bottom), share(right, bottom)];
  }
}

/** How many samples of a picture fall on one of the frame's in the direction that has fewest: at most 1, which is enough. */
function detail(fromFrame: Homography, x: number, y: number): number {
  const [a, b, c, d] = jacobian(fromFrame, x, y);
  // The smaller singular value of the Jacobian.
  const least = 0.5 * Math.abs(Math.hypot(a + d, c - b) - Math.hypot(a - d, b + c));
  return Math.min(1, Math.max(LEAST_DETAIL, least));
}
