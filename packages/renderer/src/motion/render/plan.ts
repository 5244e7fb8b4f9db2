import type { MotionWish } from '../../contract.ts';
import type { Homography } from '../camera/homography.ts';
import type { Tone } from '../fuse/tone.ts';

/** How the frames of a pair are made: everything a thread must know besides the shared memory. */
export interface FramePlan {
  /** `dissolve` mixes the pictures in linear light while the camera moves on; `morph` moves their contents. */
  readonly kind: 'morph' | 'dissolve' | 'still';
  /** Two readings per sample instead of four. */
  readonly fast: boolean;
  /** The camera move from first to last picture, in half-resolution samples. */
  readonly camera: Homography;
  /** Whether the pictures were aligned by that move before they were matched. */
  readonly aligned: boolean;
  /** The motion of most of either picture beside the camera's, in half-resolution samples: what moves otherwise is in front. */
  readonly rest: readonly [readonly [number, number], readonly [number, number]];
  /** last ≈ gain × first + offset for Y, U, V. */
  readonly tones: readonly [Tone, Tone, Tone];
}

/** How far the camera of a transition goes: zoom factor, share of the picture's side, radians. */
const ZOOM = 1.18;
const SLIDE = 0.1;
const ROLL = (6 * Math.PI) / 180;

/** The camera move of a transition in half-resolution samples of a `width` × `height` field. */
export function transitionCamera(wish: MotionWish['camera'], width: number, height: number): Homography {
  const cx = (width - 1) / 2;
  const cy = (height - 1) / 2;
  const turn = (zoom: number, angle: number): Homography => {
    const c = zoom * Math.cos(angle);
    const s = zoom * Math.sin(angle);
    return [c, -s, cx - c * cx + s * cy, s, c, cy - s * cx - c * cy, 0, 0, 1];
  };
  const slide = (x: number, y: number): Homography => [1, 0, x * width, 0, 1, y * height, 0, 0, 1];
  switch (wish) {
    case 'zoom-in':
      return turn(ZOOM, 0);
    case 'zoom-out':
      return turn(1 / ZOOM, 0);
    // A camera that pans left sees the picture move right.
    case 'pan-left':
      return slide(SLIDE, 0);
    case 'pan-right':
      return slide(-SLIDE, 0);
    case 'tilt-up':
      return slide(0, SLIDE);
    case 'tilt-down':
      return slide(0, -SLIDE);
    case 'roll':
      return turn(1, ROLL);
    case 'static':
      return turn(1, 0);
  }
}
