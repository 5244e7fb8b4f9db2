import { expect, test } from 'vitest';
import { readVideoId } from '../../domain/id.ts';
import { createIds, systemIds } from './ids.ts';

const at = (now: number) => createIds({ now: () => now, sleep: async () => {} });

test('a video id is one the domain reads', () => {
  const id = systemIds.video();
  expect(readVideoId(id)).toBe(id);
});

test('ids sort by the time they were made', () => {
  const times = [0, 1, 31, 32, 1_700_000_000_000, 1_700_000_000_001, 1_800_000_000_000, 2 ** 48 - 1];
  const ids = times.map((time) => at(time).video());
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids.map((id) => id.length))).toEqual(new Set(['video_'.length + 26]));
});

test('the time stands in the first ten characters, and only there', () => {
  const [one, two] = [at(1_700_000_000_000).video(), at(1_700_000_000_000).video()];
  expect(one.slice(0, 16)).toBe('video_01hf7yat00');
  expect(two.slice(0, 16)).toBe(one.slice(0, 16));
  expect(two).not.toBe(one);
});

test('each kind has its prefix', () => {
  expect(systemIds.apiKey()).toMatch(/^key_[0-9a-hjkmnp-tv-z]{26}$/);
  expect(systemIds.worker()).toMatch(/^worker_[0-9a-hjkmnp-tv-z]{26}$/);
});

test('no two are the same', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => at(0).video())).size).toBe(10_000);
});

test('seeds are whole numbers of 0 to 2147483647, over the whole range', () => {
  const seeds = Array.from({ length: 1000 }, () => systemIds.seed());
  expect(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed <= 2_147_483_647)).toBe(true);
  expect(Math.max(...seeds)).toBeGreaterThan(2 ** 30);
});
