import { expect, it } from 'vitest';
import { dayOf, isDay, monthOf, nextMonth } from './period.ts';

it('turns the month and the year at midnight UTC', () => {
  const last = Date.UTC(2026, 11, 31, 23, 59, 59, 999);
  expect([dayOf(last), monthOf(last)]).toEqual(['2026-12-31', '2026-12']);
  expect(nextMonth(last)).toBe(last + 1);
  expect([dayOf(last + 1), monthOf(last + 1)]).toEqual(['2027-01-01', '2027-01']);
  expect(nextMonth(Date.UTC(2028, 1, 29, 12))).toBe(Date.UTC(2028, 2, 1));
});

it.each([
  ['2026-11-26', true],
  ['2028-02-29', true],
  ['2026-02-29', false],
  ['2026-11-31', false],
  ['2026-13-01', false],
  ['2026-1-1', false],
  ['20261126', false],
  ['2026-11-26T00:00:00Z', false],
  ['', false],
])('knows whether "%s" is a day', (text, is) => {
  expect(isDay(text)).toBe(is);
});
