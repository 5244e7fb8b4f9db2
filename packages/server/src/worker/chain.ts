import { eventOf } from '../domain/event.ts';
import { Fault } from '../domain/fault.ts';
import { isTerminal, type Video } from '../domain/video.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Meter } from '../ports/meter.ts';
import type { Effects, VideoStore } from '../ports/store.ts';
import { isSame } from './same.ts';

/** Thrown when somebody else wrote the video: this worker has lost its right to it and must stop. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
}

/** What is written along, where it depends on what the transition made of the video. */
type EffectsOf = (next: Video) => Omit<Effects, 'event'>;

/** All writes of one claim go through one chain, so that each builds on the one before and none overtakes. */
export interface Chain {
  /** The video as last written. */
  readonly video: Video;
  /** Applies a transition and writes it. @throws Superseded */
  write(transition: (video: Video) => Video, effects?: EffectsOf): Promise<Video>;
}

interface ChainParts {
  readonly store: VideoStore;
  readonly meter: Meter;
  readonly clock: Clock;
  readonly bell: Bell;
}

/**
 * A store that fails now is asked again this often: a living worker's lease does not lapse, so a video whose last write
 * was given up would wait for its deadline although everybody is well again.
 */
const STORE_TRIES = 30;
const STORE_PAUSE_MS = 1_000;

export function createChain(claimed: Video, { store, meter, clock, bell }: ChainParts): Chain {
  let video = claimed;
  let last: Promise<unknown> = Promise.resolve();

  async function swap(next: Video, effects: Effects): Promise<Video | 'stale'> {
    for (let tries = 1; ; tries += 1) {
      try {
        const written = await store.swap(video, next, effects);
        return written === 'stale' && tries > 1 ? await ownWrite(next) : written;
      } catch (error) {
        if (tries === STORE_TRIES) throw unwritten(error);
        await clock.sleep(STORE_PAUSE_MS);
      }
    }
  }

  /** After an error nobody knows whether it was written: what stopped us may be our own write, whose answer was lost. */
  async function ownWrite(next: Video): Promise<Video | 'stale'> {
    const wanted: Video = { ...next, version: video.version + 1 };
    const found = await store.find(video.id);
    return found !== undefined && isSame(found, wanted) ? found : 'stale';
  }

  async function writeNow(transition: (video: Video) => Video, effects: EffectsOf): Promise<Video> {
    const previousStatus = video.status;
    const next = transition(video);
    const written = await swap(next, { ...effects(next), event: eventOf(video, next) });
    if (written === 'stale') {
      meter.count('inbetween_stale_writes_total');
      throw new Superseded(`${video.id} was written by somebody else`);
    }
    if (isTerminal(written.status) && !isTerminal(video.status)) {
      meter.count('inbetween_videos_finished_total', { status: written.status, code: written.failure?.code ?? '' });
    }
    video = written;
    if (next.status !== previousStatus) bell.ring('deliver');
    return written;
  }

  return {
    get video() {
      return video;
    },
    write(transition, effects = () => ({})) {
      const turn = last.then(() => writeNow(transition, effects));
      // A refused write must not block the chain for ever, and must be seen by the one who asked for it only.
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

/** What could not be written may have been begun all the same: a store that does not answer ends no attempt at a peer. */
function unwritten(error: unknown): unknown {
  if (!(error instanceof Fault)) return error;
  return new Fault(error.code, error.message, { attemptGoesOn: true, cause: error });
}
