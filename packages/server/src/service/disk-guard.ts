import { Fault } from '../domain/fault.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Clock } from '../ports/clock.ts';

/** Says no before a video is accepted that there would be no room for. */
export interface DiskGuard {
  /** @throws Fault `storage_full` */
  check(): Promise<void>;
}

/** How long one look at the free space is believed. */
const LOOK_MS = 2_000;

/**
 * @param reserveBytes accepting stops when less than this is free, so that running videos can still be finished
 */
export function createDiskGuard(artifacts: ArtifactStore, clock: Clock, reserveBytes: number): DiskGuard {
  let lookedAt = Number.NEGATIVE_INFINITY;
  let look: Promise<number | undefined> = Promise.resolve(undefined);
  return {
    async check() {
      if (clock.now() - lookedAt > LOOK_MS) {
        lookedAt = clock.now();
        look = artifacts.freeBytes();
      }
      // Those who ask while somebody looks wait for the same answer.
      const free = await look;
      if (free !== undefined && free < reserveBytes) {
        throw new Fault(
          'storage_full',
          'The server has too little free storage to accept a video. Nothing was stored; try again later.',
          { retryAfterMs: 60_000 },
        );
      }
    },
  };
}
