import sharp from 'sharp';
import type { YuvPicture } from '../contract.ts';
import { ForeignVideoError } from './foreign-video-error.ts';
import { rgbToYuv } from './rgb-to-yuv.ts';

/** Decodes the frames of a Motion JPEG one by one. Throws ForeignVideoError on a damaged one. */
export async function* decodeJpegs(jpegs: readonly Uint8Array[], signal?: AbortSignal): AsyncGenerator<YuvPicture> {
  let size: { readonly width: number; readonly height: number } | undefined;
  for (const jpeg of jpegs) {
    signal?.throwIfAborted();
    const { data, info } = await sharp(jpeg)
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true })
      .catch((cause: unknown) => {
        throw new ForeignVideoError('a frame of the video is damaged', { cause });
      });
    if (info.width % 2 !== 0 || info.height % 2 !== 0)
      throw new ForeignVideoError(`the video is ${info.width}×${info.height}; both sides must be even`);
    size ??= info;
    if (info.width !== size.width || info.height !== size.height)
      throw new ForeignVideoError('the frames of the video differ in size');
    yield rgbToYuv({ width: info.width, height: info.height, data: new Uint8Array(data) });
  }
}
