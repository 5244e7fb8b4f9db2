import { readPinned } from '../adapters/backends/remote/pinned.ts';
import type { GenerationConfig } from '../config/backends/backend-config.ts';
import { RENDERER } from '../config/backends/schema.ts';
import type { Attempt } from '../domain/attempt.ts';

/** A start that would leave work behind that somebody may be paying for. */
export class UnlistedBackend extends Error {
  override readonly name = 'UnlistedBackend';
}

/**
 * Holds a configuration to what is under way: an accepted operation goes on at the instance and with the credential that
 * accepted it, so both must still be listed.
 *
 * @throws UnlistedBackend that names all of them and says what to do
 */
export function checkPins(open: readonly Attempt[], { backends }: GenerationConfig): void {
  const missing = new Map<string, number>();
  for (const { backend, operation } of open) {
    if (backend === RENDERER) continue;
    const pinned = readPinned(operation);
    const listed = backends.find(({ name }) => name === backend);
    const instance = listed?.instances.find(({ name }) => name === pinned?.instance);
    // An attempt whose answer is still awaited has no instance yet.
    if (listed !== undefined && (pinned === undefined || instance !== undefined)) continue;
    const name = pinned === undefined ? backend : `${backend} (${pinned.instance})`;
    missing.set(name, (missing.get(name) ?? 0) + 1);
  }
  if (missing.size === 0) return;
  const lines = [...missing].map(([name, count]) => `  ${name}: ${count} ${count === 1 ? 'video' : 'videos'}`);
  throw new UnlistedBackend(
    [
      'These backends have videos under way and are not in the configuration any more:',
      ...lines,
      'List them again, with `state: draining` if they shall take nothing new, until their videos have ended.',
    ].join('\n'),
  );
}
