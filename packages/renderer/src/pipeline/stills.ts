import type { YuvPicture } from '../contract.ts';
import { encodePng, encodeSheet, encodeThumbnail, makeTile, SHEET_TILES, type Tile } from '../picture/files.ts';
import { yuvToRgb } from '../picture/yuv.ts';
import type { FileToWrite } from './write-files.ts';

/** The thumbnail's longest side, in pixels. */
const THUMBNAIL_SIDE = 512;

/** The frames of a spritesheet: evenly over the clip, both ends included; of a clip of one frame, that one. */
export function tileFrames(frames: number): ReadonlySet<number> {
  const tiles = Math.min(SHEET_TILES, frames);
  return new Set(Array.from({ length: tiles }, (_, n) => Math.round((n * (frames - 1)) / Math.max(1, tiles - 1))));
}

/** Single pictures taken from a clip on its way to the encoder, compressed in the background. */
export class Stills {
  readonly #making: Promise<FileToWrite>[] = [];
  readonly #tiles: Promise<Tile>[] = [];

  /** Takes this frame as a full-size PNG. The picture is copied before this returns. */
  takePng(path: string, frame: YuvPicture): void {
    this.#add(path, encodePng(yuvToRgb(frame)));
  }

  /** Takes this frame as a small WEBP. The picture is copied before this returns. */
  takeThumbnail(path: string, frame: YuvPicture): void {
    this.#add(path, encodeThumbnail(yuvToRgb(frame), THUMBNAIL_SIDE));
  }

  /** Takes this frame as the next tile of the spritesheet. The picture is copied before this returns. */
  takeTile(frame: YuvPicture): void {
    const tile = makeTile(yuvToRgb(frame));
    tile.catch(() => undefined);
    this.#tiles.push(tile);
  }

  /** Puts the tiles taken so far together as a WEBP. */
  finishSheet(path: string): void {
    this.#add(path, Promise.all(this.#tiles).then(encodeSheet));
  }

  /** All pictures taken, once they are compressed. */
  files(): Promise<FileToWrite[]> {
    return Promise.all(this.#making);
  }

  #add(path: string, encoding: Promise<Uint8Array>): void {
    const making = encoding.then((bytes) => ({ path, bytes }));
    // If the clip fails first, nobody asks for the files, and their failure must not end the process.
    making.catch(() => undefined);
    this.#making.push(making);
  }
}
