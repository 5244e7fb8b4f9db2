import type { RgbPicture } from '../../contract.ts';
import { seededRandom } from '../random.ts';

/** A function of place that looks like a photograph's texture: colour noise of several octaves, 0..255. */
export type Scene = (x: number, y: number, channel: number) => number;

/** An endless textured scene; another seed gives an unrelated one. */
export function texturedScene(seed: number): Scene {
  const random = seededRandom(seed);
  const lattice = Float32Array.from({ length: 64 * 64 * 3 }, () => random());
  const value = (x: number, y: number, channel: number): number => {
    const x0 = Math.floor(x);
    const y0 = Math.floor(y);
    const sx = smooth(x - x0);
    const sy = smooth(y - y0);
    const at = (i: number, j: number): number => lattice[(((j & 63) << 6) + (i & 63)) * 3 + channel] ?? 0;
    const top = at(x0, y0) + sx * (at(x0 + 1, y0) - at(x0, y0));
    const bottom = at(x0, y0 + 1) + sx * (at(x0 + 1, y0 + 1) - at(x0, y0 + 1));
    return top + sy * (bottom - top);
  };
  return (x, y, channel) =>
    255 *
    (0.5 * value(x / 23, y / 23, channel) + 0.3 * value(x / 9 + 7, y / 9, channel) + 0.2 * value(x / 4, y / 4 + 5, 0));
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Photographs a scene: sample (x, y) shows the scene at `camera(x, y)`. */
export function photograph(
  scene: Scene,
  width: number,
  height: number,
  camera: (x: number, y: number) => readonly [number, number] = (x, y) => [x, y],
): RgbPicture {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [sx, sy] = camera(x, y);
      for (let channel = 0; channel < 3; channel++, i++) {
        data[i] = Math.min(255, Math.max(0, Math.round(scene(sx, sy, channel))));
      }
    }
  }
  return { width, height, data };
}

/** A picture of one function of every sample. */
export function mapSamples(picture: RgbPicture, change: (value: number, index: number) => number): RgbPicture {
  return { ...picture, data: picture.data.map((value, i) => Math.min(255, Math.max(0, change(value, i)))) };
}

/** Peak signal-to-noise ratio in dB of two sample lists; 99 when they are equal. */
export function signalToNoise(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return sum === 0 ? 99 : 10 * Math.log10((65025 * a.length) / sum);
}
