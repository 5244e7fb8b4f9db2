import { describe, expect, it } from 'vitest';
import { colourSamples } from './colour.ts';

const WIDTH = 24;
const HEIGHT = 16;

/** A colour difference that changes in both directions, with one hard edge. */
const picture = Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
  const x = i % WIDTH;
  const y = Math.floor(i / WIDTH);
  return 30 * Math.sin(x / 2.3 + y / 4) + (x > 13 ? 40 : -20);
});

describe('colourSamples', () => {
  it('has the samples of 4:2:0 among those of every place', () => {
    const half = colourSamples(picture, WIDTH, HEIGHT, 2);
    const all = colourSamples(picture, WIDTH, HEIGHT, 1);
    const even = Uint8Array.from(half, (_, i) => {
      const column = i % (WIDTH / 2);
      const row = Math.floor(i / (WIDTH / 2));
      return all[2 * row * WIDTH + 2 * column] ?? 0;
    });
    expect(even).toEqual(half);
  });

  it('keeps a flat colour as it is', () => {
    for (const spacing of [1, 2] as const) {
      expect(new Set(colourSamples(new Float32Array(WIDTH * HEIGHT).fill(37), WIDTH, HEIGHT, spacing))).toEqual(
        new Set([165]),
      );
    }
  });

  it('cannot be bettered inside: no other value of a sample shows the picture better', () => {
    const samples = Float32Array.from(colourSamples(picture, WIDTH, HEIGHT, 2), (value) => value - 128);
    const least = missOf(samples);
    for (const place of [26, 30, 41, 67]) {
      for (const step of [-2, 2]) {
        const other = samples.slice();
        other[place] = (samples[place] ?? 0) + step;
        expect(missOf(other)).toBeGreaterThan(least);
      }
    }
  });
});

/** The squared difference between the picture and what samples show, interpolated by 3/4 and 1/4. */
function missOf(samples: Float32Array): number {
  const columns = WIDTH / 2;
  const rows = HEIGHT / 2;
  const sample = (x: number, y: number): number =>
    samples[Math.min(rows - 1, Math.max(0, y)) * columns + Math.min(columns - 1, Math.max(0, x))] ?? 0;
  let sum = 0;
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const [nearX, nearY] = [x >> 1, y >> 1];
      const [farX, farY] = [nearX + (x % 2 === 0 ? -1 : 1), nearY + (y % 2 === 0 ? -1 : 1)];
      const near = 0.75 * sample(nearX, nearY) + 0.25 * sample(farX, nearY);
      const far = 0.75 * sample(nearX, farY) + 0.25 * sample(farX, farY);
      sum += ((picture[y * WIDTH + x] ?? 0) - 0.75 * near - 0.25 * far) ** 2;
    }
  }
  return sum;
}
