import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import type { RgbPicture } from '../../packages/renderer/src/index.ts';

/** Two pictures of one size, with a name for the report. */
export interface Pair {
  readonly name: string;
  readonly first: RgbPicture;
  readonly last: RgbPicture;
}

/** A pair made by a known camera move, with its true middle frame. */
export interface CameraPair extends Pair {
  readonly middle: RgbPicture;
}

/** Pairs of one scene that are not in `camera/`. */
const MATCHED = [
  ['graf1.png', 'graf3.png'],
  ['leuvenA.jpg', 'leuvenB.jpg'],
  ['rubberwhale1.png', 'rubberwhale2.png'],
] as const;
/** Pairs that have nothing in common. */
const UNRELATED = [
  ['astronaut.png', 'chelsea.png'],
  ['rocket.jpg', 'coffee.png'],
] as const;

/** Reads a picture as sRGB, cut to even sides; with `cover`, scaled and cut to that size. */
export async function readEven(path: string, cover?: { width: number; height: number }): Promise<RgbPicture> {
  const { width, height } = cover ?? (await sharp(path).metadata());
  const even = { width: width - (width % 2), height: height - (height % 2) };
  const picture = sharp(path).toColourspace('srgb').removeAlpha();
  const cut = cover === undefined ? picture.extract({ left: 0, top: 0, ...even }) : picture.resize({ ...even });
  return { ...even, data: new Uint8Array(await cut.raw().toBuffer()) };
}

/** All camera pairs of the folder. */
export async function readCameraPairs(pairs: string): Promise<CameraPair[]> {
  const folder = join(pairs, 'camera');
  const names = (await readdir(folder)).filter((name) => name.endsWith('_a.png')).toSorted();
  return Promise.all(
    names.map(async (file) => {
      const name = basename(file, '_a.png');
      const [first, last, middle] = await Promise.all(
        ['a', 'b', 'gt50'].map((end) => readEven(join(folder, `${name}_${end}.png`))),
      );
      return { name, first: first!, last: last!, middle: middle! };
    }),
  );
}

/** Pairs of one scene, the camera pairs among them. */
export async function readMatchedPairs(pairs: string): Promise<Pair[]> {
  return [...(await readCameraPairs(pairs)), ...(await readPairs(pairs, MATCHED))];
}

/** Pairs that have nothing in common. */
export function readUnrelatedPairs(pairs: string): Promise<Pair[]> {
  return readPairs(pairs, UNRELATED);
}

function readPairs(pairs: string, names: readonly (readonly [string, string])[]): Promise<Pair[]> {
  return Promise.all(
    names.map(async ([one, other]) => {
      const first = await readEven(join(pairs, one));
      const last = await readEven(join(pairs, other), first);
      return { name: `${basename(one)} → ${basename(other)}`, first, last };
    }),
  );
}
