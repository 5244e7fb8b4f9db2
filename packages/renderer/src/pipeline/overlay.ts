import type { View } from '../contract.ts';
import { seededRandom } from '../motion/random.ts';
import type { Overlay } from '../prompt/words.ts';

/** The view of a clip at time `t`, 0..1 of its length; at both ends it is the plain one. */
export type Sway = (t: number) => View;

/** Bounds of a hand's movement: shares of the sides and radians. Together at most 0.6 % of the width. */
const SHIFT = 0.004;
const TURN = (0.15 * Math.PI) / 180;
// Just enough to hide the border that the shift would uncover.
const COVER = 2 * SHIFT + 2 * TURN;
/** How far a breathing camera comes closer. */
const BREATH = 0.02;
/** One breath takes about this long. */
const BREATH_SECONDS = 5;

/** Bands of a hand's movement: cycles a second, and their share. Slow drift, sway, and a little tremor. */
const BANDS = [
  { least: 0.3, most: 0.5, share: 0.6 },
  { least: 0.8, most: 1.2, share: 0.28 },
  { least: 1.9, most: 2.6, share: 0.12 },
] as const;

/**
 * The small movement that these overlays lay over a clip of `seconds`, or undefined when there is none. A hand's movement
 * is smooth noise under sin(πt), so that it is nothing at both ends; the seed decides it. Breathing comes up to 2 % closer
 * and back, about once in five seconds.
 */
export function swayOf(overlays: readonly Overlay[], seconds: number, seed: number): Sway | undefined {
  if (overlays.length === 0) return undefined;
  const hand = overlays.includes('handheld') ? handOf(seconds, seed) : undefined;
  const breaths = overlays.includes('breathing') ? Math.max(1, Math.round(seconds / BREATH_SECONDS)) : 0;
  return (t) => {
    const envelope = Math.sin(Math.PI * t);
    const breath = breaths === 0 ? 0 : (BREATH / 2) * (1 - Math.cos(2 * Math.PI * breaths * t));
    const cover = hand === undefined ? 0 : COVER * envelope;
    const { right, down, roll } = hand?.(t) ?? { right: 0, down: 0, roll: 0 };
    return {
      zoom: (1 + breath) * (1 + cover),
      right: SHIFT * envelope * right,
      down: SHIFT * envelope * down,
      roll: TURN * envelope * roll,
    };
  };
}

function handOf(seconds: number, seed: number): (t: number) => Record<'right' | 'down' | 'roll', number> {
  const random = seededRandom(seed);
  const [right, down, roll] = [noise(random), noise(random), noise(random)] as const;
  return (t) => ({ right: right(t * seconds), down: down(t * seconds), roll: roll(t * seconds) });
}

/** Smooth noise within -1..1 over seconds. */
function noise(random: () => number): (at: number) => number {
  const waves = BANDS.map(({ least, most, share }) => ({
    pace: 2 * Math.PI * (least + (most - least) * random()),
    phase: 2 * Math.PI * random(),
    share,
  }));
  return (at) => waves.reduce((sum, { pace, phase, share }) => sum + share * Math.sin(pace * at + phase), 0);
}
