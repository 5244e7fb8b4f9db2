import { cubicWeight } from '../raster/sample.ts';
import type { RenderLayout } from './layout.ts';

/** Fills the constant tables of a render memory: bicubic weights and the sRGB curve (IEC 61966-2-1). */
export function writeTables(buffer: ArrayBufferLike, layout: RenderLayout): void {
  const weights = new Int16Array(buffer, layout.weights, 128);
  for (let phase = 0; phase < 32; phase++) {
    const f = phase / 32;
    const four = [1 + f, f, 1 - f, 2 - f].map((d) => Math.round(128 * cubicWeight(d)));
    // Rounding must not change the brightness: the nearer middle tap takes the rest.
    const rest = 128 - four.reduce((sum, value) => sum + value, 0);
    four[f < 0.5 ? 1 : 2]! += rest;
    weights.set(four, 4 * phase);
  }
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
