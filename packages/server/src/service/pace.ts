import { isTerminal, type Video } from '../domain/video.ts';

/** How soon it is worth looking again, reckoned from how long videos really took. */
export interface Pace {
  /** Milliseconds; 0 for a finished video. */
  lookAgainMs(video: Video, now: number): number;
  /** Notes a finished video; each counts once. */
  note(video: Video): void;
}

/** Finished videos that are remembered of each backend and size. */
const REMEMBERED = 21;
const LEAST_MS = 1_000;
const MOST_MS = 15_000;
/** Before anything was measured. */
const UNKNOWN_MS = 2_000;
/** So many looks are spread over the time a video is expected to take from now on. */
const LOOKS = 8;

/**
 * A client that keeps the first answer for the whole wait (the stock OpenAI SDK does) still learns of the end within an
 * eighth of the time a video takes.
 */
export function createPace(): Pace {
  const measured = new Map<string, Map<string, number>>();
  const usual = new Map<string, number>();
  // A store gives the same object for the same version, and finished videos are looked at again and again.
  const noted = new WeakSet<Video>();

  return {
    note(video) {
      if (video.status !== 'succeeded' || video.completedAt === null || noted.has(video)) return;
      noted.add(video);
      const kind = kindOf(video);
      const times = measured.get(kind) ?? new Map<string, number>();
      measured.set(kind, times);
      if (times.has(video.id)) return;
      times.set(video.id, video.completedAt - video.createdAt);
      if (times.size > REMEMBERED) times.delete(times.keys().next().value ?? '');
      usual.set(kind, median([...times.values()]));
    },
    lookAgainMs(video, now) {
      if (isTerminal(video.status)) return 0;
      const usualMs = usual.get(kindOf(video));
      if (usualMs === undefined) return UNKNOWN_MS;
      const left = Math.max(usualMs - (now - video.createdAt), usualMs / 2);
      return Math.round(Math.min(MOST_MS, Math.max(LEAST_MS, left / LOOKS)));
    },
  };
}

/** @param values at least one */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
}

function kindOf({ backend, generation }: Video): string {
  return `${backend} ${generation.size}`;
}
