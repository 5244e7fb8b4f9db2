import { plainGradient as gradient } from '../raster/gradient.ts';
import type { Flow, Plane } from '../raster/plane.ts';
import { bilinear } from '../raster/sample.ts';
import { type RefineKernels, refinePlaces } from './refine-kernels.ts';

/** Weights of smoothness, brightness constancy and gradient constancy (the study's tuning, 0..255 grey steps). */
const SMOOTHNESS = 20;
const BRIGHTNESS = 5;
const SLOPE = 10;
/** Keeps the normalisation finite in flat areas. */
const ZETA_SQUARED = 0.01;
const EPSILON_SQUARED = 1e-6;
/** Over-relaxation; 1.6 is the usual optimum for this system. */
const RELAXATION = 1.6;

/** Floats per row of a plane: four of slack on the left, at least four on the right. A plane has a row more above and below. */
function strideOf(width: number): number {
  return ((width + 3) & ~3) + 8;
}

/**
 * The plain TypeScript twin of the refinement kernel: its oracle, and the fallback. Its planes: 0 u, 1 v (the flow), 2 du,
 * 3 dv (its increment), 4, 5 smoothness of the link to the right and down, 6..10 the normal equations a11 a12 a22 b1 b2,
 * 11..13 picture slopes x y t, 14..18 second slopes xx xy yy xt yt, 19 scratch.
 */
export function plainRefine(buffer: ArrayBufferLike): RefineKernels {
  return {
    refine(width, height, base, iterations, sweeps) {
      const places = refinePlaces(width, height, base);
      const at = (place: number): Float32Array => new Float32Array(buffer, place, width * height);
      const plane = (place: number): Plane => ({ width, height, data: at(place) });
      const u = at(places.u);
      const v = at(places.v);
      const planes = load(plane(places.from), plane(places.to), { width, height, u, v });
      for (let i = 0; i < iterations; i++) {
        weigh(width, height, planes);
        linearise(width, height, planes);
        for (let sweep = 0; sweep < sweeps; sweep++) relax(width, height, planes);
      }
      const stride = strideOf(width);
      for (let y = 0, i = 0; y < height; y++) {
        for (let x = 0, from = (y + 1) * stride + 4; x < width; x++, from++, i++) {
          u[i] = planes[0]![from]! + planes[2]![from]!;
          v[i] = planes[1]![from]! + planes[3]![from]!;
        }
      }
    },
  };
}

/** Fills the planes with the flow and the pictures' slopes. */
function load(from: Plane, to: Plane, flow: Flow): Float32Array[] {
  const { width, height } = from;
  const stride = strideOf(width);
  const planes = Array.from({ length: 20 }, () => new Float32Array(stride * (height + 2)));
  const mean = new Float32Array(width * height);
  const change = new Float32Array(width * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const warped = bilinear(to.data, width, height, x + flow.u[i]!, y + flow.v[i]!);
      mean[i] = 0.5 * (from.data[i]! + warped);
      change[i] = warped - from.data[i]!;
    }
  }
  const first = gradient({ width, height, data: mean });
  const second = gradient(first.x);
  const bend = gradient(first.y);
  const drift = gradient({ width, height, data: change });
  const sources: [number, Float32Array][] = [
    [0, flow.u],
    [1, flow.v],
    [11, first.x.data],
    [12, first.y.data],
    [13, change],
    [14, second.x.data],
    [15, second.y.data],
    [16, bend.y.data],
    [17, drift.x.data],
    [18, drift.y.data],
  ];
  for (const [index, data] of sources) {
    for (let y = 0; y < height; y++) {
      planes[index]!.set(data.subarray(y * width, (y + 1) * width), (y + 1) * stride + 4);
    }
  }
  return planes;
}

