import { type Homography, project } from '../camera/homography.ts';
import { domainTransform, type EdgeDistances } from '../raster/domain-transform.ts';
import { blur } from '../raster/gaussian.ts';
import { emptyFlow, emptyPlane, type Flow, type Plane } from '../raster/plane.ts';
import { resize, shrink } from '../raster/resample.ts';
import type { Confidence } from './confidence.ts';

/** The regional confidence at which a region begins to move, and how much more makes it move fully. */
const REGION_FLOOR = 0.1;
const REGION_WIDTH = 0.25;
/** Width of a region as a share of the picture's width. */
const REGION_SIZE = 1 / 40;
/** Scale (samples, colour steps) of the edge-aware fill inside good regions. */
const FILL_SPATIAL = 40;
const FILL_RANGE = 30;
/** How far (samples) trust in what stays in the picture reaches to what leaves it on the same surface. */
const LEAVING_SPATIAL = 60;
/** Hardly anything gets across many edges, but what does is all there is to go by behind them. */
const LEAST_WEIGHT = 1e-20;
/** The smooth extension is computed on a raster this many times smaller. */
const COARSE = 8;
/** How much "no residual motion" weighs in the extension; more where a camera move is known to be right there. */
const PRIOR_WEIGHT = 4e-4;

/** A side's motion, fit for rendering, and where it holds. */
export interface RegularMotion {
  readonly residual: Flow;
  /** Confidence per sample, zero where the region does not correspond. */
  readonly trust: Plane;
  /** 0..1: whether the region around a sample corresponds at all. */
  readonly region: Plane;
}

/**
 * Makes the motion complete and calm. In regions that correspond, doubtful samples take their motion from trusted
 * ones on the same surface; elsewhere the motion fades smoothly to the camera's, so that the picture dissolves
 * instead of tearing. What leaves the picture is trusted as what stays on the same surface. `kept` tells where matches
 * were kept (0..1), `prior` the camera's move when the residual is not relative to it already.
 */
export function regularise(
  residual: Flow,
  { trust: found, outside }: Confidence,
  kept: Float32Array,
  edges: EdgeDistances,
  prior: Homography | null,
): RegularMotion {
  const { width, height } = residual;
  const size = width * height;
  const trust = trustLeaving(found, outside, edges);
  const support = emptyPlane(width, height);
  for (let i = 0; i < size; i++) {
    const z = trust.data[i]!;
    // What leaves cannot be matched, so that no kept match is asked for.
    support.data[i] = outside[i] ? z : 0.5 * z + (z > 0.05 ? 0.5 * kept[i]! : 0);
  }
  const region = regionsOf(blur(support, width * REGION_SIZE));
  const weight = emptyPlane(width, height);
  const shared = emptyPlane(width, height);
  for (let i = 0; i < size; i++) {
    weight.data[i] = support.data[i]! * region.data[i]!;
    shared.data[i] = trust.data[i]! * region.data[i]!;
  }
  const smooth = extendSmoothly(residual, weight, prior);
  const filled = fillAlongSurfaces(residual, shared, outside, edges);
  const out = emptyFlow(width, height);
  for (let i = 0; i < size; i++) {
    const k = region.data[i]!;
    out.u[i] = k * filled.u[i]! + (1 - k) * smooth.u[i]!;
    out.v[i] = k * filled.v[i]! + (1 - k) * smooth.v[i]!;
  }
  return { residual: out, trust: shared, region };
}

/** Samples that leave the picture take the edge-aware average of the trust in those that stay. */
function trustLeaving(found: Plane, outside: ArrayLike<number>, edges: EdgeDistances): Plane {
  const { width, height } = found;
  const trust = emptyPlane(width, height);
  const sum = new Float32Array(outside.length);
  const weight = new Float32Array(outside.length);
  for (let i = 0; i < outside.length; i++) {
    if (outside[i]) continue;
    sum[i] = found.data[i]!;
    weight[i] = 1;
  }
  domainTransform([sum, weight], edges, LEAVING_SPATIAL, FILL_RANGE);
  for (let i = 0; i < outside.length; i++) {
    const z = found.data[i]!;
    trust.data[i] = outside[i] ? Math.max(z, sum[i]! / Math.max(weight[i]!, LEAST_WEIGHT)) : z;
  }
  return trust;
}

