import type { RenderLayout } from './layout.ts';

/** What the four weights of a phase sum to; two of them multiplied with a sample fit 32 bits. */
export const WEIGHT_ONE = 1024;

/**
 * Slopes of the filters at their first neighbour. Catmull-Rom's (-0.5) is true to a picture that is only magnified. Frames
 * between two pictures are read at every phase, and sharper: at half a sample -0.7 keeps 96 % of a detail of four samples,
 * -0.5 keeps 88 %, -0.9 102 % and of finer detail more too. Where what a motion joins differs, the detail is noise or
 * does not belong together, and a softer filter is nearer to the truth: there are as many as FrameKernels.combineCrossed
 * tells apart. Pictures that were aligned are all read crisply: their detail differs because it was turned or magnified.
 */
const PLAIN_SLOPE = -0.5;
const SHARP_SLOPES = [-0.7, -0.5, -0.35, -0.2];
const CRISP_SLOPE = -0.9;

/** Cubic convolution (Keys 1981). */
function cubicWeight(d: number, slope: number): number {
  return d < 1 ? ((slope + 2) * d - (slope + 3)) * d * d + 1 : d < 2 ? slope * (((d - 5) * d + 8) * d - 4) : 0;
}

/** Fills the constant tables of a render memory: bicubic weights and the sRGB curve (IEC 61966-2-1). */
export function writeTables(buffer: ArrayBufferLike, layout: RenderLayout): void {
  SHARP_SLOPES.forEach((slope, i) => {
    writeWeights(new Int16Array(buffer, layout.weights + 256 * i, 128), slope);
    writeWeights(new Int16Array(buffer, layout.crispWeights + 256 * i, 128), CRISP_SLOPE);
  });
  writeWeights(new Int16Array(buffer, layout.plainWeights, 128), PLAIN_SLOPE);
  const toLinear = new Float32Array(buffer, layout.toLinear, 256);
  for (let i = 0; i < 256; i++) {
    const c = i / 255;
    toLinear[i] = c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }
  const fromLinear = new Uint8Array(buffer, layout.fromLinear, 4096);
  for (let i = 0; i < 4096; i++) {
    const c = i / 4095;
    fromLinear[i] = Math.round(255 * (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
  }
}

function writeWeights(weights: Int16Array, slope: number): void {
  for (let phase = 0; phase < 32; phase++) {
    const f = phase / 32;
    const four = [1 + f, f, 1 - f, 2 - f].map((d) => Math.round(WEIGHT_ONE * cubicWeight(d, slope)));
    // Rounding must not change the brightness: the nearer middle tap takes the rest.
    const rest = WEIGHT_ONE - four.reduce((sum, value) => sum + value, 0);
    four[f < 0.5 ? 1 : 2]! += rest;
    weights.set(four, 4 * phase);
  }
}
