import type { Readiness } from '../http/parts.ts';
import { type Backend, isRemote } from '../ports/backend.ts';
import type { Log } from '../ports/log.ts';
import type { World } from './adapters.ts';
import type { Role } from './role.ts';

const PROBE_MS = 30_000;

/**
 * The backends that are to make videos on this machine: none where videos are only asked for, and none that no model is
 * made by. Remote ones have a lane that asks ever again.
 */
export function localBackends(
  { backends }: Pick<World, 'backends'>,
  routes: Readonly<Record<string, readonly string[]>>,
  role: Role,
): readonly Backend[] {
  if (role === 'api') return [];
  const routed = new Set(Object.values(routes).flat());
  return Object.values(backends).filter((each) => !isRemote(each) && routed.has(each.name));
}

/** Finds out in the background whether local backends can work. */
export async function probeBackends(local: readonly Backend[], log: Log): Promise<void> {
  for (const backend of local) {
    const found = await backend.probe(AbortSignal.timeout(PROBE_MS)).catch(() => undefined);
    if (found?.ready !== false) continue;
    log.warn({ backend: backend.name, problems: found.problems }, 'a backend cannot make videos');
  }
}

/** Whether a process has what it needs, part by part. */
export async function readinessOf(
  { needs }: World,
  local: readonly Backend[],
  stopping: boolean,
): Promise<readonly Readiness[]> {
  const parts: Readiness[] = await Promise.all(
    needs.map(async ({ name, problem }) => {
      const found = await problem();
      return found === undefined ? { name, ready: true } : { name, ready: false, problem: found };
    }),
  );
  // Remote backends that are away keep nobody from asking: videos wait for them, or go to others.
  for (const { name, capabilities } of local) {
    const problem = capabilities.problems.join('; ');
    parts.push({ name: `backend ${name}`, ready: capabilities.ready, ...(problem === '' ? {} : { problem }) });
  }
  if (stopping) parts.push({ name: 'process', ready: false, problem: 'it is about to stop' });
  return parts;
}
