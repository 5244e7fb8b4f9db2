import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import type { ColourPlanes } from '../raster/plane.ts';
import { texturedScene } from '../testing/pictures.ts';
import { fitOfMove, isCameraLike, isHardToMatch } from './acceptance.ts';
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
  it('draws more on the picture with more detail, and all on the one that is there', () => {
    const closer = new CameraPath([2, 0, -160, 0, 2, -120, 0, 0, 1], 320, 240);
    // Half way the first picture is magnified by 1.5; the last has all that a frame can show.
    for (const share of closer.sharesOfLast(0.5)) expect(share).toBeCloseTo(1 / (1 + 1.5 ** -8), 6);
    for (const share of new CameraPath(IDENTITY, 320, 240).sharesOfLast(0.3)) expect(share).toBeCloseTo(0.3, 9);
    expect([closer.sharesOfLast(0), closer.sharesOfLast(1)].flat()).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
  });

  it('leaves a frame to the time where neither picture is magnified, and to the better one where one is squeezed', () => {
    // A wall that turns away on the right: there the last picture has fewer columns.
    const [upperLeft, upperRight, lowerLeft, lowerRight] = new CameraPath(
      [0.9, 0, 0, 0, 1, 0, 1e-3, 0, 1],
      320,
      240,
    ).sharesOfLast(0.5);
    expect(upperRight).toBeLessThan(upperLeft - 0.1);
    expect(lowerRight).toBeLessThan(lowerLeft - 0.1);
  });

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

const turn = (zoom: number, degrees: number): Homography => {
  const c = zoom * Math.cos((degrees * Math.PI) / 180);
  const s = zoom * Math.sin((degrees * Math.PI) / 180);
  return [c, -s, 0, s, c, 0, 0, 0, 1];
};

describe('isHardToMatch', () => {
  it.each<[string, Homography, boolean]>([
    ['a pan', [1, 0, 60, 0, 1, 0, 0, 0, 1], false],
    ['a small roll', turn(1, 5), false],
    ['a roll', turn(1, 12), true],
    ['a zoom', turn(1.3, 0), true],
    ['a zoom back', turn(0.8, 0), true],
    ['a squeeze', [1.1, 0, 0, 0, 0.92, 0, 0, 0, 1], true],
    ['perspective', [1, 0, 0, 0, 1, 0, 8e-4, 0, 1], true],
  ])('%s', (_, map, expected) => {
    expect(isHardToMatch(map, 320, 240)).toBe(expected);
  });
});

describe('fitOfMove', () => {
  const scene = texturedScene(4);
  const pictured = (dx: number, gain: number): ColourPlanes => {
    const plane = (): Float32Array =>
      Float32Array.from({ length: 64 * 48 }, (_, i) => gain * scene((i % 64) + dx, Math.floor(i / 64), 0));
    return { width: 64, height: 48, luma: plane(), blue: plane(), red: plane() };
  };
  const pan = (dx: number): Homography => [1, 0, dx, 0, 1, 0, 0, 0, 1];

  it('is near 0 for the true move, also in other light, near 1 for none, and infinite without overlap', () => {
    const [first, last] = [pictured(0, 1), pictured(6, 0.7)];
    expect(fitOfMove(pan(-6), first, last)).toBeLessThan(0.2);
    expect(fitOfMove(pan(0), first, last)).toBeCloseTo(1, 5);
    expect(fitOfMove(pan(9), first, last)).toBeGreaterThan(0.7);
    expect(fitOfMove(pan(60), first, last)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('isCameraLike', () => {
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
