import type { MessagePort } from 'node:worker_threads';
import type { Store } from '../../../ports/store.ts';
import { make } from './writes.ts';
import { discard, type FromThread, type Outcome, packed, type ToThread } from './writing-thread-protocol.ts';

/**
 * The thread's side: makes calls on a store in the order in which they come, and tells what has come of them; those that
 * one commit made durable are told in one message. Resolves once no more will come and all are told.
 */
export function answerCalls(port: MessagePort, store: Store): Promise<void> {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  let running = 0;
  let isLast = false;
  let told: Outcome[] = [];
  const endIfLast = () => {
    if (isLast && running === 0 && told.length === 0) resolve();
  };
  const tell = (outcome: Outcome) => {
    running -= 1;
    // What one commit made durable becomes known in one run of microtasks, and a tick comes right behind that.
    if (told.length === 0) process.nextTick(flush);
    told.push(outcome);
  };
  const flush = () => {
    port.postMessage(told satisfies FromThread);
    told = [];
    endIfLast();
  };
  port.on('message', (message: ToThread) => {
    if (message === 'close') {
      isLast = true;
      return endIfLast();
    }
    const { id, args } = message;
    running += 1;
    make(store, message)
      .then(
        (result) => tell({ id, result }),
        (thrown: unknown) => tell({ id, thrown: packed(thrown) }),
      )
      .finally(() => discard(args));
  });
  port.postMessage('ready' satisfies FromThread);
  return done;
}
