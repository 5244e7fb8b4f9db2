import { Fault } from '../fault.ts';
import { checkPictureSize, PICTURE_LIMITS, type PictureType, tooManyBytes } from '../frame.ts';
import type { Size } from '../size.ts';
import { bmpSize, isBmp } from './bmp.ts';
import { foreignName } from './foreign.ts';
import { DamagedHeader, Header } from './header.ts';
import { isJpeg, jpegSize } from './jpeg.ts';
import { isPng, pngSize } from './png.ts';
import { isWebp, webpSize } from './webp.ts';

/** A picture as its header tells it: sides as stored, before any EXIF orientation. */
export interface InspectedPicture extends Size {
  readonly type: PictureType;
}

const FORMATS: readonly {
  readonly type: PictureType;
  readonly name: string;
  readonly matches: (header: Header) => boolean;
  readonly size: (header: Header) => Size;
}[] = [
  { type: 'image/jpeg', name: 'JPEG', matches: isJpeg, size: jpegSize },
  { type: 'image/png', name: 'PNG', matches: isPng, size: pngSize },
  { type: 'image/webp', name: 'WEBP', matches: isWebp, size: webpSize },
  { type: 'image/bmp', name: 'BMP', matches: isBmp, size: bmpSize },
];

const REMEDY = 'send JPEG, PNG, WEBP or BMP';

/**
 * Tells type and sides of a picture from its header alone and holds them to the limits. Magic bytes decide, never names
 * or media types. Nothing is decoded, so this is cheap and safe for bytes nobody has looked at yet; pixels that are
 * damaged behind a sound header are found later, by preparation.
 *
 * @param param the field as the caller wrote it, e.g. `images[0]`
 * @throws Fault `invalid_image` or `image_too_large` with that param
 */
export function inspectPicture(bytes: Uint8Array, param: string): InspectedPicture {
  if (bytes.length > PICTURE_LIMITS.maxBytes) throw tooManyBytes(param);
  const header = new Header(bytes);
  const format = FORMATS.find((candidate) => candidate.matches(header));
  if (format === undefined) throw unreadable(header, param);
  const size = readSize(header, format, param);
  checkPictureSize(size, param);
  return { type: format.type, ...size };
}

function readSize(header: Header, format: (typeof FORMATS)[number], param: string): Size {
  try {
    const size = format.size(header);
    if (size.width === 0 || size.height === 0) throw new DamagedHeader('a side of 0');
    return size;
  } catch (error) {
    if (!(error instanceof DamagedHeader)) throw error;
    throw new Fault('invalid_image', `${param}: the ${format.name} is damaged or incomplete; ${REMEDY}.`, {
      param,
      cause: error,
    });
  }
}

function unreadable(header: Header, param: string): Fault {
  const name = foreignName(header);
  const what = name === undefined ? 'is no picture we can read' : `is ${name}`;
  return new Fault('invalid_image', `${param} ${what}; ${REMEDY}.`, { param });
}
