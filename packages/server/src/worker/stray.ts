import type { Json } from '../domain/attempt.ts';
import { straySubmission } from '../domain/draining.ts';
import type { Policy } from '../domain/policy.ts';
import type { Video } from '../domain/video.ts';
import type { Backend } from '../ports/backend.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Effects, VideoStore } from '../ports/store.ts';
import { within } from './within.ts';

interface StrayParts {
  readonly store: VideoStore;
  readonly clock: Clock;
  readonly policy: Policy;
  readonly bell: Bell;
  readonly log: Log;
}

/** Each loss means that somebody else progressed, so this many is plenty. */
const SWAP_TRIES = 30;
const STORE_PAUSE_MS = 1_000;
const STOP_MS = 30_000;

/**
 * A peer accepted an attempt while the right to its video was lost: cancelled, say, in that very moment. The news is
 * written down for lane `drain` to stop it; where the row has no use for it, the peer is asked to stop right here.
 */
export async function recordStray(
  parts: StrayParts,
  backend: Backend,
  { id }: Pick<Video, 'id'>,
  attempt: string,
  operation: Json,
): Promise<void> {
  const { clock, policy, log } = parts;
  const recorded = await amend(parts, id, (video) => straySubmission(video, attempt, operation, clock.now(), policy));
  if (recorded) return;
  log.warn({ video: id, attempt, backend: backend.name }, 'a peer accepted an attempt that nobody wants any more');
  try {
    await within(clock, STOP_MS, new AbortController().signal, async (limit) => backend.stop?.(operation, limit));
  } catch (error) {
    log.warn({ video: id, attempt, err: error }, 'it could not be stopped');
  }
}

/** Writes what became of a lost attempt, unless the row has no use for it. */
export async function amend(
  { store, bell, clock }: Pick<StrayParts, 'store' | 'bell' | 'clock'>,
  id: Video['id'],
  change: (video: Video) => Video | undefined,
  effects: Effects = {},
): Promise<boolean> {
  for (let tries = 0; tries < SWAP_TRIES; tries += 1) {
    try {
      const video = await store.find(id);
      const next = video && change(video);
      if (video === undefined || next === undefined) return false;
      if ((await store.swap(video, next, effects)) !== 'stale') {
        bell.ring('drain');
        return true;
      }
    } catch {
      // What a peer accepted must not be forgotten because a store does not answer for a moment.
      await clock.sleep(STORE_PAUSE_MS);
    }
  }
  return false;
}
