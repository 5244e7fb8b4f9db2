import { parentPort, workerData } from 'node:worker_threads';
import { simulate } from './run.ts';

/** Simulates its share of seeds in a thread: `from`, `from + step`, … below `to`. */

export interface Share {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

export interface ShardReport {
  readonly failures: readonly { readonly seed: number; readonly message: string }[];
  readonly ends: Readonly<Record<string, number>>;
  readonly seeds: number;
}

/** More failures than anybody reads. */
const FAILURES_MAX = 5;

async function run({ from, to, step }: Share): Promise<ShardReport> {
  const failures: { seed: number; message: string }[] = [];
  const ends: Record<string, number> = {};
  let seeds = 0;
  for (let seed = from; seed < to && failures.length < FAILURES_MAX; seed += step) {
    seeds += 1;
    try {
      const story = await simulate(seed);
      for (const [end, count] of Object.entries(story.ends)) ends[end] = (ends[end] ?? 0) + count;
    } catch (error) {
      failures.push({ seed, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }
  return { failures, ends, seeds };
}

parentPort?.postMessage(await run(workerData as Share));
