import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ShardReport, Share } from './shard.ts';

/** Simulates the seeds from `from` up to and without `to`, on all cores. */
export async function simulateSeeds(from: number, to: number): Promise<ShardReport> {
  const step = Math.min(availableParallelism(), to - from);
  const reports = await Promise.all(Array.from({ length: step }, (_, n) => runShard({ from: from + n, to, step })));
  const ends: Record<string, number> = {};
  for (const report of reports)
    for (const [end, count] of Object.entries(report.ends)) ends[end] = (ends[end] ?? 0) + count;
  return {
    failures: reports.flatMap(({ failures }) => failures),
    ends,
    seeds: reports.reduce((sum, { seeds }) => sum + seeds, 0),
  };
}

function runShard(share: Share): Promise<ShardReport> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./shard.ts', import.meta.url), { workerData: share });
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`a shard of the simulation ended with code ${code}`)));
  });
}

/** The seeds of a run: `SEED=17` names one, so that a failure can be looked at again. */
export function seedsToRun(first: number, count: number): readonly [from: number, to: number] {
  const named = process.env.SEED;
  if (named === undefined || named === '') return [first, first + count];
  if (!/^\d{1,9}$/.test(named)) throw new Error(`SEED must be a number, not ${JSON.stringify(named)}`);
  return [Number(named), Number(named) + 1];
}

/** What a person needs to see a failure again. */
export function failureText({ failures }: ShardReport): string {
  return failures
    .map(
      ({ seed, message }) =>
        `SEED=${seed} breaks a promise; run it alone with\n  SEED=${seed} npx --no-install vitest run --project unit test/simulation.test.ts\n${message}`,
    )
    .join('\n\n');
}
