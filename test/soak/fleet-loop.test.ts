import { expect, it } from 'vitest';
import { BLOWS, runFleetLoop } from '../support/fleet-loop.ts';
import { randomFrom } from '../support/kill-loop.ts';
import { hasPostgres } from '../support/postgres-cluster.ts';
import { makeScratch } from '../support/server-process.ts';

const BLOWS_COUNT = Number(process.env['SOAK_BLOWS'] ?? 200);
const SEED = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000);

it.skipIf(!hasPostgres())(
  `${BLOWS_COUNT} blows to a fleet, SOAK_SEED=${SEED}`,
  async () => {
    const random = randomFrom(SEED);
    const blows = Array.from({ length: BLOWS_COUNT }, () => BLOWS[Math.floor(random() * BLOWS.length)] ?? BLOWS[0]);
    await using scratch = makeScratch();
    const report = await runFleetLoop(scratch, {
      blows,
      random,
      videos: BLOWS_COUNT / 10,
      breathMs: 3_000,
      termMs: 30_000,
      limitMs: 600_000,
    });
    console.log(JSON.stringify(report));
    expect(report.blows).toBe(BLOWS_COUNT);
  },
  3_600_000,
);