function weigh(width: number, height: number, planes: readonly Float32Array[]): void {
  const [u, v, du, dv, across, down] = planes as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const point = planes[19]!;
  const stride = strideOf(width);
  for (let y = 1; y <= height; y++) {
    const below = y < height ? stride : 0;
    for (let x = 0, at = y * stride + 4; x < width; x++, at++) {
      const right = x < width - 1 ? 1 : 0;
      const here = u[at]! + du[at]!;
      const there = v[at]! + dv[at]!;
      const ux = u[at + right]! + du[at + right]! - here;
      const uy = u[at + below]! + du[at + below]! - here;
      const vx = v[at + right]! + dv[at + right]! - there;
      const vy = v[at + below]! + dv[at + below]! - there;
      point[at] = SMOOTHNESS / Math.sqrt(ux * ux + uy * uy + vx * vx + vy * vy + EPSILON_SQUARED);
    }
  }
  for (let y = 1; y <= height; y++) {
    for (let x = 0, at = y * stride + 4; x < width; x++, at++) {
      across[at] = x < width - 1 ? 0.5 * (point[at]! + point[at + 1]!) : 0;
      down[at] = y < height ? 0.5 * (point[at]! + point[at + stride]!) : 0;
    }
  }
}

function linearise(width: number, height: number, planes: readonly Float32Array[]): void {
  const stride = strideOf(width);
  for (let y = 1; y <= height; y++) {
    for (let x = 0, at = y * stride + 4; x < width; x++, at++) {
      const u = planes[2]![at]!;
      const v = planes[3]![at]!;
      const px = planes[11]![at]!;
      const py = planes[12]![at]!;
      const pt = planes[13]![at]!;
      const norm = 1 / (px * px + py * py + ZETA_SQUARED);
      const residual = pt + px * u + py * v;
      const brightness = (BRIGHTNESS * norm) / Math.sqrt(residual * residual * norm + EPSILON_SQUARED);
      const pxx = planes[14]![at]!;
      const pxy = planes[15]![at]!;
      const pyy = planes[16]![at]!;
      const pxt = planes[17]![at]!;
      const pyt = planes[18]![at]!;
      const normX = 1 / (pxx * pxx + pxy * pxy + ZETA_SQUARED);
      const normY = 1 / (pyy * pyy + pxy * pxy + ZETA_SQUARED);
      const rx = pxt + pxx * u + pxy * v;
      const ry = pyt + pxy * u + pyy * v;
      const slope = SLOPE / Math.sqrt(rx * rx * normX + ry * ry * normY + EPSILON_SQUARED);
      const sx = slope * normX;
      const sy = slope * normY;
      planes[6]![at] = brightness * px * px + sx * pxx * pxx + sy * pxy * pxy;
      planes[7]![at] = brightness * px * py + sx * pxx * pxy + sy * pxy * pyy;
      planes[8]![at] = brightness * py * py + sx * pxy * pxy + sy * pyy * pyy;
      planes[9]![at] = brightness * px * pt + sx * pxx * pxt + sy * pxy * pyt;
      planes[10]![at] = brightness * py * pt + sx * pxy * pxt + sy * pyy * pyt;
    }
  }
}

function relax(width: number, height: number, planes: readonly Float32Array[]): void {
  const [u, v, du, dv, across, down] = planes as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const stride = strideOf(width);
  for (let y = 1; y <= height; y++) {
    for (let parity = 0; parity < 2; parity++) {
      for (let x = parity, at = y * stride + 4 + parity; x < width; x += 2, at += 2) {
        const east = across[at]!;
        const west = across[at - 1]!;
        const south = down[at]!;
        const north = down[at - stride]!;
        const total = east + west + south + north;
        const sumU =
          east * (u[at + 1]! + du[at + 1]!) +
          west * (u[at - 1]! + du[at - 1]!) +
          south * (u[at + stride]! + du[at + stride]!) +
          north * (u[at - stride]! + du[at - stride]!);
        const sumV =
          east * (v[at + 1]! + dv[at + 1]!) +
          west * (v[at - 1]! + dv[at - 1]!) +
          south * (v[at + stride]! + dv[at + stride]!) +
          north * (v[at - stride]! + dv[at - stride]!);
        const rightU = sumU - total * u[at]! - planes[9]![at]!;
        const rightV = sumV - total * v[at]! - planes[10]![at]!;
        const m11 = planes[6]![at]! + total;
        const m12 = planes[7]![at]!;
        const m22 = planes[8]![at]! + total;
        const inverse = RELAXATION / (m11 * m22 - m12 * m12 + 1e-9);
        du[at] = (1 - RELAXATION) * du[at]! + inverse * (m22 * rightU - m12 * rightV);
        dv[at] = (1 - RELAXATION) * dv[at]! + inverse * (m11 * rightV - m12 * rightU);
      }
    }
  }
}
