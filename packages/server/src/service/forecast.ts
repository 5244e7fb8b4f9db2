import type { SizeTier } from '../domain/model.ts';
import type { Video } from '../domain/video.ts';
import type { Clock } from '../ports/clock.ts';
import type { VideoStore } from '../ports/store.ts';

/** How long videos take, from those that were made last. */
export interface Forecast {
  /** The usual time of one attempt on a backend, of a size where enough of it were made; undefined: none was made yet. */
  usualMs(backend: string, size?: SizeTier): Promise<number | undefined>;
  /** When a queued video with so many before it will probably be finished; undefined: nobody can tell. */
  endOf(video: Video, before: number, slots: number): Promise<number | undefined>;
}

/** Attempts that are looked at, and how many of one size say more than all sizes together. */
const LOOKED_AT = 20;
const ENOUGH = 3;
/** How long one look is believed. */
const LOOK_MS = 10_000;
/** Nobody can tell more exactly, and an answer that stays the same can be answered with 304. */
const GRAIN_MS = 10_000;

interface Measured {
  readonly size: SizeTier;
  readonly ms: number;
}

/** The usual time of one attempt: of a size, or without one of all sizes together. */
type Usual = (size?: SizeTier) => number | undefined;

export function createForecast(store: Pick<VideoStore, 'recent'>, clock: Clock): Forecast {
  const looks = new Map<string, { readonly at: number; readonly usual: Promise<Usual> }>();

  function usualOf(backend: string): Promise<Usual> {
    const known = looks.get(backend);
    if (known !== undefined && clock.now() - known.at < LOOK_MS) return known.usual;
    const usual = store.recent(backend, LOOKED_AT).then((videos) => usualAmong(videos.flatMap(timeOf)));
    looks.set(backend, { at: clock.now(), usual });
    usual.catch(() => looks.delete(backend));
    return usual;
  }

  return {
    usualMs: async (backend, size) => (await usualOf(backend))(size),
    async endOf({ backend, generation }, before, slots) {
      const usual = await usualOf(backend);
      const [one, any] = [usual(generation.size), usual()];
      if (one === undefined || any === undefined) return undefined;
      // Those before it share the places.
      const waitMs = (before / Math.max(1, slots)) * any;
      return Math.ceil((clock.now() + waitMs + one) / GRAIN_MS) * GRAIN_MS;
    },
  };
}

/** Reckoned once for all who ask. */
function usualAmong(all: readonly Measured[]): Usual {
  const ofAll = median(all.map(({ ms }) => ms));
  const bySize = new Map(
    [...Map.groupBy(all, ({ size }) => size)]
      .filter(([, those]) => those.length >= ENOUGH)
      .map(([size, those]) => [size, median(those.map(({ ms }) => ms))]),
  );
  return (size) => (size === undefined ? ofAll : (bySize.get(size) ?? ofAll));
}

function timeOf({ attempt, completedAt, generation }: Video): readonly Measured[] {
  if (attempt === null || completedAt === null) return [];
  return [{ size: generation.size, ms: completedAt - attempt.startedAt }];
}

function median(values: readonly number[]): number | undefined {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
