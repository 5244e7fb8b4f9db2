import { expect, it } from 'vitest';
import { MOMENTS, randomFrom, runKillLoop } from '../support/kill-loop.ts';
import { HAS_PROCESS_TABLE } from '../support/process-table.ts';
import { makeScratch } from '../support/server-process.ts';

/** Every moment once; `test/soak/kill-loop.test.ts` does the same for as long as one likes. */
it.skipIf(!HAS_PROCESS_TABLE)(
  'nothing is lost, made twice or left behind by kill -9 at any moment',
  async () => {
    await using scratch = makeScratch();
    const report = await runKillLoop(scratch, MOMENTS, randomFrom(7), { moving: 2, limitMs: 180_000 });
    expect(report).toEqual({ videos: MOMENTS.length, kills: MOMENTS.length });
  },
  400_000,
);
