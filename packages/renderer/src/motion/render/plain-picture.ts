import { colourSamples } from './colour.ts';
import { padMirrored, splitPicture } from './i420.ts';
import { PAD } from './layout.ts';
import type { PictureKernels } from './picture-kernels.ts';

/** The plain TypeScript twin of the picture kernels: their oracle, and the fallback. */
export function plainPicture(buffer: ArrayBufferLike): PictureKernels {
  return {
    split: (width, height, rgb, luma, half, colour) => split(buffer, width, height, rgb, luma, half, colour),
    average: (...places) => average(buffer, ...places),
  };
}

function split(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  rgb: number,
  luma: number,
  half: number,
  colour: number,
): void {
  const size = width * height;
  const frame = new Uint8Array(size);
  const { blue, red } = splitPicture({ width, height, data: new Uint8Array(buffer, rgb, 3 * size) }, frame);
  const write = (samples: Uint8Array | Uint16Array, w: number, h: number, at: number): void => {
    const count = (w + 2 * PAD) * (h + 2 * PAD);
    const out = samples instanceof Uint8Array ? new Uint8Array(buffer, at, count) : new Uint16Array(buffer, at, count);
    padMirrored(samples, w, h, PAD, out);
  };
  write(frame, width, height, luma);
  write(halfLuma(frame, width, height), width >> 1, height >> 1, half);
  const blues = colourSamples(blue, width, height, 1);
  const reds = colourSamples(red, width, height, 1);
  // Memory is little-endian, as WebAssembly's is.
  write(
    Uint16Array.from(blues, (value, at) => value + 256 * reds[at]!),
    width,
    height,
    colour,
  );
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

function average(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  rgb: number,
  factor: number,
  luma: number,
  blue: number,
  red: number,
): void {
  const columns = width / factor;
  const size = columns * (height / factor);
  const data = new Uint8Array(buffer, rgb, 3 * width * height);
  const [lumas, blues, reds] = [luma, blue, red].map((at) => new Float32Array(buffer, at, size)) as [
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const area = factor * factor;
  for (let i = 0; i < size; i++) {
    const corner = Math.floor(i / columns) * factor * width + (i % columns) * factor;
    let r = 0;
    let g = 0;
    let b = 0;
    for (let j = 0; j < factor; j++) {
      for (let k = 0; k < factor; k++) {
        const at = 3 * (corner + j * width + k);
        r += data[at]!;
        g += data[at + 1]!;
        b += data[at + 2]!;
      }
    }
    const bright = (0.2126 * r + 0.7152 * g + 0.0722 * b) / area;
    lumas[i] = bright;
    blues[i] = 128 + (b / area - bright) / 1.8556;
    reds[i] = 128 + (r / area - bright) / 1.5748;
  }
}
