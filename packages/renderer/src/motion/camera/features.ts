import { blur } from '../raster/gaussian.ts';
import { type Gradient, gradient } from '../raster/gradient.ts';
import type { Plane } from '../raster/plane.ts';
import { pyramid, resize } from '../raster/resample.ts';
import { Place } from '../raster/sample.ts';
import { findCorners } from './corners.ts';

/** Bytes of one descriptor: 4×4 cells of 8 directions. */
export const FEATURE_BYTES = 128;
/** The most features a picture may have. */
export const MOST_FEATURES = 1200;
/** Sizes at which corners are sought, and the share of the corners each may give. */
const SCALES = [1, Math.SQRT1_2, 0.5, Math.SQRT1_2 / 2, 0.25] as const;
const SHARES = [0.38, 0.26, 0.18, 0.11, 0.07] as const;
/** Distance between the 16×16 samples of a descriptor, in samples of its scale. */
const SPACING = 1.3;
const ANGLES = 36;

/** How much a slope says of the main direction, by its squared distance; and of the descriptor, sample by sample. */
const NEARNESS = Float64Array.from({ length: 65 }, (_, squared) => Math.exp(-squared / 40));
const CENTRAL = Float64Array.from({ length: 256 }, (_, i) =>
  Math.exp(-(((i % 16) - 7.5) ** 2 + (Math.floor(i / 16) - 7.5) ** 2) / 128),
);

/** Where the features of a picture are (in samples of the given raster) and what they look like. */
export interface Features {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly descriptors: Uint8Array;
}

/** Corners at five scales, each described by the slopes around it relative to its own main direction (after Lowe 2004). */
export function findFeatures(luma: Plane): Features {
  const xs: number[] = [];
  const ys: number[] = [];
  const descriptors = new Uint8Array(MOST_FEATURES * FEATURE_BYTES);
  const halved = pyramid(luma, 3);
  SCALES.forEach((scale, i) => {
    const width = Math.round(luma.width * scale);
    const height = Math.round(luma.height * scale);
    if (Math.min(width, height) < 40) return;
    // The raster is halved as far as possible first; blurring by half a target sample keeps the rest free of aliases.
    const halvings = scale <= 0.25 ? 2 : scale <= 0.5 ? 1 : 0;
    const base = halved[halvings]!;
    const reduced = scale === 1 ? blur(luma, 0.7) : resize(blur(base, 0.6 / (scale * 2 ** halvings)), width, height);
    const slope = gradient(reduced);
    for (const corner of findCorners(reduced, Math.floor(MOST_FEATURES * SHARES[i]!))) {
      const angle = mainDirection(slope, corner.x, corner.y);
      const at = xs.length * FEATURE_BYTES;
      describe(slope, corner.x, corner.y, angle, descriptors.subarray(at, at + FEATURE_BYTES));
      xs.push(((corner.x + 0.5) * luma.width) / width - 0.5);
      ys.push(((corner.y + 0.5) * luma.height) / height - 0.5);
    }
  });
  return {
    x: Float32Array.from(xs),
    y: Float32Array.from(ys),
    descriptors: descriptors.subarray(0, xs.length * FEATURE_BYTES),
  };
}

/** The direction most slopes within 8 samples point to, in radians. */
function mainDirection(slope: Gradient, x: number, y: number): number {
  const { width, height } = slope.x;
  const histogram = new Float32Array(ANGLES);
  for (let dy = -8; dy <= 8; dy++) {
    for (let dx = -8; dx <= 8; dx++) {
      const px = x + dx;
      const py = y + dy;
      if (px < 0 || py < 0 || px >= width || py >= height || dx * dx + dy * dy > 64) continue;
      const gx = slope.x.data[py * width + px]!;
      const gy = slope.y.data[py * width + px]!;
      const position = ((Math.atan2(gy, gx) + 2 * Math.PI) / (2 * Math.PI)) * ANGLES;
      const bin = Math.floor(position);
      const weight = Math.sqrt(gx * gx + gy * gy) * NEARNESS[dx * dx + dy * dy]!;
      histogram[bin % ANGLES]! += weight * (1 - (position - bin));
      histogram[(bin + 1) % ANGLES]! += weight * (position - bin);
    }
  }
  let best = 0;
  const smooth = (i: number): number =>
    histogram[(i + ANGLES - 1) % ANGLES]! + 2 * histogram[i % ANGLES]! + histogram[(i + 1) % ANGLES]!;
  for (let i = 1; i < ANGLES; i++) if (smooth(i) > smooth(best)) best = i;
  const left = smooth(best + ANGLES - 1);
  const right = smooth(best + 1);
  const bend = left - 2 * smooth(best) + right;
  const shift = bend < 0 ? (0.5 * (left - right)) / bend : 0;
  return ((best + shift) * 2 * Math.PI) / ANGLES;
}

function describe(slope: Gradient, x: number, y: number, angle: number, out: Uint8Array): void {
  const { width, height } = slope.x;
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  const sums = new Float32Array(FEATURE_BYTES);
  const place = new Place(width, height);
  for (let j = 0; j < 16; j++) {
    for (let i = 0; i < 16; i++) {
      const rx = i - 7.5;
      const ry = j - 7.5;
      const px = x + SPACING * (c * rx - s * ry);
      const py = y + SPACING * (s * rx + c * ry);
      place.aim(px, py);
      const gx = place.read(slope.x.data);
      const gy = place.read(slope.y.data);
      const strength = Math.sqrt(gx * gx + gy * gy) * CENTRAL[16 * j + i]!;
      const turned = Math.atan2(gy, gx) - angle;
      const position = ((turned / (2 * Math.PI) + 2) % 1) * 8;
      spread(sums, (i + 0.5) / 4 - 0.5, (j + 0.5) / 4 - 0.5, position, strength);
    }
  }
  // Normalise, cap single strong slopes, normalise again (Lowe 2004, section 6.1).
  let norm = Math.sqrt(sums.reduce((sum, value) => sum + value * value, 0)) + 1e-6;
  for (let k = 0; k < FEATURE_BYTES; k++) sums[k] = Math.min(0.2, sums[k]! / norm);
  norm = Math.sqrt(sums.reduce((sum, value) => sum + value * value, 0)) + 1e-6;
  for (let k = 0; k < FEATURE_BYTES; k++) out[k] = Math.min(255, (512 * sums[k]!) / norm);
}

/** Adds a slope to the two by two cells and two directions it lies between. */
function spread(sums: Float32Array, cx: number, cy: number, direction: number, strength: number): void {
  const x0 = Math.floor(cx);
  const y0 = Math.floor(cy);
  const d0 = Math.floor(direction);
  const ax = cx - x0;
  const ay = cy - y0;
  const ad = direction - d0;
  for (let corner = 0; corner < 4; corner++) {
    const x = x0 + (corner & 1);
    const y = y0 + (corner >> 1);
    if (x < 0 || y < 0 || x > 3 || y > 3) continue;
    const weight = strength * (corner & 1 ? ax : 1 - ax) * (corner >> 1 ? ay : 1 - ay);
    const cell = (y * 4 + x) * 8;
    sums[cell + (d0 & 7)]! += weight * (1 - ad);
    sums[cell + ((d0 + 1) & 7)]! += weight * ad;
  }
}
