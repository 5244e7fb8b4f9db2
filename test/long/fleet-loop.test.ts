import { expect, it } from 'vitest';
import { BLOWS, type Blow, runFleetLoop } from '../support/fleet-loop.ts';
import { randomFrom } from '../support/kill-loop.ts';
import { hasPostgres } from '../support/postgres-cluster.ts';
import { makeScratch } from '../support/server-process.ts';

/** A worker stands still right at the start, so that its lease is over and taken before the end. */
const SHORT: readonly Blow[] = [
  'stop a worker',
  ...Array.from({ length: 3 }, () => BLOWS.filter((blow) => blow !== 'stop a worker')).flat(),
  'kill a worker',
  'kill an api',
  'kill a worker',
  'kill the peer',
  'kill a worker',
];

/** The short run; `test/soak/fleet-loop.test.ts` does the same for as long as one likes. */
it.skipIf(!hasPostgres())(
  'a fleet that is killed 21 times loses nothing, makes nothing twice and leaves nothing behind',
  async () => {
    await using scratch = makeScratch();
    const report = await runFleetLoop(scratch, {
      blows: SHORT,
      random: randomFrom(11),
      videos: 12,
      breathMs: 3_000,
      termMs: 10_000,
      limitMs: 180_000,
    });
    console.log(JSON.stringify(report));
    expect(report.blows).toBe(21);
    expect(report.videos).toBeGreaterThanOrEqual(12);
  },
  600_000,
);
