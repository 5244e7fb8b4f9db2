import type { VideoId } from '../domain/id.ts';
import type { Video } from '../domain/video.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { EventPlace, EventStore, VideoStore } from '../ports/store.ts';

/** Tells those who wait in this process that their videos have changed. */
export interface Feed {
  /**
   * Calls `listener` with the video as it is, each time a fact about it was told, until the returned function is called.
   * A fact may be told twice or together with the next one; versions tell which is newer. Tombstones are told too.
   */
  watch(id: VideoId, listener: (video: Video) => void): () => void;
}

export interface FeedParts {
  readonly videos: Pick<VideoStore, 'find'>;
  readonly events: EventStore;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly log: Log;
}

interface Watched {
  readonly listeners: Set<(video: Video) => void>;
  readonly deafen: () => void;
  /** What was told last. */
  version: number;
}

/** Without a ring the outbox is read this often, */
const EVERY_MS = 1_000;
/** and then what writers with a slow commit or a slow clock told this far back is seen as well. */
const LOOK_BACK_MS = 10_000;
/** After a ring only the newest is read; rings are answered together, this far apart. */
const NEWEST_MS = 1_000;
const GAP_MS = 50;
const PAGE = 1_000;

/**
 * One tail of the outbox for all who wait: what it costs the store depends on what happens, not on how many wait. While
 * nobody waits it does not read at all.
 */
export function createFeed({ videos, events, bell, clock, log }: FeedParts): Feed {
  const watched = new Map<VideoId, Watched>();
  let tailing = false;
  let rung = false;
  let wake = new AbortController();

  function ring(): void {
    rung = true;
    wake.abort();
  }

  async function changedSince(at: number): Promise<ReadonlySet<VideoId>> {
    const changed = new Set<VideoId>();
    for (let place: EventPlace = { at, video: '' as VideoId, version: 0 }; ; ) {
      const told = await events.after(place, PAGE);
      for (const { video, version } of told) {
        if (version > (watched.get(video)?.version ?? Number.POSITIVE_INFINITY)) changed.add(video);
      }
      const last = told.at(-1);
      if (last === undefined || told.length < PAGE) return changed;
      place = last;
    }
  }

  async function look(backMs: number): Promise<void> {
    for (const id of await changedSince(clock.now() - backMs)) {
      const video = await videos.find(id);
      const entry = watched.get(id);
      if (video === undefined || entry === undefined || video.version <= entry.version) continue;
      entry.version = video.version;
      for (const listener of [...entry.listeners]) listener(video);
    }
  }

  async function tail(): Promise<void> {
    let readBackAt = Number.NEGATIVE_INFINITY;
    while (watched.size > 0) {
      wake = new AbortController();
      rung = false;
      const now = clock.now();
      const due = now >= readBackAt + EVERY_MS;
      if (due) readBackAt = now;
      try {
        await look(due ? LOOK_BACK_MS : NEWEST_MS);
      } catch (error) {
        // Whoever waits has a limit of its own; the next look may succeed.
        log.warn({ err: error }, 'could not read the events');
        readBackAt = clock.now();
        rung = false;
      }
      await clock.sleep(GAP_MS);
      if (!rung) await clock.sleep(Math.max(1, readBackAt + EVERY_MS - clock.now()), wake.signal);
    }
  }

  function begin(): void {
    if (tailing) return;
    tailing = true;
    void tail().finally(() => {
      tailing = false;
      // Somebody may have come after the last look.
      if (watched.size > 0) begin();
    });
  }

  return {
    watch(id, listener) {
      const entry = watched.get(id) ?? { listeners: new Set(), deafen: bell.listen(`video:${id}`, ring), version: 0 };
      watched.set(id, entry);
      // A fresh function each time, so that the same listener may watch twice and leave once.
      const own = (video: Video) => listener(video);
      entry.listeners.add(own);
      begin();
      return () => {
        entry.listeners.delete(own);
        if (entry.listeners.size > 0 || watched.get(id) !== entry) return;
        watched.delete(id);
        entry.deafen();
        if (watched.size === 0) wake.abort();
      };
    },
  };
}
