import type { State } from '../../../packages/server/src/adapters/stores/memory/state.ts';
import { eventBetween } from '../../../packages/server/src/domain/event.ts';
import type { VideoId } from '../../../packages/server/src/domain/id.ts';
import type { OwnerLimits } from '../../../packages/server/src/domain/owner.ts';
import { isTerminal, type Status, type Video } from '../../../packages/server/src/domain/video.ts';
import type { Effects, Store, VideoStore } from '../../../packages/server/src/ports/store.ts';
import { wrongBooks } from './books.ts';

/** A broken promise: what must never happen has happened. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

const ORDER: Readonly<Record<Status, number>> = {
  pending: 0,
  queued: 1,
  running: 2,
  succeeded: 3,
  failed: 3,
  cancelled: 3,
};

/** Every version of every video that was ever written, whoever heard of it. */
export interface History {
  readonly store: VideoStore;
  readonly versions: ReadonlyMap<VideoId, readonly Video[]>;
  /** Throws what the history has broken. */
  check(): void;
}

/** Stands between everybody and the store, and remembers. */
export function createHistory(
  { videos }: Store,
  state: State,
  slots: Readonly<Record<string, number>>,
  limits: Readonly<Record<string, OwnerLimits>>,
): History {
  const versions = new Map<VideoId, Video[]>();
  const broken: string[] = [];

  function note(video: Video): void {
    const known = versions.get(video.id) ?? [];
    versions.set(video.id, known);
    const last = known.at(-1);
    if (last !== undefined) checkStep(last, video);
    else if (video.version !== 1) broken.push(`${video.id} begins with version ${video.version}`);
    known.push(video);
  }

  function checkStep(before: Video, after: Video): void {
    const say = (what: string) => broken.push(`${after.id} version ${after.version}: ${what}`);
    if (after.version !== before.version + 1) say(`follows version ${before.version}`);
    if (ORDER[after.status] < ORDER[before.status]) say(`${after.status} after ${before.status}`);
    if (isTerminal(before.status) && after.status !== before.status) say(`${after.status} after ${before.status}`);
    if (after.progress < before.progress) say(`progress ${after.progress} after ${before.progress}`);
    if (isTerminal(before.status) && after.completedAt !== before.completedAt) say('it ended twice');
  }

  function checkEvent(previous: Video | undefined, next: Video, { event }: Effects): void {
    const due = eventBetween(previous, next);
    if (due !== event?.type) broken.push(`${next.id}: ${due ?? 'no event'} is due, ${event?.type ?? 'none'} is told`);
  }

  function checkSlots(): void {
    const taken = new Map<string, number>();
    for (const { backend } of state.slots.values()) taken.set(backend, (taken.get(backend) ?? 0) + 1);
    for (const [backend, count] of taken) {
      if (count > (slots[backend] ?? 0)) broken.push(`${count} slots of ${backend} are taken`);
    }
    const held = new Map<string, number>();
    for (const id of state.slots.keys()) {
      const owner = state.videos.get(id)?.owner ?? '';
      held.set(owner, (held.get(owner) ?? 0) + 1);
    }
    for (const [owner, count] of held)
      if (count > (limits[owner]?.running ?? count)) broken.push(`${owner} holds ${count} slots`);
  }

  const store: VideoStore = {
    ...videos,
    async insert(video, effects) {
      const inserted = await videos.insert(video, effects);
      if (inserted.outcome === 'inserted') {
        note(inserted.video);
        checkEvent(undefined, video, effects);
      }
      return inserted;
    },
    async swap(previous, next, effects) {
      const written = await videos.swap(previous, next, effects);
      if (written !== 'stale') {
        note(written);
        checkEvent(previous, next, effects);
      }
      return written;
    },
    async claim(wish) {
      const claimed = await videos.claim(wish);
      for (const { video } of claimed) note(video);
      checkSlots();
      return claimed;
    },
  };
  return {
    store,
    versions,
    check() {
      broken.push(...wrongBooks(state, versions, limits));
      if (broken.length > 0) throw new Violation(broken.join('\n'));
    },
  };
}
