import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readMoney, showMoney } from './money.ts';

it('shows every amount as it is read', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 999_999_999 * 1_000_000 }),
      (microUnits) => readMoney(showMoney(microUnits)) === microUnits,
    ),
  );
});

it.each([
  ['0', 0],
  ['12', 12_000_000],
  ['0.000001', 1],
  ['12.50', 12_500_000],
  ['007.1', 7_100_000],
])('reads %s', (text, microUnits) => {
  expect(readMoney(text)).toBe(microUnits);
});

it.each(['', '-1', '+1', '1.', '.5', '1e3', '0.0000001', '1,5', ' 1', '1234567890', 'NaN', '٣'])(
  'refuses "%s"',
  (text) => {
    expect(readMoney(text)).toBeUndefined();
  },
);

it('shows what is taken back', () => {
  expect([showMoney(-100_000), showMoney(-1), showMoney(-2_000_000)]).toEqual(['-0.1', '-0.000001', '-2']);
});
