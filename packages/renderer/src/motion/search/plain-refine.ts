import { REFINE_PLANES, type RefineKernels, refineStride } from './refine-kernels.ts';

/** Weights of smoothness, brightness constancy and gradient constancy (the study's tuning, 0..255 grey steps). */
const SMOOTHNESS = 20;
const BRIGHTNESS = 5;
const SLOPE = 10;
/** Keeps the normalisation finite in flat areas. */
const ZETA_SQUARED = 0.01;
const EPSILON_SQUARED = 1e-6;
/** Over-relaxation; 1.6 is the usual optimum for this system. */
const RELAXATION = 1.6;

/** The plain TypeScript twin of the refinement kernels: their oracle, and the fallback. */
export function plainRefine(buffer: ArrayBufferLike): RefineKernels {
  const planes = (width: number, height: number, base: number): Float32Array[] => {
    const size = refineStride(width) * (height + 2);
    return Array.from({ length: REFINE_PLANES }, (_, i) => new Float32Array(buffer, base + 4 * i * size, size));
  };
  return {
    weigh: (width, height, base) => weigh(width, height, planes(width, height, base)),
    linearise: (width, height, base) => linearise(width, height, planes(width, height, base)),
    relax: (width, height, base) => relax(width, height, planes(width, height, base)),
  };
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
  const stride = refineStride(width);
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
  const stride = refineStride(width);
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
  const stride = refineStride(width);
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
