import type { z } from 'zod';
import type { Log } from '../../ports/log.ts';
import { type ChildLimits, startChild } from './child.ts';

/** One question to a child of its own. */
export interface ChildQuestion<Answer> {
  readonly name: string;
  readonly entry: URL;
  readonly limits: ChildLimits;
  readonly log: Log;
  readonly order: unknown;
  /** The child may have been taken over by what it reads, so its words are read like a stranger's. */
  readonly answer: z.ZodType<Answer>;
  /** What a child that ends without an answer means. */
  unanswered(end: Error): Error;
}

/**
 * Starts a child, sends it one order, and stops it once it has answered.
 * @throws what `unanswered` makes of its end; the signal's reason
 */
export async function askChild<Answer>(question: ChildQuestion<Answer>, signal: AbortSignal): Promise<Answer> {
  const { name, entry, limits, log, order, answer, unanswered } = question;
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const child = startChild({
    name,
    entry,
    limits,
    log,
    onMessage(body) {
      const read = answer.safeParse(body);
      if (read.success) resolve(read.data);
      else log.error({ child: name }, 'a child sent an answer of no known shape');
    },
    signal,
  });
  void child.ended.then((end) => reject(unanswered(end)));
  const onAbort = () => reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    child.send(order);
    return await promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    await child.stop();
  }
}
