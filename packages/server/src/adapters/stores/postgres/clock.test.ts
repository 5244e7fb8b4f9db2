import { afterEach, expect, it } from 'vitest';
import { createFakeClock } from '../../../../../../test/support/clock.ts';
import { createFleetClock, type FleetClock } from './clock.ts';

const HOUR = 3_600_000;
let clock: FleetClock | undefined;
afterEach(() => clock?.close());

/** A machine whose clock can be set, and a database that may answer. */
async function opened(machineAhead: number) {
  const real = createFakeClock();
  const world = { machineAhead, databaseAhead: 0, answers: true };
  const made = await createFleetClock({
    machine: { ...real, now: () => real.now() + world.machineAhead },
    steady: real.now,
    async ahead(now) {
      if (!world.answers) throw new Error('no answer');
      return now() - (real.now() + world.databaseAhead);
    },
  });
  clock = made;
  return { real, world, off: () => made.now() - real.now() };
}

it.each([0, HOUR, -HOUR])('a machine that is %d ms off goes by the database', async (ahead) => {
  const { real, off } = await opened(ahead);
  expect(off()).toBe(0);
  await real.advance(25_000);
  expect(off()).toBe(0);
});

it('a machine whose clock is set meanwhile goes on as before', async () => {
  const { real, world, off } = await opened(0);
  world.machineAhead = -HOUR;
  expect(off()).toBe(0);
  await real.advance(25_000);
  expect(off()).toBe(0);
});

it('a database whose clock is set is followed', async () => {
  const { real, world, off } = await opened(0);
  world.databaseAhead = 700;
  await real.advance(10_000);
  expect(off()).toBe(700);
});

it('a database that does not answer changes nothing', async () => {
  const { real, world, off } = await opened(HOUR);
  world.answers = false;
  await real.advance(25_000);
  expect(off()).toBe(0);
});
