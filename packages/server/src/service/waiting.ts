import type { Caller } from '../domain/api-key.ts';
import { isTerminal, type Video } from '../domain/video.ts';
import type { Clock } from '../ports/clock.ts';
import type { Feed } from './feed.ts';

/** Somebody who wants to hear of a video until `stop` is called. */
export interface Watch {
  /** The video as it was when the watch began. */
  readonly video: Video;
  stop(): void;
}

interface WaitingParts {
  readonly feed: Feed;
  readonly clock: Clock;
  /** @throws Fault `not_found` */
  find(caller: Caller | 'signed', id: string): Promise<Video>;
}

export function createWaiting({ feed, clock, find }: WaitingParts) {
  /** `listener` gets newer and newer versions, a tombstone as the last one. Who may not read the video hears nothing. */
  async function watch(caller: Caller | 'signed', id: string, listener: (video: Video) => void): Promise<Watch> {
    const { id: known } = await find(caller, id);
    let newest = 0;
    const stop = feed.watch(known, (video) => {
      if (video.version <= newest) return;
      newest = video.version;
      listener(video);
    });
    try {
      // Read after the ear was lent, so that nothing falls between; what was heard meanwhile is older or the same.
      const video = await find(caller, known);
      newest = Math.max(newest, video.version);
      return { video, stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  /** The video as soon as its status is another than at the beginning, at the latest after `ms` or when `signal` aborts. */
  async function waitForStatus(caller: Caller, id: string, ms: number, signal: AbortSignal): Promise<Video> {
    const first = await find(caller, id);
    if (isTerminal(first.status) || ms <= 0 || signal.aborted) return first;
    const changed = new AbortController();
    const isNews = (video: Video) => video.status !== first.status || video.deletedAt !== null;
    const watching = await watch(caller, id, (video) => {
      if (isNews(video)) changed.abort();
    });
    try {
      if (!isNews(watching.video)) await clock.sleep(ms, AbortSignal.any([signal, changed.signal]));
    } finally {
      watching.stop();
    }
    // Read once more: a deleted video is not there, and progress may have been made without a change of status.
    return find(caller, id);
  }

  return { watch, waitForStatus };
}
