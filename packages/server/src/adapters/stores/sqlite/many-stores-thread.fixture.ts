/** The main function of a thread that writes to any number of stores, each over a port of its own. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { answerCalls } from './answer-calls.ts';
import { openSqliteStore } from './open.ts';

parentPort?.on('message', async ({ path, port }: { readonly path: string; readonly port: MessagePort }) => {
  const store = await openSqliteStore(path);
  await answerCalls(port, store);
  await store.close();
  port.close();
});
