import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';

/** Beside what they test, like those of `unit`, but too slow to run at each change. */
const LONG = 'packages/*/src/**/*.long.test.ts';

/**
 * Four kinds of tests: `unit` runs in-process; `acceptance` spawns the real server, after `unit` and one file at a time,
 * because rendering wants the whole machine; `long` takes minutes and runs in CI (`npm run test:long`); `soak` is what
 * takes too long to wait for (`npm run soak`).
 */
export default defineConfig({
  test: {
    // Workers and the children that they start keep what they compile where servers keep it.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), `inbetween-compiled-${process.getuid?.() ?? 'ours'}`) },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'test/*.test.ts'],
          exclude: [...configDefaults.exclude, LONG],
          testTimeout: 20_000,
          // Many files wait for children and timers, so one worker more than cores is not too many.
          maxWorkers: availableParallelism() + 1,
        },
      },
      {
        test: {
          name: 'acceptance',
          include: ['test/acceptance/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'long',
          include: ['test/long/**/*.test.ts', LONG],
          testTimeout: 400_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          // Of tests that say that they may: enough to keep the machine busy while some wait, and none waits long for its turn.
          maxConcurrency: availableParallelism() + 1,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          name: 'soak',
          include: ['test/soak/**/*.test.ts'],
          testTimeout: 1_800_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
