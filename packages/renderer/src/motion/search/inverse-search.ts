import { emptyFlow, type Flow, type Plane } from '../raster/plane.ts';
import { halve, resize } from '../raster/resample.ts';
import { PATCH } from './descend-kernels.ts';
import type { Refiner } from './variational.ts';

/** The coarsest raster keeps at least this many samples on its short side: two patches. */
const SMALLEST_SIDE = 2 * PATCH;

/** The number of halvings dense inverse search uses for a picture of this size. */
export function searchLevels(width: number, height: number): number {
  let levels = 1;
  for (let side = Math.min(width, height) >> 1; side >= SMALLEST_SIDE; side >>= 1) levels++;
  return levels;
}

/**
 * Dense motion from `from` to `to`: coarse to fine, patches first, then a dense field, then a few
 * variational steps on every level.
 */
export function inverseSearch(from: Plane, to: Plane, refiner: Refiner): Flow {
  const levels = searchLevels(from.width, from.height);
  const sources = [from];
  const targets = [to];
  for (let level = 1; level < levels; level++) {
    sources.push(halve(sources[level - 1]!));
    targets.push(halve(targets[level - 1]!));
  }
  let flow = emptyFlow(sources[levels - 1]!.width, sources[levels - 1]!.height);
  for (let level = levels - 1; level >= 0; level--) {
    const source = sources[level]!;
    const target = targets[level]!;
    if (flow.width !== source.width || flow.height !== source.height) flow = enlarge(flow, source.width, source.height);
    flow = refiner.descendAndRefine(source, target, flow, level === 0 ? 2 : 5);
  }
  return flow;
}

function enlarge(flow: Flow, width: number, height: number): Flow {
  const plane = (data: Float32Array): Plane => ({ width: flow.width, height: flow.height, data });
  const u = resize(plane(flow.u), width, height, width / flow.width);
  const v = resize(plane(flow.v), width, height, height / flow.height);
  return { width, height, u: u.data, v: v.data };
}
