import type { View } from '../../contract.ts';

/** What gather fields consist of: first `offsets` planes of x and y offsets in turn, the others shares. */
export interface GatherFields {
  readonly planes: number;
  readonly offsets: number;
}

/** x and y offset into both pictures, and the share of the last one. */
export const FIVE: GatherFields = { planes: 5, offsets: 4 };
/** Two offsets into either picture, the share of the last one, and that of the second reading in either. */
export const ELEVEN: GatherFields = { planes: 11, offsets: 8 };

/**
 * Looks at the frame through a view, before any pixel is read: every place of the gather fields becomes what they say
 * of the place the view shows there. So an overlay costs no second resampling of the picture. In place; `scratch` has
 * room for one plane of 32-bit floats.
 */
export function sway(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  fields: number,
  { planes, offsets }: GatherFields,
  scratch: number,
  view: View,
): void {
  const size = width * height;
  const before = new Float32Array(buffer, scratch, size);
  const middle = { x: (width - 1) / 2, y: (height - 1) / 2 };
  const cos = Math.cos(view.roll) / view.zoom;
  const sin = Math.sin(view.roll) / view.zoom;
  const left = middle.x + view.right * width - cos * middle.x + sin * middle.y;
  const top = middle.y + view.down * height - sin * middle.x - cos * middle.y;
  for (let plane = 0; plane < planes; plane++) {
    const out = new Float32Array(buffer, fields + 4 * plane * size, size);
    before.set(out);
    const isOffset = plane < offsets;
    const isDown = plane % 2 === 1;
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const seenX = left + cos * x - sin * y;
        const seenY = top + sin * x + cos * y;
        const moved = isOffset ? (isDown ? seenY - y : seenX - x) : 0;
        out[at] = moved + sample(before, width, height, seenX, seenY);
      }
    }
  }
}

/** Bilinear, the border continued. */
function sample(plane: Float32Array, width: number, height: number, x: number, y: number): number {
  const cx = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
  const cy = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
  const left = Math.min(width - 2, Math.floor(cx));
  const top = Math.min(height - 2, Math.floor(cy));
  const at = top * width + left;
  const ax = cx - left;
  const upper = plane[at]! + ax * (plane[at + 1]! - plane[at]!);
  const lower = plane[at + width]! + ax * (plane[at + width + 1]! - plane[at + width]!);
  return upper + (cy - top) * (lower - upper);
}
