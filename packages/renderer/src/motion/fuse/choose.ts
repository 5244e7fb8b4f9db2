import { blur } from '../raster/gaussian.ts';
import { median3 } from '../raster/median.ts';
import type { Flow } from '../raster/plane.ts';
import { type ComparedPicture, matchError, roundTrip, UNKNOWN, WORST } from './match-error.ts';

/** Weight and cap (samples) of the round-trip error, and the blur that keeps the choice regional. */
const ROUND_TRIP_WEIGHT = 3;
const ROUND_TRIP_CAP = 10;
const REGION = 4;
/** Leaving the picture costs this many times what a candidate costs on average where it stays in it. */
const LEAVING = 2;

/**
 * Takes every sample's displacement from the candidate that fits best around it: by likeness, and by whether any of the
 * other direction's candidates leads back. Then removes single wrong vectors. Leaving the picture costs as much as the
 * worst match unless it `mayLeave`.
 */
export function chooseFlow(
  from: ComparedPicture,
  to: ComparedPicture,
  candidates: readonly Flow[],
  back: readonly Flow[],
  mayLeave = true,
): Flow {
  const { width, height } = from.colours;
  const first = candidates[0]!;
  const u = first.u.slice();
  const v = first.v.slice();
  if (candidates.length > 1) {
    const best = regionalError(from, to, first, back, mayLeave);
    for (const candidate of candidates.slice(1)) {
      const error = regionalError(from, to, candidate, back, mayLeave);
      for (let i = 0; i < best.length; i++) {
        if (error[i]! < best[i]!) {
          best[i] = error[i]!;
          u[i] = candidate.u[i]!;
          v[i] = candidate.v[i]!;
        }
      }
    }
  }
  return { width, height, u: median3(u, width, height), v: median3(v, width, height) };
}

function regionalError(
  from: ComparedPicture,
  to: ComparedPicture,
  flow: Flow,
  back: readonly Flow[],
  mayLeave: boolean,
): Float32Array {
  const { width, height } = flow;
  const error = matchError(from, to, flow);
  let nearest: Float32Array | null = null;
  for (const other of back) {
    const miss = roundTrip(flow, other);
    if (nearest === null) nearest = miss;
    else for (let i = 0; i < miss.length; i++) nearest[i] = Math.min(nearest[i]!, miss[i]!);
  }
  if (nearest !== null) {
    for (let i = 0; i < error.length; i++) {
      if (error[i] !== UNKNOWN) error[i]! += ROUND_TRIP_WEIGHT * Math.min(ROUND_TRIP_CAP, nearest[i]!);
    }
  }
  guessUnknown(error, mayLeave);
  return blur({ width, height, data: error }, REGION).data;
}

/** A candidate that fits elsewhere may leave the picture for little: nothing there speaks against it. */
function guessUnknown(error: Float32Array, mayLeave: boolean): void {
  let sum = 0;
  let known = 0;
  for (const value of error) {
    if (value === UNKNOWN) continue;
    sum += value;
    known++;
  }
  const guess = known === 0 || !mayLeave ? WORST : Math.min(WORST, (LEAVING * sum) / known);
  for (let i = 0; i < error.length; i++) if (error[i] === UNKNOWN) error[i] = guess;
}
