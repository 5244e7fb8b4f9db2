import sharp, { type Sharp } from 'sharp';
import { Fault } from '../../domain/fault.ts';
import { PICTURE_LIMITS } from '../../domain/frame.ts';
import { DamagedHeader } from '../../domain/picture/header.ts';
import { inspectPicture } from '../../domain/picture/inspect.ts';
import type { CoverCrop, Size } from '../../domain/size.ts';
import { decodeBmp } from './bmp/decode.ts';

/** A picture whose header was read; its pixels are decoded by `cutOut`. */
export interface OpenPicture {
  /** After EXIF orientation. */
  readonly size: Size;
  readonly pipeline: Sharp;
  /** The field as the caller wrote it. */
  readonly param: string;
}

/** Pixels, three bytes each. */
export interface RgbPixels extends Size {
  readonly data: Uint8Array;
}

const INPUT = {
  limitInputPixels: PICTURE_LIMITS.maxPixels,
  // `truncated` and worse are failures; mere warnings (stray bytes between markers) are common in sound photographs.
  failOn: 'error',
  sequentialRead: true,
  pages: 1,
} as const;

/** What is loaded besides JPEG, PNG and WEBP is blocked in the library itself, should magic bytes ever be fooled. */
export function blockForeignFormats(): void {
  sharp.block({ operation: ['VipsForeignLoad'] });
  sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'] });
}

/**
 * Opens a picture: header checks, then orientation, first page, sRGB and white ground are arranged, nothing decoded yet
 * (except a BMP, which is decoded by us).
 * @throws Fault `invalid_image` with `param`
 */
export async function openPicture(bytes: Uint8Array, param: string): Promise<OpenPicture> {
  const inspected = inspectPicture(bytes, param);
  try {
    if (inspected.type === 'image/bmp') {
      const { data, width, height, channels } = decodeBmp(bytes);
      return { size: { width, height }, pipeline: sharp(data, { raw: { width, height, channels } }), param };
    }
    const { autoOrient: size } = await sharp(bytes, INPUT).metadata();
    return { size, pipeline: sharp(bytes, INPUT).autoOrient(), param };
  } catch (error) {
    throw damaged(error, param);
  }
}

/**
 * Decodes, scales to cover and cuts: the crop is the domain's, this only applies it. Lanczos3 downwards; upwards libvips
 * interpolates bicubically. The profile is applied before, as sharp always does when it converts to sRGB.
 */
export async function cutOut(picture: OpenPicture, crop: CoverCrop, target: Size): Promise<RgbPixels> {
  const { scaled, left, top } = crop;
  const pipeline = picture.pipeline
    .flatten({ background: '#ffffff' })
    .resize({ ...scaled, fit: 'fill', kernel: 'lanczos3', fastShrinkOnLoad: false })
    .extract({ left, top, ...target })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' });
  const { data, info } = await pipeline.toBuffer({ resolveWithObject: true }).catch((error: unknown) => {
    throw damaged(error, picture.param);
  });
  if (info.channels !== 3 || info.width !== target.width || info.height !== target.height) {
    throw new Error(`sharp gave ${info.width}×${info.height}×${info.channels}`);
  }
  return { ...target, data };
}

/** Failures that say something of this machine, and nothing of the picture. */
const OURS = /out of memory|unable to allocate|no space left/i;

function damaged(error: unknown, param: string): unknown {
  if (error instanceof Fault || !(error instanceof Error)) return error;
  if (!(error instanceof DamagedHeader) && OURS.test(error.message)) return error;
  return new Fault(
    'invalid_image',
    `${param}: the picture is damaged or incomplete; it could not be read to its end. Save it again and send the whole file.`,
    { param, cause: error },
  );
}
