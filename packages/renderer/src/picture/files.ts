import sharp, { type Sharp } from 'sharp';
import type { RgbPicture } from '../contract.ts';

/**
 * Reads a prepared PNG (already oriented, in sRGB and without alpha; alpha that is there is dropped).
 * Throws an Error naming the file when it cannot be read, or has an odd side.
 */
export async function readPicture(path: string): Promise<RgbPicture> {
  const { data, info } = await sharp(path)
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw new Error(`cannot read the picture ${path}`, { cause });
    });
  if (info.width % 2 !== 0 || info.height % 2 !== 0) {
    throw new RangeError(`the picture ${path} is ${info.width}×${info.height}; both sides must be even`);
  }
  return { width: info.width, height: info.height, data: new Uint8Array(data.buffer, data.byteOffset, data.length) };
}

/** Reads the two ends of a clip. Throws a RangeError when their sizes differ. */
export async function readPair(firstPath: string, lastPath: string): Promise<[RgbPicture, RgbPicture]> {
  const [first, last] = await Promise.all([readPicture(firstPath), readPicture(lastPath)]);
  if (first.width !== last.width || first.height !== last.height) {
    throw new RangeError(
      `both pictures must have one size; first is ${first.width}×${first.height}, last is ${last.width}×${last.height}`,
    );
  }
  return [first, last];
}

/** The bytes of a PNG. */
export async function encodePng(picture: RgbPicture): Promise<Uint8Array> {
  // Level 6 without row filters would be faster by a third, but photographs grow by half.
  return pixels(picture).png({ compressionLevel: 6, adaptiveFiltering: true }).toBuffer();
}

/** The bytes of a WEBP whose longest side is at most `longest` pixels. */
export async function encodeThumbnail(picture: RgbPicture, longest: number): Promise<Uint8Array> {
  return pixels(picture)
    .resize({ width: longest, height: longest, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 82 })
    .toBuffer();
}

/** Tiles of a spritesheet, and the longest side of one in pixels. */
const SHEET = { columns: 4, rows: 4, tile: 240 } as const;
export const SHEET_TILES = SHEET.columns * SHEET.rows;

/** One small picture of a spritesheet, uncompressed. */
export interface Tile {
  readonly width: number;
  readonly height: number;
  readonly data: Buffer;
}

/** A picture at the size it has in a spritesheet. */
export async function makeTile(picture: RgbPicture): Promise<Tile> {
  const { data, info } = await pixels(picture)
    .resize({ width: SHEET.tile, height: SHEET.tile, fit: 'inside', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

/** The bytes of a WEBP with the tiles from left to right, then down, all of one size. */
export async function encodeSheet(tiles: readonly Tile[]): Promise<Uint8Array> {
  const [{ width, height }] = tiles as readonly [Tile];
  const placed = tiles.map((tile, n) => ({
    input: tile.data,
    raw: { width: tile.width, height: tile.height, channels: 3 as const },
    left: (n % SHEET.columns) * width,
    top: Math.floor(n / SHEET.columns) * height,
  }));
  const rows = Math.ceil(tiles.length / SHEET.columns);
  const canvas = { width: SHEET.columns * width, height: rows * height, channels: 3 as const, background: '#000' };
  return sharp({ create: canvas }).composite(placed).webp({ quality: 80 }).toBuffer();
}

function pixels(picture: RgbPicture): Sharp {
  return sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } });
}
