import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noneMatchHits, notModifiedSince, rangeStillValid, readRange } from './range.ts';

describe('readRange', () => {
  it.each([
    [undefined, 'whole'],
    ['', 'whole'],
    ['bytes=0-', { start: 0, end: 999 }],
    ['bytes=0-0', { start: 0, end: 0 }],
    ['Bytes=10-19', { start: 10, end: 19 }],
    ['bytes=990-5000', { start: 990, end: 999 }],
    ['bytes=-1', { start: 999, end: 999 }],
    ['bytes=-5000', { start: 0, end: 999 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=1000-', 'unsatisfiable'],
    ['bytes=1000-2000', 'unsatisfiable'],
    ['bytes=20-10', 'whole'],
    ['bytes=-', 'whole'],
    ['bytes=0-1,5-6', 'whole'],
    ['bytes=a-b', 'whole'],
    ['bytes=1e2-', 'whole'],
    ['bytes=9999999999999999999-', 'whole'],
    ['items=0-1', 'whole'],
  ] as const)('%s of 1000 bytes', (header, wish) => {
    expect(readRange(header, 1000)).toEqual(wish);
  });

  it('never leaves the file', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1 }), (from, to, bytes) => {
        for (const header of [`bytes=${from}-${to}`, `bytes=${from}-`, `bytes=-${to}`]) {
          const wish = readRange(header, bytes);
          if (typeof wish === 'string') continue;
          expect(wish.start).toBeGreaterThanOrEqual(0);
          expect(wish.start).toBeLessThanOrEqual(wish.end);
          expect(wish.end).toBeLessThan(bytes);
        }
      }),
    );
  });

  it('calls a file of no bytes unsatisfiable', () => {
    expect(readRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(readRange('bytes=-1', 0)).toBe('unsatisfiable');
  });
});

describe('conditions', () => {
  const at = Date.parse('Tue, 01 Dec 2026 10:00:00 GMT');

  it('match an ETag in a list, weak or strong, and anything', () => {
    expect(noneMatchHits('"a"', '"a"')).toBe(true);
    expect(noneMatchHits('"b", W/"a"', '"a"')).toBe(true);
    expect(noneMatchHits('*', '"a"')).toBe(true);
    expect(noneMatchHits('"b"', '"a"')).toBe(false);
    expect(noneMatchHits('a', '"a"')).toBe(false);
    expect(noneMatchHits(undefined, '"a"')).toBe(false);
  });

  it('compare times in whole seconds', () => {
    expect(notModifiedSince('Tue, 01 Dec 2026 10:00:00 GMT', at + 999)).toBe(true);
    expect(notModifiedSince('Tue, 01 Dec 2026 09:59:59 GMT', at)).toBe(false);
    expect(notModifiedSince('yesterday', at)).toBe(false);
    expect(notModifiedSince(undefined, at)).toBe(false);
  });

  it('allow a range only of exactly what the caller has', () => {
    expect(rangeStillValid(undefined, '"a"', at)).toBe(true);
    expect(rangeStillValid('"a"', '"a"', at)).toBe(true);
    expect(rangeStillValid('W/"a"', '"a"', at)).toBe(false);
    expect(rangeStillValid('"b"', '"a"', at)).toBe(false);
    expect(rangeStillValid('Tue, 01 Dec 2026 10:00:00 GMT', '"a"', at + 5)).toBe(true);
    expect(rangeStillValid('Tue, 01 Dec 2026 11:00:00 GMT', '"a"', at)).toBe(false);
  });
});
