import { describe, expect, it } from 'vitest';
import { seededRandom } from '../random.ts';
import { fitTone, SAME_TONE } from './tone.ts';

describe('fitTone', () => {
  const random = seededRandom(3);
  const from = Array.from({ length: 500 }, () => 20 + 200 * random());

  it('finds a gain and offset despite wrong pairs', () => {
    const to = from.map((value, i) => (i % 5 === 0 ? 255 * random() : 0.5 * value + 12));
    const { gain, offset } = fitTone(from, to);
    expect(gain).toBeCloseTo(0.5, 1);
    expect(Math.abs(offset - 12)).toBeLessThan(4);
  });

  it('leaves equal, unrelated and too few samples alone', () => {
    expect(fitTone(from, from)).toBe(SAME_TONE);
    expect(fitTone([1, 2], [3, 4])).toBe(SAME_TONE);
    expect(
      fitTone(
        from,
        from.map(() => 255 * random()),
      ).gain,
    ).toBeGreaterThan(0);
  });
});
