/** Crossed readings nearer than this (samples of the raster read) to the own ones are one reading of the place between; farther ones that hardly count are left out. */
const APART = 0.125;
/** Below this share a crossed reading is not worth its time. */
export const LEAST = 0.02;
/** Samples are decided on in groups of this many, as the kernel does. */
const GROUP = 4;

/** Reads a plane at a place, for a column of the frame. */
export type Gather = (x: number, y: number, column: number) => number;

/** Two places of a row's samples in one picture, and the share of the second; all indexed by column. */
export interface TwoPlaces {
  readonly x0: Float32Array;
  readonly y0: Float32Array;
  readonly x1: Float32Array;
  readonly y1: Float32Array;
  readonly share: Float32Array;
}

/** Reads a row of samples at both their places; where those are the same for a whole group, once between them. */
export function readCrossed(places: TwoPlaces, width: number, gather: Gather, out: Float32Array): void {
  const { x0, y0, x1, y1, share } = places;
  for (let k = 0; k < width; k += GROUP) {
    const start = Math.min(k, width - GROUP);
    let differ = false;
    for (let x = start; x < start + GROUP; x++) {
      const apart = Math.max(Math.abs(x1[x]! - x0[x]!), Math.abs(y1[x]! - y0[x]!));
      differ ||= apart > APART && share[x]! > LEAST;
    }
    for (let x = start; x < start + GROUP; x++) {
      const part = share[x]!;
      if (differ) {
        const own = gather(x0[x]!, y0[x]!, x);
        out[x] = own + part * (gather(x1[x]!, y1[x]!, x) - own);
      } else {
        const apart = Math.max(Math.abs(x1[x]! - x0[x]!), Math.abs(y1[x]! - y0[x]!));
        const towards = apart <= APART ? part : 0;
        out[x] = gather(x0[x]! + towards * (x1[x]! - x0[x]!), y0[x]! + towards * (y1[x]! - y0[x]!), x);
      }
    }
  }
}
