import type { Simulation } from '../domain/simulation.ts';
import { simulatedFault } from '../domain/simulation.ts';
import type { Backend, BackendEvent, GenerateAsk } from '../ports/backend.ts';
import type { Clock } from '../ports/clock.ts';

/** How far a stalled video comes. */
const STALLED_AT = 0.3;
const TELL_EVERY_MS = 5_000;

/** A backend that does what a client's test wants to see; everything else about it stays as it is. */
export function simulating(backend: Backend, simulation: Simulation | undefined, clock: Clock): Backend {
  if (simulation === undefined) return backend;
  const { name, slots, capabilities } = backend;
  return {
    name,
    slots,
    capabilities,
    probe: (signal) => backend.probe(signal),
    ...(backend.stop === undefined ? {} : { stop: backend.stop.bind(backend) }),
    ...(backend.lookUp === undefined ? {} : { lookUp: backend.lookUp.bind(backend) }),
    generate: (ask, signal) => acted(backend, simulation, clock, ask, signal),
  };
}

async function* acted(
  backend: Backend,
  simulation: Simulation,
  clock: Clock,
  ask: GenerateAsk,
  signal: AbortSignal,
): AsyncGenerator<BackendEvent> {
  switch (simulation.kind) {
    case 'fail':
      throw simulatedFault(simulation.code);
    case 'stall':
      for (;;) {
        yield { type: 'progress', fraction: STALLED_AT, phase: 'generating' };
        await clock.sleep(TELL_EVERY_MS, signal);
        signal.throwIfAborted();
      }
    case 'slow':
      // What was begun before is not slowed down once more.
      if (ask.operation === null) {
        await clock.sleep(simulation.ms, signal);
        signal.throwIfAborted();
      }
      yield* backend.generate(ask, signal);
  }
}
