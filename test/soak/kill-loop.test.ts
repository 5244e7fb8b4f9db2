import { expect, it } from 'vitest';
import { MOMENTS, randomFrom, runKillLoop } from '../support/kill-loop.ts';
import { makeScratch } from '../support/server-process.ts';

const ROUNDS = Number(process.env['SOAK_ROUNDS'] ?? 60);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);

it(`${ROUNDS} kills at random moments, SOAK_SEED=${SEED}`, async () => {
  const random = randomFrom(SEED);
  const moments = Array.from({ length: ROUNDS }, () => MOMENTS[Math.floor(random() * MOMENTS.length)] ?? MOMENTS[0]);
  await using scratch = makeScratch();
  const limitMs = ROUNDS * 30_000;
  const report = await runKillLoop(scratch, moments, random, { moving: Math.ceil(ROUNDS / 4), limitMs });
  expect(report.kills).toBe(ROUNDS);
});
