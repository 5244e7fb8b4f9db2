import type { VideoId } from '../domain/id.ts';
import type { Claimed } from '../ports/store.ts';
import type { Work } from './lane.ts';

/** The videos that a lane is at work on, which it tells at each claim so that whatever else bears its name is found. */
export interface Held {
  readonly ids: readonly VideoId[];
  /** How many of them are of this backend. */
  of(backend: string): number;
  /** Makes works of what was claimed; each is held from now until its work has ended. */
  works(claimed: readonly Claimed[], doOne: (claim: Claimed, signal: AbortSignal) => Promise<void>): readonly Work[];
}

export function createHeld(): Held {
  const backends = new Map<VideoId, string>();
  return {
    get ids() {
      return [...backends.keys()];
    },
    of: (backend) => [...backends.values()].filter((name) => name === backend).length,
    works: (claimed, doOne) =>
      claimed.map((claim) => {
        const { id, backend } = claim.video;
        backends.set(id, backend);
        return async (signal) => {
          try {
            await doOne(claim, signal);
          } finally {
            backends.delete(id);
          }
        };
      }),
  };
}
