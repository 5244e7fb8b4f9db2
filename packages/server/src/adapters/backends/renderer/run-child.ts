import { Fault } from '../../../domain/fault.ts';
import type { Log } from '../../../ports/log.ts';
import { type ChildLimits, entryBeside, startChild } from '../../system/child.ts';
import { createInbox } from '../../system/inbox.ts';
import type { RenderAnswer, RenderOrder } from './protocol.ts';
import { readAnswer } from './read-answer.ts';

/**
 * Runs one order in a child process of its own and gives its answers as they come. However the reading ends, the child
 * is gone when it has: after its last answer, a fault, an abort, or because the reader lost interest.
 *
 * @throws Fault `backend_failed` or `storage_full`, or the signal's reason
 */
export async function* runChild(
  order: RenderOrder,
  limits: ChildLimits,
  log: Log,
  signal: AbortSignal,
): AsyncGenerator<RenderAnswer, void> {
  signal.throwIfAborted();
  const answers = createInbox<RenderAnswer>();
  const child = startChild({
    name: 'render',
    entry: entryBeside(import.meta.url, 'child'),
    limits,
    log,
    onMessage: (body) => {
      const answer = readAnswer(body);
      if (answer === undefined) log.error({}, 'render child sent an answer of no known shape');
      else answers.push(answer);
    },
    signal,
  });
  // The reader waits for answers, not for a slow goodbye: an abort reaches it at once, and `stop` below does the rest.
  const onAbort = () => answers.close(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  void child.ended.then((end) => {
    answers.close(new Fault('backend_failed', 'The renderer stopped before the video was finished.', { cause: end }));
  });
  try {
    child.send(order);
    for await (const answer of answers) {
      if (answer.kind === 'storage-full') {
        throw new Fault('storage_full', 'The server ran out of room while it made the video.');
      }
      yield answer;
      if (answer.kind !== 'progress') return;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    await child.stop();
  }
}
