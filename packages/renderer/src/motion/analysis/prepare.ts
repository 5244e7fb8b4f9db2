import type { RgbPicture } from '../../contract.ts';
import type { ColourPlanes } from '../raster/plane.ts';
import { colourSamples } from '../render/colour.ts';
import { padMirrored, splitPicture } from '../render/i420.ts';
import { PAD, type PictureLayout } from '../render/layout.ts';

/** Fills the analysis planes from a picture, averaging `factor` × `factor` samples. */
export function toColours(picture: RgbPicture, factor: 1 | 2, out: ColourPlanes): void {
  const { data, width } = picture;
  const area = factor * factor;
  for (let y = 0, i = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++, i++) {
      let r = 0;
      let g = 0;
      let b = 0;
      for (let j = 0; j < factor; j++) {
        for (let k = 0; k < factor; k++) {
          const at = 3 * ((y * factor + j) * width + x * factor + k);
          r += data[at]!;
          g += data[at + 1]!;
          b += data[at + 2]!;
        }
      }
      const luma = (0.2126 * r + 0.7152 * g + 0.0722 * b) / area;
      out.luma[i] = luma;
      out.blue[i] = 128 + (b / area - luma) / 1.8556;
      out.red[i] = 128 + (r / area - luma) / 1.5748;
    }
  }
}

/** Fills the padded planes frames are gathered from. */
export function toPlanes(picture: RgbPicture, buffer: ArrayBufferLike, layout: PictureLayout): void {
  const { width, height } = picture;
  const frame = new Uint8Array(width * height);
  const { blue, red } = splitPicture(picture, frame);
  const write = (samples: Uint8Array, w: number, h: number, at: number): void =>
    padMirrored(samples, w, h, PAD, new Uint8Array(buffer, at, (w + 2 * PAD) * (h + 2 * PAD)));
  write(frame, width, height, layout.luma);
  write(halfLuma(frame, width, height), width >> 1, height >> 1, layout.half);
  write(colourSamples(blue, width, height, 1), width, height, layout.blue);
  write(colourSamples(red, width, height, 1), width, height, layout.red);
}

/** The luma of a frame at half size, by means of 2×2 samples. */
function halfLuma(frame: Uint8Array, width: number, height: number): Uint8Array {
  const out = new Uint8Array((width * height) >> 2);
  for (let y = 0, i = 0; y < height; y += 2) {
    for (let x = 0, at = y * width; x < width; x += 2, at += 2, i++) {
      out[i] = (frame[at]! + frame[at + 1]! + frame[at + width]! + frame[at + width + 1]! + 2) >> 2;
    }
  }
  return out;
}
