import type { Flow, Plane } from '../raster/plane.ts';

/** Every how manieth sample is asked. */
const STRIDE = 7;
/** Confidence from which a sample may speak. */
const TRUSTED = 0.3;

/** The median of the motions that are trusted, part by part, in samples: that of the background, mostly. */
export function mainMotion({ u, v }: Flow, trust: Plane): [number, number] {
  const asked: number[] = [];
  for (let i = 0; i < u.length; i += STRIDE) if (trust.data[i]! > TRUSTED) asked.push(i);
  const median = (part: Float32Array): number =>
    asked.length === 0 ? 0 : Float32Array.from(asked, (i) => part[i]!).sort()[asked.length >> 1]!;
  return [median(u), median(v)];
}
