import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { decodeBmp } from '../adapters/media/bmp/decode.ts';
import { cutOut, type OpenPicture, type RgbPixels } from '../adapters/media/decode.ts';
import { createMedia } from '../adapters/media/media.ts';
import { createLog } from '../adapters/system/log.ts';
import { Fault } from '../domain/fault.ts';
import type { SizeTier } from '../domain/model.ts';
import { isBmp } from '../domain/picture/bmp.ts';
import { DamagedHeader, Header } from '../domain/picture/header.ts';
import { coverCrop, type Size } from '../domain/size.ts';

/** Both pictures as the renderer wants them: PNG files of one even size. */
export interface PicturePair {
  readonly first: string;
  readonly last: string;
  /** The size that is meant; the files are up to one row and one column larger when odd sides were padded. */
  readonly size: Size;
}

/** Limits of pictures at their own size: below, nothing can be matched; above, memory runs to gigabytes. */
const LEAST_SIDE = 16;
const MOST_PIXELS = 3840 * 2160;
const FORMATS: readonly (string | undefined)[] = ['jpeg', 'png', 'webp'];

/**
 * Prepares both pictures at a tier, as the server would.
 * @throws Fault `invalid_image` or `image_too_large`
 */
export async function prepareAtTier(
  paths: readonly [first: string, last: string],
  tier: SizeTier,
  folder: string,
  signal: AbortSignal,
): Promise<PicturePair> {
  const log = createLog({ level: 'silent', format: 'json' });
  const media = createMedia({ tmpFolder: folder, log, children: 1 });
  try {
    const [first, last] = await Promise.all(paths.map((path) => readFile(path)));
    if (first === undefined || last === undefined) throw new RangeError('a pair has two pictures');
    const pair = await media.preparer.prepare({ first, last }, tier, signal);
    // The caller removes the folder, and with it what the preparer made.
    const path = (role: 'first' | 'last'): string => {
      const { png } = pair.frames[role];
      if (!('path' in png)) throw new Error('the preparer gave no file');
      return png.path;
    };
    return { first: path('first'), last: path('last'), size: pair.size };
  } finally {
    await media.close();
  }
}

/**
 * Brings both pictures to the first one's own size; the last is scaled to cover it and cut. Odd sides are cut by one
 * (`cut`), or padded by repeating the last row or column (`pad`), so that the original size can be cut out afterwards.
 * @throws Fault `invalid_image` or `image_too_large`
 */
export async function prepareAsTheyAre(
  paths: readonly [first: string, last: string],
  odd: 'cut' | 'pad',
  folder: string,
): Promise<PicturePair> {
  const first = await open(paths[0], 'The first picture');
  const last = await open(paths[1], 'The last picture');
  const { width, height } = first.size;
  if (Math.min(width, height) < LEAST_SIDE || width * height > MOST_PIXELS) {
    throw new Fault(
      width * height > MOST_PIXELS ? 'image_too_large' : 'invalid_image',
      `The first picture is ${width}×${height} px; without --size it needs sides of at least ${LEAST_SIDE} px and at most ${MOST_PIXELS / 1e6} megapixels. Name a size with --size.`,
    );
  }
  const size = odd === 'pad' ? first.size : { width: width - (width % 2), height: height - (height % 2) };
  const write = async (picture: OpenPicture, name: string): Promise<string> => {
    const whole = await cutOut(picture, coverCrop(picture.size, first.size), first.size);
    const path = join(folder, name);
    await writeFile(path, await toEvenPng(whole, odd));
    return path;
  };
  return { first: await write(first, 'first.png'), last: await write(last, 'last.png'), size };
}

/** Opens a picture without the server's limits on small sides. */
async function open(path: string, name: string): Promise<OpenPicture> {
  const bytes = await readFile(path);
  try {
    if (isBmp(new Header(bytes))) {
      const { data, width, height, channels } = decodeBmp(bytes);
      return { size: { width, height }, pipeline: sharp(data, { raw: { width, height, channels } }), param: name };
    }
    const input = { failOn: 'error', pages: 1 } as const;
    const { autoOrient: size, format } = await sharp(bytes, input).metadata();
    if (FORMATS.includes(format)) return { size, pipeline: sharp(bytes, input).autoOrient(), param: name };
  } catch (error) {
    if (error instanceof DamagedHeader)
      throw new Fault('invalid_image', `${name} (${path}) is damaged.`, { cause: error });
  }
  throw new Fault('invalid_image', `${name} (${path}) is not a JPEG, PNG, WEBP or BMP that can be read.`);
}

async function toEvenPng({ width, height, data }: RgbPixels, odd: 'cut' | 'pad'): Promise<Uint8Array> {
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  const right = width % 2;
  const bottom = height % 2;
  const even =
    odd === 'pad'
      ? picture.extend({ right, bottom, extendWith: 'copy' })
      : picture.extract({ left: 0, top: 0, width: width - right, height: height - bottom });
  return even.png({ compressionLevel: 1 }).toBuffer();
}
