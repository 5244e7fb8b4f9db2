import { emptyFlow, type Flow, type Plane } from '../raster/plane.ts';
import { halve, resize } from '../raster/resample.ts';
import { bilinear } from '../raster/sample.ts';
import { descendPatches, PATCH, type PatchFlow } from './patch-descent.ts';
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
    const patches = descendPatches(source, target, flow);
    flow = refiner.refine(source, target, densify(source, target, patches), level === 0 ? 2 : 5);
  }
  return flow;
}

function enlarge(flow: Flow, width: number, height: number): Flow {
  const plane = (data: Float32Array): Plane => ({ width: flow.width, height: flow.height, data });
  const u = resize(plane(flow.u), width, height, width / flow.width);
  const v = resize(plane(flow.v), width, height, height / flow.height);
  return { width, height, u: u.data, v: v.data };
}

/** Every sample averages the patches that cover it, those that fit it best most (weight 1 / max(1, |difference|)). */
function densify(from: Plane, to: Plane, patches: PatchFlow): Flow {
  const { width, height } = from;
  const out = emptyFlow(width, height);
  const weights = new Float32Array(width * height);
  const across = patches.columns.length;
  for (let p = 0; p < patches.u.length; p++) {
    const x0 = patches.columns[p % across]!;
    const y0 = patches.rows[Math.floor(p / across)]!;
    const u = patches.u[p]!;
    const v = patches.v[p]!;
    for (let y = y0; y < Math.min(height, y0 + PATCH); y++) {
      for (let x = x0; x < Math.min(width, x0 + PATCH); x++) {
        const at = y * width + x;
        const difference = Math.abs(bilinear(to.data, width, height, x + u, y + v) - from.data[at]!);
        const weight = 1 / Math.max(1, difference);
        out.u[at]! += weight * u;
        out.v[at]! += weight * v;
        weights[at]! += weight;
      }
    }
  }
  for (let i = 0; i < weights.length; i++) {
    out.u[i]! /= weights[i]!;
    out.v[i]! /= weights[i]!;
  }
  return out;
}
