import type { BackendRecord, BackendState, BackendStore } from '../ports/store.ts';
import { createLane, type LaneParts } from './lane.ts';
import type { Part } from './part.ts';

/** What operators say about backends, as this process knows it: at most a few seconds old. */
export interface BackendStates extends Part {
  /** `open` until something else was heard. */
  stateOf(backend: string): BackendState;
  /** Its slots that are taken over the whole fleet. */
  takenOf(backend: string): number;
}

interface StatesParts extends LaneParts {
  readonly store: BackendStore;
  /** The backends that this process has. */
  readonly names: readonly string[];
}

const EVERY_MS = 2_000;
const SAY_EVERY_MS = 30_000;
/** A backend that no process has said for this long is configured nowhere. */
export const UNSEEN_MS = 3 * SAY_EVERY_MS;

/** Hears what operators say, and says now and then which backends this process has. */
export function createBackendStates(parts: StatesParts): BackendStates {
  const { store, names, clock, log, bell } = parts;
  let states: ReadonlyMap<string, BackendRecord> = new Map();
  let saidAt = Number.NEGATIVE_INFINITY;

  async function look(): Promise<void> {
    const now = clock.now();
    if (now - saidAt >= SAY_EVERY_MS) {
      await store.seen(names, now);
      saidAt = now;
    }
    const heard = new Map((await store.list()).map((record) => [record.name, record]));
    for (const name of names) {
      const [before, state] = [stateIn(states, name), stateIn(heard, name)];
      if (before === state) continue;
      log.warn({ backend: name, state, before }, 'an operator changed the state of a backend');
      bell.ring('generate');
    }
    states = heard;
  }

  const lane = createLane(
    {
      name: 'backends',
      topic: 'backends',
      concurrency: 1,
      idleMs: EVERY_MS,
      async claim() {
        await look();
        return [];
      },
    },
    parts,
  );
  return {
    ...lane,
    async start() {
      // What was said before the start counts from the first claim on.
      await look();
      await lane.start();
    },
    stateOf: (backend) => stateIn(states, backend),
    takenOf: (backend) => states.get(backend)?.taken ?? 0,
  };
}

function stateIn(records: ReadonlyMap<string, BackendRecord>, backend: string): BackendState {
  return records.get(backend)?.state ?? 'open';
}
