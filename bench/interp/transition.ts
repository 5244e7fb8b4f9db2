import type { RgbPicture } from '../../packages/renderer/src/index.ts';
import { cubicWeight } from '../../packages/renderer/src/motion/raster/sample.ts';
import { toI420 } from '../../packages/renderer/src/motion/render/i420.ts';
import { newYuvPicture, yuvToRgb } from '../../packages/renderer/src/picture/yuv.ts';

/** How far the camera comes closer over the whole clip (renderer study, §5.11). */
const ZOOM = 1.18;

/**
 * The plain reference of a transition at time `s`, in floating-point RGB: the camera moves in on the middle from 1 to
 * 1.18 (the last picture from 1/1.18 to 1, mirrored beyond its border), and the last picture takes over in linear light,
 * by smoothstep over the middle half of the time. `subsampled` is the same after a walk through 4:2:0.
 */
export function plainTransition(first: RgbPicture, last: RgbPicture, s: number) {
  const { width, height } = first;
  const zoom = 1 + (ZOOM - 1) * s;
  const t = Math.min(1, Math.max(0, 2 * s - 0.5));
  const share = t * t * (3 - 2 * t);
  const near = zoomed(first, zoom);
  const far = zoomed(last, zoom / ZOOM);
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const light = (1 - share) * toLinear(near[i]!) + share * toLinear(far[i]!);
    data[i] = Math.round(fromLinear(light));
  }
  const picture = { width, height, data };
  const yuv = newYuvPicture(width, height);
  toI420(picture, yuv.data);
  return { picture, subsampled: yuvToRgb(yuv) };
}

/** The picture magnified about its middle, by bicubic interpolation. */
function zoomed({ width, height, data }: RgbPicture, zoom: number): Float32Array {
  const out = new Float32Array(width * height * 3);
  const [columns, rows] = [tapsOf(width, zoom), tapsOf(height, zoom)] as const;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (const [row, rowWeight] of rows[y]!) {
          for (const [column, weight] of columns[x]!) {
            sum += rowWeight * weight * data[3 * (row * width + column) + channel]!;
          }
        }
        out[to + channel] = Math.min(255, Math.max(0, sum));
      }
    }
  }
  return out;
}

/** For each place along one axis, the four samples it is made of and their weights. */
function tapsOf(length: number, zoom: number): (readonly [at: number, weight: number])[][] {
  const middle = (length - 1) / 2;
  const period = 2 * (length - 1);
  const mirror = (at: number): number => {
    const folded = ((at % period) + period) % period;
    return folded < length ? folded : period - folded;
  };
  return Array.from({ length }, (_, index) => {
    const place = middle + (index - middle) / zoom;
    const left = Math.floor(place);
    return [-1, 0, 1, 2].map((step) => [mirror(left + step), cubicWeight(Math.abs(place - left - step))] as const);
  });
}

function toLinear(value: number): number {
  const v = value / 255;
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

function fromLinear(light: number): number {
  return 255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055);
}
