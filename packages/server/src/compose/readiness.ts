import type { Readiness } from '../http/parts.ts';
import { isRemote } from '../ports/backend.ts';
import type { World } from './adapters.ts';

const PROBE_MS = 30_000;

/** Finds out in the background whether local backends can work; remote ones have a lane that asks ever again. */
export async function probeBackends({ backends, log }: World): Promise<void> {
  for (const backend of Object.values(backends).filter((each) => !isRemote(each))) {
    const found = await backend.probe(AbortSignal.timeout(PROBE_MS)).catch(() => undefined);
    if (found?.ready !== false) continue;
    log.warn({ backend: backend.name, problems: found.problems }, 'a backend cannot make videos');
  }
}

/** Whether a process has what it needs, part by part. */
export async function readinessOf({ needs, backends }: World, stopping: boolean): Promise<readonly Readiness[]> {
  const parts: Readiness[] = await Promise.all(
    needs.map(async ({ name, problem }) => {
      const found = await problem();
      return found === undefined ? { name, ready: true } : { name, ready: false, problem: found };
    }),
  );
  // Remote backends that are away keep nobody from asking: videos wait for them, or go to others.
  for (const { name, capabilities } of Object.values(backends).filter((each) => !isRemote(each))) {
    const problem = capabilities.problems.join('; ');
    parts.push({ name: `backend ${name}`, ready: capabilities.ready, ...(problem === '' ? {} : { problem }) });
  }
  if (stopping) parts.push({ name: 'process', ready: false, problem: 'it is about to stop' });
  return parts;
}