function regionsOf(support: Plane): Plane {
  const out = emptyPlane(support.width, support.height);
  for (let i = 0; i < out.data.length; i++) {
    const k = Math.min(1, Math.max(0, (support.data[i]! - REGION_FLOOR) / REGION_WIDTH));
    out.data[i] = k * k * (3 - 2 * k);
  }
  return out;
}

/** Weighted averages over three ever wider neighbourhoods (each counts a tenth of the last), then the prior or zero. */
function extendSmoothly(residual: Flow, weight: Plane, prior: Homography | null): Flow {
  const { width, height } = residual;
  const weighted = (data: Float32Array): Plane => {
    const product = emptyPlane(width, height);
    for (let i = 0; i < data.length; i++) product.data[i] = data[i]! * weight.data[i]!;
    return shrink(product, COARSE);
  };
  const u = weighted(residual.u);
  const v = weighted(residual.v);
  const w = shrink(weight, COARSE);
  const size = w.data.length;
  const sumU = new Float32Array(size);
  const sumV = new Float32Array(size);
  const sumW = new Float32Array(size).fill(PRIOR_WEIGHT);
  [60, 25, 10].forEach((part, i) => {
    const sigma = width / part / COARSE;
    const share = 0.1 ** i;
    const bu = blur(u, sigma).data;
    const bv = blur(v, sigma).data;
    const bw = blur(w, sigma).data;
    for (let k = 0; k < size; k++) {
      sumU[k]! += share * bu[k]!;
      sumV[k]! += share * bv[k]!;
      sumW[k]! += share * bw[k]!;
    }
  });
  if (prior !== null) {
    for (let y = 0, k = 0; y < w.height; y++) {
      for (let x = 0; x < w.width; x++, k++) {
        const at = { x: (x + 0.5) * COARSE - 0.5, y: (y + 0.5) * COARSE - 0.5 };
        const to = project(prior, at.x, at.y);
        sumU[k]! += PRIOR_WEIGHT * (to.x - at.x);
        sumV[k]! += PRIOR_WEIGHT * (to.y - at.y);
      }
    }
  }
  const finish = (sum: Float32Array): Float32Array => {
    const ratio = emptyPlane(w.width, w.height);
    for (let k = 0; k < size; k++) ratio.data[k] = sum[k]! / sumW[k]!;
    return resize(blur(ratio, 1.5), width, height).data;
  };
  return { width, height, u: finish(sumU), v: finish(sumV) };
}

/** Samples of low confidence, and those that leave, take the edge-aware average of their surroundings. */
function fillAlongSurfaces(residual: Flow, trust: Plane, outside: ArrayLike<number>, edges: EdgeDistances): Flow {
  const { width, height } = residual;
  const size = width * height;
  const u = new Float32Array(size);
  const v = new Float32Array(size);
  const w = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    w[i] = outside[i] ? LEAST_WEIGHT : trust.data[i]! + 1e-3;
    u[i] = residual.u[i]! * w[i]!;
    v[i] = residual.v[i]! * w[i]!;
  }
  domainTransform([u, v, w], edges, FILL_SPATIAL, FILL_RANGE);
  for (let i = 0; i < size; i++) {
    const own = outside[i] ? 0 : Math.min(1, Math.max(0, (trust.data[i]! - 0.2) / 0.3));
    u[i] = own * residual.u[i]! + ((1 - own) * u[i]!) / w[i]!;
    v[i] = own * residual.v[i]! + ((1 - own) * v[i]!) / w[i]!;
  }
  return { width, height, u, v };
}
