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
  // Counted: a video that was taken from this worker and claimed again is held by two works until the first has let go.
  const works = new Map<VideoId, { readonly backend: string; readonly count: number }>();
  return {
    get ids() {
      return [...works.keys()];
    },
    of: (name) => [...works.values()].filter(({ backend }) => backend === name).length,
    works: (claimed, doOne) =>
      claimed.map((claim) => {
        const { id, backend } = claim.video;
        works.set(id, { backend, count: (works.get(id)?.count ?? 0) + 1 });
        return async (signal) => {
          try {
            await doOne(claim, signal);
          } finally {
            const left = (works.get(id)?.count ?? 1) - 1;
            if (left === 0) works.delete(id);
            else works.set(id, { backend, count: left });
          }
        };
      }),
  };
}
