import { describe, expect, test } from 'vitest';
import { momentsOf, paceOf } from './moments.ts';
import { swayOf } from './overlay.ts';

describe('momentsOf', () => {
  test('without an overlay every frame is seen plainly', () => {
    expect(momentsOf({ timing: 'linear', overlays: [] }, 3, 5, 1)).toEqual([
      { s: 0, view: undefined },
      { s: 0.5, view: undefined },
      { s: 1, view: undefined },
    ]);
  });

  test('an overlay leaves both ends alone and moves what is between', () => {
    const moments = momentsOf({ timing: 'default', overlays: ['handheld', 'breathing'] }, 150, 5, 1);
    expect([moments[0]?.view, moments.at(-1)?.view]).toEqual([undefined, undefined]);
    expect(moments.slice(1, -1).every(({ view }) => view !== undefined)).toBe(true);
  });
});

describe('paceOf', () => {
  test('is 1 for the usual clip, and more for a shorter or a sudden one', () => {
    const pace = (timing: 'default' | 'slow' | 'sudden', frames: number) =>
      paceOf(momentsOf({ timing, overlays: [] }, frames, 5, 1));
    expect(pace('default', 150)).toBeCloseTo(1, 2);
    expect(pace('slow', 150)).toBeLessThan(1);
    expect(pace('sudden', 150)).toBeGreaterThan(4);
    expect(pace('default', 40)).toBeCloseTo(149 / 39, 1);
  });
});

describe('swayOf', () => {
  const TIMES = Array.from({ length: 301 }, (_, index) => index / 300);

  test('a hand moves the view by at most 0.6 % of the width, smoothly, and not at the ends', () => {
    for (const seed of [0, 1, 2, 77, 2_147_483_647]) {
      const sway = swayOf(['handheld'], 5, seed)!;
      const views = TIMES.map(sway);
      // 16:9 is the widest usual shape; a share of the height counts less there.
      const shifts = views.map(({ right, down }) => Math.hypot(right, (down * 9) / 16));
      expect(Math.max(...shifts)).toBeLessThanOrEqual(0.006);
      expect(Math.max(...shifts)).toBeGreaterThan(0.001);
      for (const end of [views[0]!, views.at(-1)!]) {
        expect(end.zoom).toBeCloseTo(1, 12);
        for (const value of [end.right, end.down, end.roll]) expect(value).toBeCloseTo(0, 12);
      }
      // No step between neighbouring frames that the eye would see as a jerk: a pixel at 1280.
      for (let at = 1; at < views.length; at++) {
        expect(Math.abs(views[at]!.right - views[at - 1]!.right)).toBeLessThan(1 / 1280);
      }
      // The border that the shift uncovers is out of sight.
      for (const { zoom, right, down } of views) {
        expect((zoom - 1) / 2 + 1e-9).toBeGreaterThanOrEqual(Math.max(Math.abs(right), Math.abs(down)) * zoom - 1e-4);
      }
    }
  });

  test('the seed decides the hand, and nothing else', () => {
    const at = (seed: number) => TIMES.map(swayOf(['handheld'], 5, seed)!);
    expect(at(3)).toEqual(at(3));
    expect(at(3)).not.toEqual(at(4));
    const breath = (seed: number) => TIMES.map(swayOf(['breathing'], 5, seed)!);
    expect(breath(3)).toEqual(breath(4));
  });

  test('breathing comes 2 % closer and back, once in about five seconds', () => {
    const zooms = (seconds: number) => TIMES.map((t) => swayOf(['breathing'], seconds, 1)!(t).zoom);
    for (const seconds of [1, 5, 12]) {
      expect(Math.max(...zooms(seconds))).toBeCloseTo(1.02);
      expect(Math.min(...zooms(seconds))).toBeGreaterThanOrEqual(1);
      expect(zooms(seconds)[0]).toBe(1);
      expect(zooms(seconds)[300]).toBeCloseTo(1);
    }
    const peaks = zooms(10).filter((zoom, at, all) => zoom > (all[at - 1] ?? 9) && zoom >= (all[at + 1] ?? 9));
    expect(peaks).toHaveLength(2);
  });
});
