import type { MotionWish, PairReport, RgbPicture } from '../../packages/renderer/src/index.ts';
import { openInbetweener } from '../../packages/renderer/src/motion/open.ts';
import { newYuvPicture, yuvToRgb } from '../../packages/renderer/src/picture/yuv.ts';

/** What the renderer makes of a pair, as pictures, before any encoder. */
export interface OurFrames {
  readonly report: PairReport;
  /** The frame at time `s`, the way `inbetween render --format png` shows it. */
  at(s: number): Promise<RgbPicture>;
  close(): Promise<void>;
}

/** Opens a pair with the renderer. Sides that are odd are made even by repeating the last row or column. */
export async function openOurs(
  first: RgbPicture,
  last: RgbPicture,
  threads: number,
  camera: MotionWish['camera'] = 'zoom-in',
  fast = false,
): Promise<OurFrames> {
  const { width, height } = first;
  const [evenFirst, evenLast] = [makeEven(first), makeEven(last)];
  const pair = await openInbetweener(evenFirst, evenLast, { seed: 1, camera }, { threads, fast });
  const into = newYuvPicture(evenFirst.width, evenFirst.height);
  return {
    report: pair.report,
    async at(s) {
      if (s === 0) return first;
      if (s === 1) return last;
      await pair.frame(s, into);
      return crop(yuvToRgb(into), width, height);
    },
    close: () => pair.close(),
  };
}

/** Cuts the upper left `width` × `height` samples out. */
export function crop(picture: RgbPicture, width: number, height: number): RgbPicture {
  if (picture.width === width && picture.height === height) return picture;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    data.set(picture.data.subarray(3 * y * picture.width, 3 * (y * picture.width + width)), 3 * y * width);
  }
  return { width, height, data };
}

function makeEven(picture: RgbPicture): RgbPicture {
  const width = picture.width + (picture.width % 2);
  const height = picture.height + (picture.height % 2);
  if (width === picture.width && height === picture.height) return picture;
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    const row = Math.min(y, picture.height - 1) * picture.width;
    for (let x = 0; x < width; x++, to += 3) {
      const at = 3 * (row + Math.min(x, picture.width - 1));
      data.set(picture.data.subarray(at, at + 3), to);
    }
  }
  return { width, height, data };
}

/** A plain mix of two pictures: share `s` of the last one. */
export function crossFade(first: RgbPicture, last: RgbPicture, s: number): RgbPicture {
  const data = first.data.map((value, i) => Math.round(value + s * (last.data[i]! - value)));
  return { width: first.width, height: first.height, data };
}
