import { expect, test } from 'vitest';
import { systemClock } from './clock.ts';

test('now is the time', () => {
  const before = Date.now();
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
});

test('sleep lasts', async () => {
  const start = performance.now();
  await systemClock.sleep(20);
  expect(performance.now() - start).toBeGreaterThan(15);
});

test('sleep ends at once, without rejecting, when the signal aborts or has aborted', async () => {
  const stop = new AbortController();
  const sleeping = systemClock.sleep(3_600_000, stop.signal);
  stop.abort(new Error('stop'));
  await expect(sleeping).resolves.toBeUndefined();
  await expect(systemClock.sleep(3_600_000, stop.signal)).resolves.toBeUndefined();
});

test('a sleep of more than 24.8 days is not over at once', async () => {
  const stop = new AbortController();
  let over = false;
  const sleeping = systemClock.sleep(2 ** 31 + 1000, stop.signal).then(() => {
    over = true;
  });
  await systemClock.sleep(20);
  expect(over).toBe(false);
  stop.abort();
  await sleeping;
});

test.each([0, -5])('sleeping %i ms is nothing', async (ms) => {
  await expect(systemClock.sleep(ms)).resolves.toBeUndefined();
});
