import type { MessagePort, Worker } from 'node:worker_threads';
import type { WriteCall } from './writes.ts';
import { type FromThread, type ToThread, unpacked, wrapped } from './writing-thread-protocol.ts';

/** The asking side of calls to a writing thread. */
export interface PendingCalls {
  /** Resolves when the thread is ready for calls. */
  readonly ready: Promise<void>;
  /** Resolves with what the call resolved with, once its commit is durable, and rejects as it did. */
  call(call: WriteCall): Promise<unknown>;
  /** Asks for nothing more. What was asked for is still made. */
  close(): void;
  /** No answer will come any more: every call rejects, those before and those to come. */
  fail(error: Error): void;
}

interface Asked {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/**
 * @param port keeps the process alive until it is ready, and then while an answer is awaited
 * @param onCommit called before any of the calls in a commit is told to be done
 */
export function pendingCalls(port: MessagePort | Worker, onCommit: () => void): PendingCalls {
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {});
  const asked = new Map<number, Asked>();
  let next = 0;
  let isClosing = false;
  let failure: Error | undefined;
  port.on('message', (message: FromThread) => {
    if (message === 'ready') {
      ready.resolve();
      return letGo();
    }
    onCommit();
    for (const outcome of message) {
      const call = asked.get(outcome.id);
      asked.delete(outcome.id);
      if ('thrown' in outcome) call?.reject(unpacked(outcome.thrown));
      else call?.resolve(outcome.result);
    }
    letGo();
  });
  const letGo = () => {
    if (asked.size === 0 && !isClosing) port.unref();
  };
  const send = (message: ToThread, owned: readonly ArrayBuffer[]) => {
    port.ref();
    port.postMessage(message, owned);
  };

  return {
    ready: ready.promise,
    async call(call) {
      if (failure !== undefined) throw failure;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const id = next++;
      const { args, owned } = wrapped(call.args);
      send({ ...call, id, args }, owned);
      asked.set(id, { resolve, reject });
      return promise;
    },
    close() {
      isClosing = true;
      send('close', []);
    },
    fail(error) {
      failure = error;
      for (const { reject } of asked.values()) reject(error);
      asked.clear();
      ready.reject(error);
    },
  };
}
