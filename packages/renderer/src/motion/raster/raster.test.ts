import { describe, expect, it } from 'vitest';
import { domainTransform, edgeDistances } from './domain-transform.ts';
import { blur } from './gaussian.ts';
import { median3 } from './median.ts';
import { emptyPlane } from './plane.ts';
import { halve, resize, shrink } from './resample.ts';
import { bicubic, bilinear } from './sample.ts';

function ramp(width: number, height: number): Float32Array {
  return Float32Array.from({ length: width * height }, (_, i) => (i % width) + 2 * Math.floor(i / width));
}

describe('rasters', () => {
  it.each([0.8, 2.2, 6])('blur with sigma %f keeps the mean and spreads a point by its variance', (sigma) => {
    const plane = emptyPlane(81, 81);
    plane.data[40 * 81 + 40] = 1;
    const out = blur(plane, sigma).data;
    let sum = 0;
    let variance = 0;
    out.forEach((value, i) => {
      sum += value;
      variance += value * ((i % 81) - 40) ** 2;
    });
    expect(sum).toBeCloseTo(1, 4);
    expect(Math.abs(Math.sqrt(variance) / sigma - 1)).toBeLessThan(0.12);
  });

  it('reads a slope exactly between samples and holds at the border', () => {
    const data = ramp(9, 9);
    expect(bilinear(data, 9, 9, 3.25, 4.5)).toBeCloseTo(12.25, 5);
    expect(bicubic(data, 9, 9, 3.25, 4.5)).toBeCloseTo(12.25, 5);
    expect(bilinear(data, 9, 9, -5, 0)).toBe(0);
  });

  it('halves, shrinks and resizes with centres aligned', () => {
    const plane = { width: 8, height: 8, data: ramp(8, 8) };
    expect(halve(plane).data[0]).toBeCloseTo(1.5, 5);
    expect(shrink(plane, 2).data).toEqual(halve(plane).data);
    expect(resize(halve(plane), 8, 8).data[3 * 8 + 3]).toBeCloseTo(9, 4);
  });

  it('takes out single outliers by the median', () => {
    const data = new Float32Array(25).fill(3);
    data[12] = 90;
    expect(median3(data, 5, 5)).toEqual(new Float32Array(25).fill(3));
  });

  it('smooths within a surface and not across its edge', () => {
    const width = 64;
    const luma = Float32Array.from({ length: width * 8 }, (_, i) => (i % width < 32 ? 20 : 220));
    const flat = new Float32Array(width * 8).fill(128);
    const values = Float32Array.from({ length: width * 8 }, (_, i) => (i % width < 32 ? 1 : 5) + (i % 2 ? 0.5 : -0.5));
    domainTransform([values], edgeDistances({ width, height: 8, luma, blue: flat, red: flat }), 20, 20);
    expect(Math.abs((values[16] ?? 0) - 1)).toBeLessThan(0.1);
    expect(Math.abs((values[48] ?? 0) - 5)).toBeLessThan(0.1);
  });
});
