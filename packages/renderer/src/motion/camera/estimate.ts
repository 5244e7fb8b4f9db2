import type { MatchKernels } from '../match/match-kernels.ts';
import type { MatchLayout } from '../match/match-layout.ts';
import type { ColourPlanes } from '../raster/plane.ts';
import { fitOfMove, isCameraLike, isHardToMatch } from './acceptance.ts';
import { fitByConsensus, type PointPairs } from './fit.ts';
import { type Homography, invert, normalise, project } from './homography.ts';

/** A match counts when it is this much nearer than the second candidate (sums of absolute differences). */
const RATIO = 0.86;
/** Reprojection tolerance in samples. */
const TOLERANCE = 4;
const LEAST_INLIERS = 40;
const LEAST_SHARE = 0.35;
/**
 * How much of the difference between the pictures a move may leave: to be believed at all, to align by when nothing else
 * would find the matches, and to align by although matching copes without. Aligning by a wrong move costs 1 to 6 dB.
 */
const LEAST_FIT = 0.93;
const FAIR_FIT = 0.65;
const GOOD_FIT = 0.4;
/** Mean displacements beyond this share of the width are too far to be found without alignment. */
const LONG_MOTION = 0.15;
/** A mean displacement below this share of the width is left to the dense search. */
const LEAST_MOTION = 0.01;

/** What is known of the camera's move; maps go from the first picture to the last, in samples of the analysis raster. */
export interface CameraMove {
  /** The move the last picture is aligned by before anything is matched, or null. */
  readonly aligned: Homography | null;
  /** The move that regions without matches follow, when the pictures are not aligned by it already. */
  readonly prior: Homography | null;
}

export const NO_MOVE: CameraMove = { aligned: null, prior: null };

/** The camera's move from the first to the last picture; `NO_MOVE` when no single move explains them. */
export function estimateCamera(
  kernels: MatchKernels,
  buffer: ArrayBufferLike,
  layout: MatchLayout,
  counts: readonly [number, number],
  first: ColourPlanes,
  last: ColourPlanes,
  seed: number,
): CameraMove {
  const pairs = matchFeatures(kernels, buffer, layout, counts);
  const found = fitByConsensus(pairs, TOLERANCE, seed);
  if (found === null || found.inliers < LEAST_INLIERS || found.inliers < LEAST_SHARE * pairs.x.length) return NO_MOVE;
  // Both ways: a horizon may lie inside the last picture though it lies outside the first.
  const plausible = [found.map, normalise(invert(found.map))].every((map) =>
    isCameraLike(map, first.width, first.height),
  );
  if (!plausible) return NO_MOVE;
  const motion = meanMotion(found.map, first.width, first.height) / first.width;
  if (motion < LEAST_MOTION) return NO_MOVE;
  const fit = fitOfMove(found.map, first, last);
  if (fit > LEAST_FIT) return NO_MOVE;
  const isHard = motion > LONG_MOTION || isHardToMatch(found.map, first.width, first.height);
  const align = fit < (isHard ? FAIR_FIT : GOOD_FIT);
  return align ? { aligned: found.map, prior: null } : { aligned: null, prior: found.map };
}

/** Features that choose each other, clearly before all others. */
function matchFeatures(
  kernels: MatchKernels,
  buffer: ArrayBufferLike,
  layout: MatchLayout,
  counts: readonly [number, number],
): PointPairs {
  const [a, b] = layout.features;
  kernels.nearest(a.descriptors, counts[0], b.descriptors, counts[1], b.x, b.y, a.nearest);
  kernels.nearest(b.descriptors, counts[1], a.descriptors, counts[0], a.x, a.y, b.nearest);
  const there = new Int32Array(buffer, a.nearest, 3 * counts[0]);
  const back = new Int32Array(buffer, b.nearest, 3 * counts[1]);
  const chosen: number[] = [];
  for (let i = 0; i < counts[0]; i++) {
    const j = there[3 * i]!;
    if (j >= 0 && back[3 * j] === i && there[3 * i + 1]! < RATIO * there[3 * i + 2]!) chosen.push(i);
  }
  const ax = new Float32Array(buffer, a.x, counts[0]);
  const ay = new Float32Array(buffer, a.y, counts[0]);
  const bx = new Float32Array(buffer, b.x, counts[1]);
  const by = new Float32Array(buffer, b.y, counts[1]);
  return {
    x: Float32Array.from(chosen, (i) => ax[i]!),
    y: Float32Array.from(chosen, (i) => ay[i]!),
    u: Float32Array.from(chosen, (i) => bx[there[3 * i]!]!),
    v: Float32Array.from(chosen, (i) => by[there[3 * i]!]!),
  };
}

function meanMotion(h: Homography, width: number, height: number): number {
  let sum = 0;
  for (let j = 0; j <= 8; j++) {
    for (let i = 0; i <= 8; i++) {
      const x = (i / 8) * (width - 1);
      const y = (j / 8) * (height - 1);
      const p = project(h, x, y);
      sum += Math.hypot(p.x - x, p.y - y);
    }
  }
  return sum / 81;
}
