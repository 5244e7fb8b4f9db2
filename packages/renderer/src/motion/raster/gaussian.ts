import { rasterDesk } from './kernels.ts';
import { emptyPlane, type Plane } from './plane.ts';

/** Below this sigma (samples) the kernel is short enough to be applied as it is. */
const DIRECT_SIGMA = 3;

/**
 * Gaussian blur with replicated borders. `sigma` is in samples.
 * Large sigmas use three box passes of equal variance (running sums, cost independent of sigma):
 * the confidence maps they serve do not see the difference.
 */
export function blur(source: Plane, sigma: number): Plane {
  if (sigma <= 0) return source;
  return sigma < DIRECT_SIGMA ? blurDirect(source, sigma) : blurByBoxes(source, sigma);
}

function blurDirect(source: Plane, sigma: number): Plane {
  const { width, height } = source;
  const kernel = gaussianKernel(sigma);
  const desk = rasterDesk(width, height);
  if (desk !== null) {
    const [data, scratch, taps] = [0, 1, 2].map(desk.place) as [number, number, number];
    desk.plane(0).set(source.data);
    desk.plane(2).set(kernel);
    desk.kernels.blur(width, height, data, scratch, taps, kernel.length - 1, desk.row().at);
    return { width, height, data: desk.plane(0).slice() };
  }
  return plainBlur(source, kernel);
}

/** Convolution both ways; `kernel` is the right half of the filter, centre first. */
export function plainBlur(source: Plane, kernel: Float32Array): Plane {
  const across = emptyPlane(source.width, source.height);
  convolveRows(source.data, across.data, source.width, source.height, kernel);
  const out = emptyPlane(source.width, source.height);
  convolveColumns(across.data, out.data, source.width, source.height, kernel);
  return out;
}

/** The right half of a normalised Gaussian, centre first. */
export function gaussianKernel(sigma: number): Float32Array {
  const radius = Math.max(1, Math.ceil(sigma * 2.6));
  const half = new Float32Array(radius + 1);
  let sum = 0;
  for (let i = 0; i <= radius; i++) {
    half[i] = Math.exp((-i * i) / (2 * sigma * sigma));
    sum += i === 0 ? half[i]! : 2 * half[i]!;
  }
  for (let i = 0; i <= radius; i++) half[i]! /= sum;
  return half;
}

function convolveRows(
  source: Float32Array,
  out: Float32Array,
  width: number,
  height: number,
  half: Float32Array,
): void {
  const radius = half.length - 1;
  const row = new Float32Array(width + 2 * radius);
  const centre = half[0]!;
  for (let y = 0; y < height; y++) {
    const base = y * width;
    for (let x = 0; x < width; x++) row[x + radius] = source[base + x]!;
    row.fill(source[base]!, 0, radius);
    row.fill(source[base + width - 1]!, radius + width);
    for (let x = 0; x < width; x++) {
      const at = x + radius;
      let sum = centre * row[at]!;
      for (let i = 1; i <= radius; i++) sum += half[i]! * (row[at - i]! + row[at + i]!);
      out[base + x] = sum;
    }
  }
}

function convolveColumns(
  source: Float32Array,
  out: Float32Array,
  width: number,
  height: number,
  half: Float32Array,
): void {
  const radius = half.length - 1;
  for (let y = 0; y < height; y++) {
    const base = y * width;
    const centre = half[0]!;
    for (let x = 0; x < width; x++) out[base + x] = centre * source[base + x]!;
    for (let i = 1; i <= radius; i++) {
      const above = Math.max(0, y - i) * width;
      const below = Math.min(height - 1, y + i) * width;
      const weight = half[i]!;
      for (let x = 0; x < width; x++) out[base + x]! += weight * (source[above + x]! + source[below + x]!);
    }
  }
}

function blurByBoxes(source: Plane, sigma: number): Plane {
  const { width, height } = source;
  // The variance of a box of radius r is ((2r+1)² - 1) / 12; three of them add up.
  const radius = Math.max(1, Math.round((Math.sqrt(4 * sigma * sigma + 1) - 1) / 2));
  const desk = rasterDesk(width, height);
  if (desk !== null) {
    desk.plane(0).set(source.data);
    desk.kernels.blurWide(width, height, desk.place(0), desk.place(1), radius, desk.row().at);
    return { width, height, data: desk.plane(0).slice() };
  }
  return plainBlurByBoxes(source, radius);
}

/** Three boxes of a radius, both ways. */
export function plainBlurByBoxes(source: Plane, radius: number): Plane {
  const { width, height } = source;
  const out = emptyPlane(width, height);
  out.data.set(source.data);
  const scratch = new Float32Array(width * height);
  for (let pass = 0; pass < 3; pass++) {
    boxRows(out.data, scratch, width, height, radius);
    boxColumns(scratch, out.data, width, height, radius);
  }
  return out;
}

function boxRows(source: Float32Array, out: Float32Array, width: number, height: number, radius: number): void {
  const scale = 1 / (2 * radius + 1);
  const last = width - 1;
  for (let y = 0; y < height; y++) {
    const base = y * width;
    let sum = 0;
    for (let i = -radius; i <= radius; i++) sum += source[base + Math.min(last, Math.max(0, i))]!;
    for (let x = 0; x < width; x++) {
      out[base + x] = sum * scale;
      sum += source[base + Math.min(last, x + radius + 1)]! - source[base + Math.max(0, x - radius)]!;
    }
  }
}

function boxColumns(source: Float32Array, out: Float32Array, width: number, height: number, radius: number): void {
  const scale = 1 / (2 * radius + 1);
  const last = height - 1;
  const sums = new Float64Array(width);
  for (let i = -radius; i <= radius; i++) {
    const base = Math.min(last, Math.max(0, i)) * width;
    for (let x = 0; x < width; x++) sums[x]! += source[base + x]!;
  }
  for (let y = 0; y < height; y++) {
    const base = y * width;
    const entering = Math.min(last, y + radius + 1) * width;
    const leaving = Math.max(0, y - radius) * width;
    for (let x = 0; x < width; x++) {
      out[base + x] = sums[x]! * scale;
      sums[x]! += source[entering + x]! - source[leaving + x]!;
    }
  }
}
