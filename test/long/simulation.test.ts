import { expect, it } from 'vitest';
import { failureText, seedsToRun, simulateSeeds } from '../support/simulation/seeds.ts';

it('five thousand simulated fleets keep their promises', async () => {
  const report = await simulateSeeds(...seedsToRun(1, 5_000));
  console.log('simulation:', report.seeds, 'seeds,', report.ends);
  expect(failureText(report)).toBe('');
  // A minute and a half on two quiet cores.
}, 1_200_000);
