import type { YuvPicture } from '../contract.ts';
import type { Stamp, StampPlane } from './stamp.ts';

/** Blends the mark into a frame, in place. Nothing outside the stamp's region is touched. */
export function blendStamp(frame: YuvPicture, stamp: Stamp): void {
  const { width, height, data } = frame;
  const lumaBytes = width * height;
  blendPlane(data, 0, width, stamp.x, stamp.y, stamp.width, stamp.luma);
  for (const plane of [lumaBytes, lumaBytes + lumaBytes / 4]) {
    blendPlane(data, plane, width / 2, stamp.x / 2, stamp.y / 2, stamp.width / 2, stamp.chroma);
  }
}

function blendPlane(
  data: Uint8Array,
  start: number,
  stride: number,
  left: number,
  top: number,
  width: number,
  { keep, add }: StampPlane,
): void {
  for (let index = 0, at = start + top * stride + left; index < keep.length; at += stride) {
    for (let x = 0; x < width; x++, index++) {
      data[at + x] = (data[at + x]! * keep[index]! + add[index]! + 128) >> 8;
    }
  }
}
