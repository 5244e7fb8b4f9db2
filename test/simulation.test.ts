import { describe, expect, it } from 'vitest';
import { isOver } from './support/simulation/peers.ts';
import { createChance } from './support/simulation/random.ts';
import { simulate } from './support/simulation/run.ts';
import { failureText, seedsToRun, simulateSeeds } from './support/simulation/seeds.ts';

/** The inside of the server under seeded misfortune; five thousand more seeds are in `test/long`. */
describe('a simulated fleet', { timeout: 120_000 }, () => {
  it('keeps its promises whatever fails', async () => {
    const report = await simulateSeeds(...seedsToRun(1_000_000, 200));
    expect(failureText(report)).toBe('');
    expect(report.seeds).toBeGreaterThan(0);
    if (report.seeds === 1) return;
    // A simulation in which everything succeeds, or nothing does, proves nothing.
    const ends = Object.keys(report.ends);
    expect(ends).toEqual(
      expect.arrayContaining(['succeeded', 'cancelled', 'failed timeout', 'failed submission_unknown']),
    );
  });

  it('tells the same story for the same seed', async () => {
    expect(await simulate(7)).toEqual(await simulate(7));
  });

  it('reckons with chance and peers as they are meant', () => {
    const chance = createChance(1);
    const rolls = Array.from({ length: 6_000 }, () => chance.between(1, 6));
    for (let side = 1; side <= 6; side += 1)
      expect(Math.abs(rolls.filter((roll) => roll === side).length - 1_000)).toBeLessThan(150);
    const operation = {
      backend: 'a',
      video: 'v',
      attempt: 'v.1',
      acceptedAt: 0,
      endsAt: 5,
      good: true,
      stopped: false,
    };
    expect([isOver(operation, 4), isOver(operation, 5), isOver({ ...operation, stopped: true }, 4)]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
