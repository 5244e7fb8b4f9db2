import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { take } from './rate-limit.ts';

describe('a rate', () => {
  it('lets a minute’s worth in at once, then one by one', () => {
    let usedUntil: number | undefined;
    const results: boolean[] = [];
    for (let n = 0; n < 4; n += 1) {
      const taken = take(usedUntil, 3, 1_000);
      usedUntil = taken.usedUntil;
      results.push(taken.allowed);
    }
    expect(results).toEqual([true, true, true, false]);
    expect(take(usedUntil, 3, 1_000)).toMatchObject({
      allowed: false,
      remaining: 0,
      retryAfterMs: 20_000,
      resetMs: 60_000,
    });
    expect(take(usedUntil, 3, 20_999).allowed).toBe(false);
    expect(take(usedUntil, 3, 21_000)).toMatchObject({ allowed: true, remaining: 0, retryAfterMs: 0 });
    expect(take(usedUntil, 3, 61_000)).toMatchObject({ allowed: true, remaining: 2 });
  });

  it('never lets in more than it says, and always lets in again after what it says', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), steps, (perMinute, waits) => {
        let now = 0;
        let usedUntil: number | undefined;
        const admitted: number[] = [];
        for (const wait of waits) {
          now += wait;
          const taken = take(usedUntil, perMinute, now);
          usedUntil = taken.usedUntil;
          if (taken.allowed) admitted.push(now);
          else expect(take(usedUntil, perMinute, now + Math.ceil(taken.retryAfterMs)).allowed).toBe(true);
        }
        // A minute after a pause holds one burst and what has come free since.
        for (const at of admitted) {
          const inMinute = admitted.filter((one) => one >= at && one < at + 60_000).length;
          expect(inMinute).toBeLessThanOrEqual(2 * perMinute);
        }
      }),
    );
  });
});
