/** The main function of a writing thread that ends, in the way it is told to, when it is asked to purge a video. */
import { parentPort, workerData } from 'node:worker_threads';
import type { ToThread } from './writing-thread-protocol.ts';

const ENDS = {
  exit() {
    process.exit(7);
  },
  throw() {
    throw new Error('a bug');
  },
  memory() {
    const kept: object[] = [];
    for (;;) kept.push({ kept: kept.length });
  },
};

parentPort?.on('message', async (message: ToThread) => {
  if (message === 'close' || message.method !== 'purge') return;
  const { default: Database } = await import('better-sqlite3');
  // In the middle of a transaction, so that whoever writes next waits for ever if it is not undone.
  new Database(workerData as string).exec(`begin immediate; delete from video`);
  ENDS[message.args[0] as keyof typeof ENDS]();
});
await import('./writing-thread-main.ts');
