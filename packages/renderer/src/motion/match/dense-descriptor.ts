import { blur } from '../raster/gaussian.ts';
import { gradient } from '../raster/gradient.ts';
import type { Plane } from '../raster/plane.ts';
import { type DescribeKernels, POOL_REACH } from './describe-kernels.ts';

/** Blur before slopes are taken, and width of the pooling filter, in samples. */
const NOISE_SIGMA = 0.8;
const POOL_SIGMA = 2.2;

/**
 * Writes one descriptor per sample of `luma` at byte `out` (DAISY-like, after Tola et al. 2010): the strength of slope
 * in 8 directions, pooled with sigma 2.2, at the sample and at 8 places around it; normalised, so that
 * brightness and contrast drop out. Scale and constants of the renderer study. `workspace` is scratch memory of
 * at least `describeBytes`.
 */
export function describeDensely(
  kernels: DescribeKernels,
  buffer: ArrayBufferLike,
  workspace: number,
  luma: Plane,
  out: number,
): void {
  const { width, height } = luma;
  const size = width * height;
  const slope = gradient(blur(luma, NOISE_SIGMA));
  let next = workspace;
  const take = (bytes: number): number => {
    const at = next;
    next += Math.ceil(bytes / 16) * 16;
    return at;
  };
  const taps = take(4 * (POOL_REACH + 1));
  const slopeX = take(4 * size);
  const slopeY = take(4 * size);
  const row = take(32 * (width + 2 * POOL_REACH));
  const across = take(32 * size);
  const pooled = take(32 * size);
  const norms = take(4 * size);
  new Float32Array(buffer, taps, POOL_REACH + 1).set(poolingFilter());
  new Float32Array(buffer, slopeX, size).set(slope.x.data);
  new Float32Array(buffer, slopeY, size).set(slope.y.data);
  kernels.describe(width, height, slopeX, slopeY, taps, row, across, pooled, norms, out);
}

/** Scratch bytes `describeDensely` needs for a raster. */
export function describeBytes(width: number, height: number): number {
  return 76 * width * height + 32 * (width + 2 * POOL_REACH) + 1024;
}

/** The right half of a normalised Gaussian, centre first. */
function poolingFilter(): number[] {
  const half = Array.from({ length: POOL_REACH + 1 }, (_, i) => Math.exp((-i * i) / (2 * POOL_SIGMA * POOL_SIGMA)));
  const sum = half.reduce((total, value, i) => total + (i === 0 ? value : 2 * value), 0);
  return half.map((value) => value / sum);
}
