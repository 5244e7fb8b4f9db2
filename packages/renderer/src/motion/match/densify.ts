import { domainTransform, type EdgeDistances } from '../raster/domain-transform.ts';
import type { Flow } from '../raster/plane.ts';
import { type MatchLayout, SEED_STEP } from './match-layout.ts';

/** Spatial (samples) and colour scale of the spread, the study's tuning. */
const SPATIAL = 60;
const RANGE = 40;
/** Across strong edges hardly anything gets, but what does is all there is to go by behind them. */
const LEAST_WEIGHT = 1e-30;

/** Spreads the trusted seeds' displacements over the whole picture, along its surfaces and not across its edges. */
export function densifySeeds(
  buffer: ArrayBufferLike,
  layout: MatchLayout,
  side: 0 | 1,
  kept: Uint8Array,
  edges: EdgeDistances,
): Flow {
  const { width, height } = edges;
  const u = new Int32Array(buffer, layout.seeds[side].u, kept.length);
  const v = new Int32Array(buffer, layout.seeds[side].v, kept.length);
  const flow: Flow = { width, height, u: new Float32Array(width * height), v: new Float32Array(width * height) };
  const weight = new Float32Array(width * height);
  for (let row = 0, i = 0; row < layout.rows; row++) {
    for (let column = 0; column < layout.columns; column++, i++) {
      if (!kept[i]) continue;
      const at = Math.floor((row + 0.5) * SEED_STEP) * width + Math.floor((column + 0.5) * SEED_STEP);
      flow.u[at] = u[i]!;
      flow.v[at] = v[i]!;
      weight[at] = 1;
    }
  }
  domainTransform([flow.u, flow.v, weight], edges, SPATIAL, RANGE);
  for (let i = 0; i < weight.length; i++) {
    const scale = 1 / Math.max(weight[i]!, LEAST_WEIGHT);
    flow.u[i]! *= scale;
    flow.v[i]! *= scale;
  }
  return flow;
}
