import { expect } from 'vitest';
import type { RemoteBackendOptions } from '../../../packages/server/src/adapters/backends/remote/remote-backend.ts';
import type { Backend, BackendEvent, GenerateAsk } from '../../../packages/server/src/ports/backend.ts';
import { createFakeClock } from '../clock.ts';
import type { ScriptedPeer } from './peer.ts';
import { openRemoteStage } from './stage.ts';

/** A backend on a clock that the test moves. */
export async function openOnClock(
  peers: ScriptedPeer | readonly ScriptedPeer[],
  options: Partial<RemoteBackendOptions> = {},
) {
  const clock = createFakeClock();
  const rhythm = { everyMs: 5_000, failingMs: 60_000, acceptMs: 30_000 };
  const stage = await openRemoteStage(peers, { clock, rhythm, ...options });
  return { ...stage, clock, run: (ask: GenerateAsk) => run(stage.backend, ask, clock) };
}

/** Runs one attempt to its end while time passes. */
async function run(
  backend: Backend,
  ask: GenerateAsk,
  clock: ReturnType<typeof createFakeClock>,
  limitMs = 10_000_000,
) {
  const events: BackendEvent[] = [];
  const abort = new AbortController();
  let outcome: { readonly error: unknown } | 'finished' | undefined;
  const running = (async () => {
    for await (const event of backend.generate(ask, abort.signal)) events.push(event);
  })().then(
    () => (outcome = 'finished'),
    (error: unknown) => (outcome = { error }),
  );
  const startedAt = clock.now();
  while (outcome === undefined && clock.now() - startedAt < limitMs) {
    await clock.settle();
    if (isAtFiles()) await new Promise((resolve) => setTimeout(resolve, 1));
    else await clock.advance(1_000);
  }
  if (outcome === undefined) abort.abort(new Error('the test gave up'));
  await running;
  const error = typeof outcome === 'object' ? outcome.error : undefined;
  return { events, error, ms: clock.now() - startedAt };
}

/** Files are really written, which takes real time; the fake clock knows nothing of it and stands still meanwhile. */
const isAtFiles = () =>
  process.getActiveResourcesInfo().some((kind) => kind.startsWith('FSReq') || kind === 'CloseReq');

/** A fault of this code. */
export const fault = (code: string, more = {}) => expect.objectContaining({ name: 'Fault', code, ...more });
