import { expect, it } from 'vitest';
import { createFakeClock } from '../../../../../../test/support/clock.ts';
import { Health } from './health.ts';

it('rests after three failures in a row, longer each time, and lets one start at a time try it then', async () => {
  const clock = createFakeClock();
  const health = new Health(clock);
  for (const failure of ['a', 'b']) health.failed(failure);
  expect(health.usable).toBe(true);
  health.failed('not connected');
  expect([health.usable, health.problem]).toEqual([false, 'not connected']);
  await clock.advance(15_000);
  expect(health.usable).toBe(true);
  const tried = health.trying();
  expect(health.usable).toBe(false);
  health.failed('not connected');
  tried();
  await clock.advance(15_000);
  expect(health.usable).toBe(false);
  await clock.advance(15_000);
  expect(health.usable).toBe(true);
  for (let n = 0; n < 20; n += 1) health.failed('again');
  await clock.advance(5 * 60_000 - 1);
  expect(health.usable).toBe(false);
  await clock.advance(1);
  expect(health.usable).toBe(true);
  const again = health.trying();
  health.succeeded();
  // The others need not wait for its end.
  expect(health.usable).toBe(true);
  again();
});

it('lets any number of starts go out while it works', () => {
  const health = new Health(createFakeClock());
  const ends = [health.trying(), health.trying()];
  expect(health.usable).toBe(true);
  for (const end of ends) end();
});
