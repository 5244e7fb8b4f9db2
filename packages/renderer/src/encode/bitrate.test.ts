import { expect, test } from 'vitest';
import { chooseBitrate, trialBitrate } from './bitrate.ts';

const SHAPE = { width: 1280, height: 720, fps: 30 };

test('a detailed picture gets more bits, between bounds', () => {
  const rates = [0, 16_000, 37_000, 56_000, 81_000, 500_000].map((bytes) => chooseBitrate(SHAPE, bytes, 1));
  expect(rates).toEqual(rates.toSorted((a, b) => a - b));
  expect(rates[0]).toBeGreaterThan(2_900_000);
  expect(rates[3]).toBeGreaterThan(4_500_000);
  expect(rates[5]).toBeLessThan(10_000_000);
});

test('bits follow the frame rate, and never leave level 4.0', () => {
  expect(trialBitrate({ ...SHAPE, fps: 15 })).toBe(trialBitrate(SHAPE) / 2);
  expect(chooseBitrate({ width: 1920, height: 1072, fps: 60 }, 1_000_000, 1)).toBe(20_000_000);
});

test('a quick moment needs more bits, a slow clip no fewer', () => {
  const usual = chooseBitrate(SHAPE, 40_000, 1);
  expect(chooseBitrate(SHAPE, 40_000, 4.5)).toBeGreaterThan(1.8 * usual);
  expect(chooseBitrate(SHAPE, 40_000, 0.5)).toBe(usual);
});
