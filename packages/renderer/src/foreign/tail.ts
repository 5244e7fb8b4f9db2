import type { YuvPicture } from '../contract.ts';

/** Over so many frames the shift grows from nothing to all of it. */
const TAIL = 16;
/** More than this is another picture, not another colour. */
const MOST_GAIN = 1.25;
const MOST_OFFSET = 24;

/** One plane's correction: `out = gain × in + offset`. */
interface Shift {
  readonly gain: number;
  readonly offset: number;
}

/** Shifts that give a video's last frame the means and contrasts of the input it was to end with, plane by plane. */
export type TailMatch = readonly [luma: Shift, blue: Shift, red: Shift];

export function matchTail(last: YuvPicture, wanted: YuvPicture): TailMatch {
  const [luma, blue, red] = [0, 1, 2].map((plane) => {
    const has = statistics(planeOf(last, plane));
    const wants = statistics(planeOf(wanted, plane));
    const free = has.spread < 1 ? 1 : wants.spread / has.spread;
    const gain = Math.min(MOST_GAIN, Math.max(1 / MOST_GAIN, free));
    const offset = wants.mean - gain * has.mean;
    // Where contrast may not follow, the mean still does, within its own limit at mid-grey.
    const middle = gain * 128 + offset - 128;
    const kept = Math.min(MOST_OFFSET, Math.max(-MOST_OFFSET, middle));
    return { gain, offset: offset + kept - middle };
  });
  if (luma === undefined || blue === undefined || red === undefined) throw new Error('a picture has three planes');
  return [luma, blue, red];
}

/** Applies its share to frame `index` of `frames`, in place. */
export function applyTail(frame: YuvPicture, match: TailMatch, index: number, frames: number): void {
  const share = (index - (frames - 1 - TAIL)) / TAIL;
  if (share <= 0) return;
  const eased = share * share * (3 - 2 * share);
  match.forEach(({ gain, offset }, plane) => {
    const data = planeOf(frame, plane);
    const [low, high] = plane === 0 ? [16, 235] : [16, 240];
    const table = Uint8Array.from({ length: 256 }, (_, value) =>
      Math.min(high, Math.max(low, Math.round(value + eased * (gain * value + offset - value)))),
    );
    for (let at = 0; at < data.length; at++) data[at] = table[data[at]!]!;
  });
}

function planeOf({ width, height, data }: YuvPicture, plane: number): Uint8Array {
  const luma = width * height;
  if (plane === 0) return data.subarray(0, luma);
  return data.subarray(luma + (plane - 1) * (luma / 4), luma + plane * (luma / 4));
}

function statistics(data: Uint8Array): { readonly mean: number; readonly spread: number } {
  let sum = 0;
  let squares = 0;
  for (const value of data) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / data.length;
  return { mean, spread: Math.sqrt(Math.max(0, squares / data.length - mean * mean)) };
}
