import type { VideoId } from '../domain/id.ts';
import type { Claimed } from '../ports/store.ts';
import type { Work } from './lane.ts';

/** The videos that a lane is at work on, which it tells at each claim so that whatever else bears its name is found. */
export interface Held {
  readonly ids: readonly VideoId[];
  /** Makes works of what was claimed; each is held from now until its work has ended. */
  works(claimed: readonly Claimed[], doOne: (claim: Claimed, signal: AbortSignal) => Promise<void>): readonly Work[];
}

export function createHeld(): Held {
  const ids = new Set<VideoId>();
  return {
    get ids() {
      return [...ids];
    },
    works: (claimed, doOne) =>
      claimed.map((claim) => {
        const { id } = claim.video;
        ids.add(id);
        return async (signal) => {
          try {
            await doOne(claim, signal);
          } finally {
            ids.delete(id);
          }
        };
      }),
  };
}
