import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { isCameraLike } from './acceptance.ts';
import { CameraPath } from './camera-path.ts';
import { fitByConsensus } from './fit.ts';
import { compose, type Homography, IDENTITY, invert, normalise, project, rescale } from './homography.ts';

const MOVE: Homography = [1.1, 0.05, 12, -0.04, 1.08, -7, 1e-4, -5e-5, 1];

describe('homography', () => {
  it('inverts and rescales', () => {
    const back = normalise(compose(invert(MOVE), MOVE));
    back.forEach((value, i) => {
      expect(value).toBeCloseTo(IDENTITY[i] ?? 0, 9);
    });
    const half = rescale(MOVE, 0.5);
    const whole = project(MOVE, 2 * 30 + 0.5, 2 * 20 + 0.5);
    const small = project(half, 30, 20);
    expect(small.x).toBeCloseTo((whole.x - 0.5) / 2, 9);
    expect(small.y).toBeCloseTo((whole.y - 0.5) / 2, 9);
  });
});

describe('CameraPath', () => {
  it('starts and ends at rest on the pictures', () => {
    const path = new CameraPath(MOVE, 320, 240);
    const end = project(path.fromFirst(1), 50, 60);
    const expected = project(MOVE, 50, 60);
    expect(end.x).toBeCloseTo(expected.x, 6);
    expect(end.y).toBeCloseTo(expected.y, 6);
    expect(project(path.fromFirst(0), 50, 60)).toEqual({ x: 50, y: 60 });
    expect(project(path.fromLast(1), 50, 60).x).toBeCloseTo(50, 6);
  });
});

describe('isCameraLike', () => {
  const turn = (zoom: number, degrees: number): Homography => {
    const c = zoom * Math.cos((degrees * Math.PI) / 180);
    const s = zoom * Math.sin((degrees * Math.PI) / 180);
    return [c, -s, 0, s, c, 0, 0, 0, 1];
  };
  it.each<[string, Homography, boolean]>([
    ['identity', IDENTITY, true],
    ['roll 30', turn(1, 30), true],
    ['roll 50', turn(1, 50), false],
    ['zoom 2', turn(2, 0), true],
    ['zoom 3', turn(3, 0), false],
    ['zoom 0.3', turn(0.3, 0), false],
    ['mirror', [-1, 0, 319, 0, 1, 0, 0, 0, 1], false],
    ['horizon inside the picture', [1, 0, 0, 0, 1, 0, -0.005, 0, 1], false],
  ])('%s', (_, map, expected) => {
    expect(isCameraLike(map, 320, 240)).toBe(expected);
  });
});

describe('fitByConsensus', () => {
  it('finds a move among one half of wrong pairs, the same for the same seed', () => {
    const random = seededRandom(5);
    const count = 200;
    const x = Float32Array.from({ length: count }, () => random() * 320);
    const y = Float32Array.from({ length: count }, () => random() * 240);
    const places = Array.from(x, (value, i) => project(MOVE, value, y[i] ?? 0));
    const u = Float32Array.from(places, (p, i) => (i % 2 ? p.x : random() * 320));
    const v = Float32Array.from(places, (p, i) => (i % 2 ? p.y : random() * 240));
    const found = fitByConsensus({ x, y, u, v }, 3, 9);
    expect(found?.inliers).toBeGreaterThanOrEqual(100);
    const there = project(found?.map ?? IDENTITY, 100, 100);
    expect(there.x).toBeCloseTo(project(MOVE, 100, 100).x, 2);
    expect(fitByConsensus({ x, y, u, v }, 3, 9)).toEqual(found);
  });

  it('gives up without enough pairs', () => {
    const few = new Float32Array(4);
    expect(fitByConsensus({ x: few, y: few, u: few, v: few }, 3, 1)).toBeNull();
  });
});
