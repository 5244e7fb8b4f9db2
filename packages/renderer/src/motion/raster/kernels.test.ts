import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { domainTransform, edgeDistances, plainDomainTransform, plainEdgeDistances } from './domain-transform.ts';
import { blur, gaussianKernel, plainBlur, plainBlurByBoxes } from './gaussian.ts';
import { gradient, plainGradient } from './gradient.ts';
import { rasterDesk } from './kernels.ts';
import { median3, plainMedian3 } from './median.ts';

describe.each([
  [64, 40],
  [37, 21],
  [16, 3],
  [19, 1],
])('kernels for rasters of %d × %d samples', (width, height) => {
  const random = seededRandom(5);
  const noise = (): Float32Array => Float32Array.from({ length: width * height }, () => 255 * random());
  const plane = { width, height, data: noise() };

  it('are there', () => {
    expect(rasterDesk(width, height)).not.toBeNull();
  });

  it.each([0.5, 0.8, 2.2])('blur with sigma %f exactly like their twin', (sigma) => {
    expect(blur(plane, sigma)).toEqual(plainBlur(plane, gaussianKernel(sigma)));
  });

  it.each([
    [4, 4],
    [16, 16],
  ])('blur with sigma %f exactly like their twin of boxes', (sigma, radius) => {
    expect(blur(plane, sigma)).toEqual(plainBlurByBoxes(plane, radius));
  });

  it('give slopes and medians exactly like their twins', () => {
    expect(gradient(plane)).toEqual(plainGradient(plane));
    expect(median3(plane.data, width, height)).toEqual(plainMedian3(plane.data, width, height));
  });

  it('smooth along surfaces like their twin', () => {
    const guide = { width, height, luma: noise(), blue: noise().fill(100, width), red: noise() };
    const edges = edgeDistances(guide);
    expect(edges).toEqual(plainEdgeDistances(guide));
    const fast = [noise(), noise(), noise()];
    const plain = fast.map((channel) => channel.slice());
    // Edges of every height, the highest beyond what is passed on at all.
    domainTransform(fast, edges, 40, 30);
    plainDomainTransform(plain, edges, 40, 30);
    fast.forEach((channel, c) => {
      channel.forEach((value, i) => {
        expect(Math.abs(value - plain[c]![i]!)).toBeLessThan(1e-3);
      });
    });
  });
});
