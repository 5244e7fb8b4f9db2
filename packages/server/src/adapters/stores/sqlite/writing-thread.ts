import { Worker } from 'node:worker_threads';
import { Fault } from '../../../domain/fault.ts';
import { compiledCode, entryBeside } from '../../system/child.ts';
import { pendingCalls } from './pending-calls.ts';
import type { WriteCall } from './writes.ts';

/** Videos of a few KB each; the bytes of pictures lie outside. */
const HEAP = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 };
const MAIN = entryBeside(import.meta.url, 'writing-thread-main');

/** Another thread of this process that makes a store's writes. */
export interface WritingThread {
  /** Resolves when it is ready for calls; rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when it has ended and its connections are closed: with the reason, or undefined when it was closed. */
  readonly ended: Promise<unknown>;
  /**
   * Resolves with what the call resolved with, once its commit is durable, and rejects as it did. When the thread ends
   * before it is answered, it rejects with Fault `storage_unavailable`, and may have been made or not.
   */
  call(call: WriteCall): Promise<unknown>;
  /** Lets it finish what it was given, and end. Returns `ended`. */
  close(): Promise<unknown>;
}

/**
 * @param path the store's file
 * @param onCommit called before any of the calls in a commit is told to be done
 * @param main its main function, for tests
 */
export function startWritingThread(path: string, onCommit: () => void, main: URL = MAIN): WritingThread {
  const worker = new Worker(main, {
    name: 'inbetween writes',
    workerData: path,
    env: compiledCode(),
    resourceLimits: HEAP,
  });
  const calls = pendingCalls(worker, onCommit);
  const ended = Promise.withResolvers<unknown>();
  let reason: unknown;
  let isClosing = false;
  worker.on('error', (error) => {
    reason = error;
  });
  // Comes last: by now its connections are closed, and what they had begun is undone.
  worker.on('exit', (code) => {
    if (code !== 0 || !isClosing) reason ??= new Error(`it exited with code ${code}`);
    calls.fail(
      new Fault('storage_unavailable', 'The database does not answer at the moment. Try again in a few seconds.', {
        retryAfterMs: 2_000,
        cause: new Error('the thread that writes has ended', { cause: reason }),
      }),
    );
    ended.resolve(reason);
  });

  return {
    ready: calls.ready,
    ended: ended.promise,
    call: calls.call,
    close() {
      isClosing = true;
      calls.close();
      return ended.promise;
    },
  };
}
