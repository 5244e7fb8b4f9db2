import type { Backend } from '../ports/backend.ts';
import { createLane, type LaneParts } from './lane.ts';
import type { Part } from './part.ts';

export interface ProbeParts extends LaneParts {
  readonly backends: readonly Backend[];
}

/** What works is looked at now and then, what does not is soon looked at again. */
const READY_EVERY_MS = 5 * 60_000;
const BROKEN_EVERY_MS = 30_000;
const LIMIT_MS = 30_000;

/** Lane `probe`: finds out whether each backend can work, at once and ever again, and tells when that changes. */
export function createProbeLane(parts: ProbeParts): Part {
  const { clock, log } = parts;
  const dueAt = new Map(parts.backends.map((backend) => [backend, clock.now()]));
  const known = new Map<Backend, boolean>();

  async function probe(backend: Backend, signal: AbortSignal): Promise<void> {
    const done = new AbortController();
    const limit = new AbortController();
    void clock.sleep(LIMIT_MS, done.signal).then(() => limit.abort(new Error('no answer to a probe in time')));
    try {
      const { ready, problems } = await backend.probe(AbortSignal.any([signal, limit.signal]));
      tell(backend, ready, problems);
    } catch (error) {
      if (signal.aborted) return;
      tell(backend, false, [error instanceof Error ? error.message : 'unknown']);
    } finally {
      done.abort();
      const { ready } = backend.capabilities;
      dueAt.set(backend, clock.now() + (ready ? READY_EVERY_MS : BROKEN_EVERY_MS));
    }
  }

  function tell(backend: Backend, ready: boolean, problems: readonly string[]): void {
    if (known.get(backend) === ready) return;
    if (!ready) log.warn({ backend: backend.name, problems }, 'a backend cannot make videos');
    else if (known.has(backend)) log.info({ backend: backend.name }, 'a backend can make videos again');
    known.set(backend, ready);
  }

  return createLane(
    {
      name: 'probe',
      topic: 'sweep',
      concurrency: Math.max(1, parts.backends.length),
      idleMs: BROKEN_EVERY_MS,
      async claim(free) {
        const due = [...dueAt].filter(([, at]) => at <= clock.now()).slice(0, free);
        return due.map(([backend]) => {
          dueAt.set(backend, Number.POSITIVE_INFINITY);
          return (signal: AbortSignal) => probe(backend, signal);
        });
      },
    },
    parts,
  );
}
