import { parentPort, workerData } from 'node:worker_threads';
import { answerCalls } from './answer-calls.ts';
import { openSqliteStore } from './open.ts';

if (parentPort === null) throw new Error('This is the main function of a thread.');
const store = await openSqliteStore(workerData as string);
await answerCalls(parentPort, store);
await store.close();
parentPort.close();
