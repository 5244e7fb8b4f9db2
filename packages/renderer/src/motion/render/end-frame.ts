import { PAD, type RenderLayout } from './layout.ts';

/** A key picture as a frame (I420), read from its planes in the render memory; the same bytes as `toI420` of its samples. */
export function endFrame(buffer: ArrayBufferLike, layout: RenderLayout, side: 0 | 1): Uint8Array {
  const { width, height } = layout;
  const { luma, colour } = layout.pictures[side];
  const size = width * height;
  const stride = width + 2 * PAD;
  const out = new Uint8Array((size * 3) / 2);
  for (let y = 0; y < height; y++) {
    out.set(new Uint8Array(buffer, luma + (y + PAD) * stride + PAD, width), y * width);
  }
  for (let y = 0, at = size; y < height; y += 2) {
    const row = new Uint8Array(buffer, colour + 2 * ((y + PAD) * stride + PAD), 2 * width);
    // Every second sample of every second row; blue lies before red.
    for (let x = 0; x < 2 * width; x += 4, at++) {
      out[at] = row[x]!;
      out[at + (size >> 2)] = row[x + 1]!;
    }
  }
  return out;
}
