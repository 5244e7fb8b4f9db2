import type { RgbPicture } from '../../packages/renderer/src/index.ts';

/** How alike two pictures are, by the definitions of the renderer study (`inbetween.py`, metrics). */
export interface Likeness {
  /** Over R, G and B, in dB; 99 for identical pictures. Higher is better. */
  readonly psnr: number;
  /** Of grey, Gaussian window of 11 samples and sigma 1.5, borders left out. Higher is better. */
  readonly ssim: number;
  /** Gradient magnitude similarity deviation of grey at half size. Lower is better. */
  readonly gmsd: number;
}

/** Compares two pictures of one size. */
export function compare(one: RgbPicture, other: RgbPicture): Likeness {
  const greys = [grey(one), grey(other)] as const;
  return {
    psnr: psnr(one, other),
    ssim: ssim(greys[0], greys[1], one.width, one.height),
    gmsd: gmsd(greys[0], greys[1], one.width, one.height),
  };
}

/** Peak signal-to-noise ratio over all samples, in dB. */
export function psnr(one: RgbPicture, other: RgbPicture): number {
  return psnrOf(one.data, other.data);
}

/** Peak signal-to-noise ratio of 8-bit samples, in dB; 99 when they are the same. */
export function psnrOf(one: Uint8Array, other: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) {
    const difference = one[i]! - other[i]!;
    sum += difference * difference;
  }
  return sum === 0 ? 99 : 10 * Math.log10((255 * 255 * one.length) / sum);
}

/** Mean absolute difference of the greys of two pictures. */
export function greyChange(one: RgbPicture, other: RgbPicture): number {
  let sum = 0;
  for (let i = 0; i < one.data.length; i += 3) {
    sum += Math.abs(greyOf(one.data, i) - greyOf(other.data, i));
  }
  return (3 * sum) / one.data.length;
}

/** 8-bit grey by the weights of BT.601, rounded, as OpenCV makes it. */
export function grey({ data }: RgbPicture): Float32Array {
  const out = new Float32Array(data.length / 3);
  for (let i = 0, at = 0; i < out.length; i++, at += 3) out[i] = Math.round(greyOf(data, at));
  return out;
}

function greyOf(data: Uint8Array, at: number): number {
  return 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
}

const RADIUS = 5;
const WINDOW = gaussian(RADIUS, 1.5);

function ssim(a: Float32Array, b: Float32Array, width: number, height: number): number {
  const product = (x: Float32Array, y: Float32Array): Float32Array => x.map((value, i) => value * y[i]!);
  const mean = (data: Float32Array): Float32Array => blurInside(data, width, height);
  const [ma, mb, aa, bb, ab] = [a, b, product(a, a), product(b, b), product(a, b)].map(mean) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  let sum = 0;
  for (let i = 0; i < ma.length; i++) {
    const squares = ma[i]! * ma[i]! + mb[i]! * mb[i]!;
    const cross = ma[i]! * mb[i]!;
    const variances = aa[i]! + bb[i]! - squares;
    sum += ((2 * cross + 6.5025) * (2 * (ab[i]! - cross) + 58.5225)) / ((squares + 6.5025) * (variances + 58.5225));
  }
  return sum / ma.length;
}

/** Gaussian means of all samples whose window lies inside the picture. */
function blurInside(data: Float32Array, width: number, height: number): Float32Array {
  const inner = width - 2 * RADIUS;
  const rows = height - 2 * RADIUS;
  const across = new Float32Array(inner * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < inner; x++) {
      let sum = 0;
      for (let k = 0; k <= 2 * RADIUS; k++) sum += WINDOW[k]! * data[y * width + x + k]!;
      across[y * inner + x] = sum;
    }
  }
  const out = new Float32Array(inner * rows);
  for (let y = 0; y < rows; y++) {
    for (let k = 0; k <= 2 * RADIUS; k++) {
      const weight = WINDOW[k]!;
      const from = (y + k) * inner;
      for (let x = 0; x < inner; x++) out[y * inner + x]! += weight * across[from + x]!;
    }
  }
  return out;
}

function gaussian(radius: number, sigma: number): Float64Array {
  const out = new Float64Array(2 * radius + 1).map((_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)));
  const sum = out.reduce((total, value) => total + value, 0);
  return out.map((value) => value / sum);
}

/** Xue et al. 2014, with Prewitt slopes of the half-size grey. */
function gmsd(a: Float32Array, b: Float32Array, width: number, height: number): number {
  const [x, y] = [slopes(a, width, height), slopes(b, width, height)] as const;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < x.length; i++) {
    const likeness = (2 * x[i]! * y[i]! + 170) / (x[i]! * x[i]! + y[i]! * y[i]! + 170);
    sum += likeness;
    squares += likeness * likeness;
  }
  const mean = sum / x.length;
  return Math.sqrt(Math.max(0, squares / x.length - mean * mean));
}

function slopes(data: Float32Array, fullWidth: number, fullHeight: number): Float32Array {
  const width = fullWidth >> 1;
  const height = fullHeight >> 1;
  const half = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 2 * y * fullWidth + 2 * x;
      const four = data[at]! + data[at + 1]! + data[at + fullWidth]! + data[at + fullWidth + 1]!;
      half[y * width + x] = Math.round(four / 4);
    }
  }
  const out = new Float32Array(width * height);
  // Mirrored without repeating the border sample, as OpenCV does.
  const mirror = (at: number, length: number): number => (at < 0 ? 1 : at >= length ? length - 2 : at);
  for (let y = 0; y < height; y++) {
    const rows = [mirror(y - 1, height) * width, y * width, mirror(y + 1, height) * width] as const;
    for (let x = 0; x < width; x++) {
      const left = mirror(x - 1, width);
      const right = mirror(x + 1, width);
      let across = 0;
      for (const row of rows) across += half[row + left]! - half[row + right]!;
      const column = (row: number): number => half[row + left]! + half[row + x]! + half[row + right]!;
      const down = column(rows[0]) - column(rows[2]);
      out[y * width + x] = Math.sqrt(across * across + down * down) / 3;
    }
  }
  return out;
}
