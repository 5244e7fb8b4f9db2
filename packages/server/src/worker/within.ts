import type { Clock } from '../ports/clock.ts';

/**
 * Runs work that must end within `ms`: its signal aborts then, or with the outer one.
 *
 * @throws what the work throws, and an Error when it is still not done a moment after it was told to stop
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  const late = clock.sleep(ms, AbortSignal.any([done.signal, outer])).then((): never => {
    over.abort(new Error(`not done within ${ms} ms`));
    throw outer.aborted ? outer.reason : new Error(`not done within ${ms} ms`);
  });
  try {
    return await Promise.race([work(AbortSignal.any([over.signal, outer])), late]);
  } finally {
    late.catch(() => undefined);
    done.abort();
  }
}
