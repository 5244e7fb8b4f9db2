import type { Caller } from '../domain/api-key.ts';
import { eventOf } from '../domain/event.ts';
import { Fault } from '../domain/fault.ts';
import { readVideoId } from '../domain/id.ts';
import { cancel, entomb } from '../domain/transitions.ts';
import { freesSlot, type Video, videoPrefix } from '../domain/video.ts';
import type { Log } from '../ports/log.ts';
import type { EventStore, Page, Slice } from '../ports/store.ts';
import { type Content, createContent, type Variant } from './content.ts';
import { createFeed } from './feed.ts';
import { createForecast } from './forecast.ts';
import { createPace } from './pace.ts';
import { createQueueGuard } from './queue-guard.ts';
import { createQuoting, type Quote, type QuoteParts } from './quote.ts';
import { createRates, type RateLeft } from './rates.ts';
import { type SubmitAsk, type Submitted, submit } from './submit.ts';
import { createWaiting, type Watch } from './waiting.ts';

/** What a caller can do with videos now. Every call answers for one owner; another owner's video is not there. */
export interface Videos {
  submit(caller: Caller, ask: SubmitAsk): Promise<Submitted>;
  /** What `submit` would make, checked to the pixels; nothing is made or kept. */
  quote(caller: Caller, ask: SubmitAsk, signal: AbortSignal): Promise<Quote>;
  /** @throws Fault `not_found`, the same for "not there", "deleted" and "not yours" */
  find(caller: Caller, id: string): Promise<Video>;
  list(caller: Caller, page: Page): Promise<Slice<Video>>;
  /** Already cancelled: the same video again. @throws Fault `already_finished` */
  cancel(caller: Caller, id: string): Promise<Video>;
  /** Cancels it if it lives, then forgets all that the caller sent or got. */
  delete(caller: Caller, id: string): Promise<void>;
  /** `'signed'`: the caller proved by a signature that it may read this one video. */
  content(caller: Caller | 'signed', id: string, variant: Variant): Promise<Content>;
  /** Where a queued video stands; undefined when it is not queued. */
  place(video: Video): Promise<QueuePlace | undefined>;
  /** The video when its status changes, at the latest after `ms` or when `signal` aborts. */
  waitForStatus(caller: Caller, id: string, ms: number, signal: AbortSignal): Promise<Video>;
  /** Tells `listener` newer and newer versions, a tombstone as the last one, until the watch is stopped. */
  watch(caller: Caller | 'signed', id: string, listener: (video: Video) => void): Promise<Watch>;
  /** What is left of the caller's creates a minute; undefined: they are not limited. */
  createsLeft(caller: Caller): RateLeft | undefined;
  /** How soon it is worth looking at this video again, in milliseconds; 0: never. */
  lookAgainMs(video: Video): number;
}

/** Where a queued video stands. */
export interface QueuePlace {
  /** How many videos of its backend go before it; 0: it is next. */
  readonly position: number;
  /** When it will probably be finished; undefined: nobody can tell. */
  readonly endsAt: number | undefined;
}

export interface VideosParts extends Omit<QuoteParts, 'outputFrame' | 'queue' | 'creates'> {
  /** Videos that may wait for their first attempt; undefined: any number. */
  readonly queueLimit?: number | undefined;
  /** Places of a backend over the whole fleet. */
  slotsOf(backend: string): number;
  readonly events: EventStore;
  readonly log: Log;
}

/** A cancel or delete races with the worker's writes; each loss means somebody else progressed, so this many is plenty. */
const SWAP_TRIES = 100;

export function createVideos(parts: VideosParts): Videos {
  const { videos: store, clock, policy, bell, artifacts } = parts;
  const pace = createPace();
  const creates = createRates(clock);
  const forecast = createForecast(store, clock);
  const queue = createQueueGuard(store, forecast, clock, parts.queueLimit);

  async function find(caller: Caller, id: string): Promise<Video> {
    const known = readVideoId(id);
    const video = known === undefined ? undefined : await store.find(known, caller.owner);
    if (video === undefined) throw notFound(id);
    pace.note(video);
    return video;
  }

  /** A signature proves the right to one video, whoever owns it; a deleted video is gone for signatures too. */
  async function findSigned(id: string): Promise<Video> {
    const known = readVideoId(id);
    const video = known === undefined ? undefined : await store.find(known);
    if (video === undefined || video.deletedAt !== null) throw notFound(id);
    return video;
  }

  /** Reads, applies a transition and writes, again and again until nobody else wrote in between. */
  async function change(caller: Caller, id: string, transition: (video: Video) => Video): Promise<Video> {
    for (let tries = 0; tries < SWAP_TRIES; tries += 1) {
      const video = await find(caller, id);
      const next = transition(video);
      if (next === video) return video;
      const written = await store.swap(video, next, {
        event: eventOf(video, next),
        dropInputs: true,
        freeSlot: freesSlot(next),
      });
      if (written !== 'stale') {
        bell.ring(`video:${written.id}`);
        bell.ring(freesSlot(written) ? 'generate' : 'drain');
        bell.ring('deliver');
        return written;
      }
    }
    throw new Fault('overloaded', 'The video changes too quickly to be changed. Try again.', { retryAfterMs: 1_000 });
  }

  const findAny = (caller: Caller | 'signed', id: string) => (caller === 'signed' ? findSigned(id) : find(caller, id));
  const { content, outputFrame } = createContent({ store, artifacts, find: findAny });
  const waiting = createWaiting({ feed: createFeed(parts), clock, find: findAny });

  const asking = { ...parts, outputFrame, creates, queue };

  return {
    submit: (caller, ask) => submit(asking, caller, ask),
    quote: createQuoting(asking),
    find,
    list: (caller, page) => store.list(caller.owner, page),
    cancel: (caller, id) => change(caller, id, (video) => cancel(video, clock.now(), policy)),
    async delete(caller, id) {
      const gone = await change(caller, id, (video) => entomb(video, clock.now(), policy));
      try {
        await artifacts.removeAll(videoPrefix(gone.id));
      } catch (error) {
        // The row says it is gone; sweep removes what is left.
        parts.log.warn({ video: gone.id, err: error }, 'files of a deleted video are left to the sweep');
      }
    },
    content,
    async place(video) {
      if (video.status !== 'queued') return undefined;
      const position = await store.queuePosition(video);
      // Nobody knows how long a pause lasts.
      const paused = parts.stateOf?.(video.backend) === 'paused';
      const endsAt = paused ? undefined : await forecast.endOf(video, position, parts.slotsOf(video.backend));
      return { position, endsAt };
    },
    ...waiting,
    createsLeft: (caller) => creates.left(caller, caller.limits?.createsPerMinute),
    lookAgainMs: (video) => pace.lookAgainMs(video, clock.now()),
  };
}

/** One answer for "not there", "not yours" and "deleted". */
export function notFound(id: string): Fault {
  return new Fault('not_found', `There is no video "${id.slice(0, 60)}".`, { param: 'id' });
}
