/** A change of exposure: last ≈ gain × first + offset, on the 0..255 scale. */
export interface Tone {
  readonly gain: number;
  readonly offset: number;
}

export const SAME_TONE: Tone = { gain: 1, offset: 0 };

/** Gains beyond these are not exposure but different pictures. */
const LEAST_GAIN = 0.2;
const MOST_GAIN = 5;
/** The fit must remove this share of the difference to be believed. */
const WORTH = 0.15;

/** Robust straight line through corresponding samples; `SAME_TONE` unless it explains the difference clearly better. */
export function fitTone(from: ArrayLike<number>, to: ArrayLike<number>): Tone {
  if (from.length < 16) return SAME_TONE;
  let tone = SAME_TONE;
  let scale = 255;
  for (let round = 0; round < 6; round++) {
    tone = weightedLine(from, to, tone, scale);
    scale = Math.max(8, scale * 0.5);
  }
  if (!(tone.gain >= LEAST_GAIN && tone.gain <= MOST_GAIN)) return SAME_TONE;
  const before = robustError(from, to, SAME_TONE);
  const after = robustError(from, to, tone);
  return after < (1 - WORTH) * before - 0.2 ? tone : SAME_TONE;
}

function weightedLine(from: ArrayLike<number>, to: ArrayLike<number>, tone: Tone, scale: number): Tone {
  let n = 1e-9;
  let sx = 0;
  let sy = 0;
  let sxx = 0;
  let sxy = 0;
  for (let i = 0; i < from.length; i++) {
    const x = from[i]!;
    const y = to[i]!;
    const e = (y - tone.gain * x - tone.offset) / scale;
    const w = 1 / (1 + e * e) ** 2;
    n += w;
    sx += w * x;
    sy += w * y;
    sxx += w * x * x;
    sxy += w * x * y;
  }
  const spread = sxx - (sx * sx) / n;
  // Samples of one brightness determine no gain.
  if (spread < n * 4) return { gain: 1, offset: (sy - sx) / n };
  const gain = (sxy - (sx * sy) / n) / spread;
  return { gain, offset: (sy - gain * sx) / n };
}

function robustError(from: ArrayLike<number>, to: ArrayLike<number>, tone: Tone): number {
  let sum = 0;
  for (let i = 0; i < from.length; i++) sum += Math.min(40, Math.abs(to[i]! - tone.gain * from[i]! - tone.offset));
  return sum / from.length;
}
