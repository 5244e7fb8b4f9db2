import { describe, expect, test } from 'vitest';
import { easedTimes } from './timing.ts';

const TIMINGS = ['default', 'linear', 'smooth', 'slow', 'fast', 'sudden', 'accelerate', 'decelerate'] as const;

describe('easedTimes', () => {
  test.each(TIMINGS)('%s starts at 0, ends at 1 and never falls', (timing) => {
    for (const frames of [2, 3, 12, 81, 150]) {
      const times = easedTimes(frames, timing);
      expect(times).toHaveLength(frames);
      expect(times[0]).toBe(0);
      expect(times.at(-1)).toBe(1);
      for (let index = 1; index < frames; index++) expect(times[index]).toBeGreaterThanOrEqual(times[index - 1]!);
    }
  });

  test('the default is 0.3 linear + 0.7 smoothstep: gentle at both ends, symmetric', () => {
    const times = easedTimes(101, 'default');
    expect(times[50]).toBeCloseTo(0.5);
    expect(times[25]).toBeCloseTo(0.3 * 0.25 + 0.7 * 0.15625);
    for (let index = 0; index <= 100; index++) expect(times[index]! + times[100 - index]!).toBeCloseTo(1);
  });

  test('words mean what they say', () => {
    const peak = (timing: (typeof TIMINGS)[number]): number => {
      const times = easedTimes(301, timing);
      return Math.max(...times.slice(1).map((time, index) => (time - times[index]!) * 300));
    };
    expect(peak('linear')).toBeCloseTo(1);
    expect(peak('slow')).toBeLessThan(peak('default'));
    expect(peak('fast')).toBeGreaterThan(1.5 * peak('default'));
    expect(peak('sudden')).toBeGreaterThan(2 * peak('fast'));
    expect(easedTimes(101, 'accelerate')[50]).toBeLessThan(0.4);
    expect(easedTimes(101, 'decelerate')[50]).toBeGreaterThan(0.6);
  });
});
