import { Fault } from './fault.ts';
import type { SizeTier } from './model.ts';
import { fitSides, type Size } from './size.ts';

/** What routing has to know of a backend. */
export interface Candidate {
  readonly name: string;
  /** It can take something now, as far as is known. */
  readonly ready: boolean;
  /** It takes nothing new at all. */
  readonly closed: boolean;
  readonly sizes: readonly SizeTier[];
  readonly sides?: { readonly min: number; readonly max: number } | undefined;
}

/** What is to be made. `pixels` is known once the frames are prepared. */
export interface RouteWish {
  readonly model: string;
  readonly size: SizeTier;
  readonly pixels?: Size | undefined;
}

/** Whether a backend could make it at some time. */
export function canMake({ closed, sizes, sides }: Candidate, { size, pixels }: RouteWish): boolean {
  if (closed || !sizes.includes(size)) return false;
  return sides === undefined || pixels === undefined || fitSides(pixels, sides) !== undefined;
}

/**
 * The backend for a new video: the first in the configured order that can make it and is ready; when none is ready, the
 * first that can make it, where the video waits.
 *
 * @throws Fault `unsupported_size`, which names what can be made
 */
export function chooseBackend(candidates: readonly Candidate[], wish: RouteWish): string {
  const able = candidates.filter((candidate) => canMake(candidate, wish));
  const chosen = able.find(({ ready }) => ready) ?? able[0];
  if (chosen !== undefined) return chosen.name;
  const open = candidates.filter(({ closed }) => !closed);
  if (open.length === 0) {
    throw new Fault(
      'backend_unavailable',
      `model: no new videos of ${wish.model} are accepted at the moment. Try again later.`,
      {
        param: 'model',
      },
    );
  }
  const sizes = [...new Set(open.flatMap((candidate) => candidate.sizes))].join(', ');
  throw new Fault('unsupported_size', `size: ${wish.model} is made in ${sizes} here, not in ${wish.size}.`, {
    param: 'size',
  });
}

/** Where a video may go that `from` refused: the first other one in the order that can make it and is ready. */
export function chooseOther(candidates: readonly Candidate[], wish: RouteWish, from: string): string | undefined {
  return candidates.find((each) => each.name !== from && each.ready && canMake(each, wish))?.name;
}
