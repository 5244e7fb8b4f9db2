import { readFile, writeFile } from 'node:fs/promises';
import type { SizeTier } from '../../domain/model.ts';
import { coverCrop, outputSize, type Size } from '../../domain/size.ts';
import { cutOut, type OpenPicture, openPicture, type RgbPixels } from './decode.ts';
import { encodePng } from './png.ts';
import type { PairFacts, PreparedFacts } from './protocol.ts';

/** Above this many pixels in both pictures together they are decoded one after the other, to halve the memory. */
const TOGETHER_PIXELS = 24_000_000;

/**
 * Prepares a pair: both upright, sRGB, opaque, cut to the output size of the first, written as PNG.
 * @throws Fault `invalid_image` with the param of the picture at fault
 */
export async function preparePair(
  tier: SizeTier,
  inputs: readonly [first: string, last: string],
  outputs: readonly [first: string, last: string],
): Promise<PairFacts> {
  const first = await openPicture(await readFile(inputs[0]), 'images[0]');
  const last = await openPicture(await readFile(inputs[1]), 'images[1]');
  const size = outputSize(first.size, tier);
  const [firstDone, lastDone] = await both(
    [() => prepareOne(first, size, outputs[0]), () => prepareOne(last, size, outputs[1])],
    area(first.size) + area(last.size) <= TOGETHER_PIXELS,
  );
  return { size, first: firstDone.facts, last: lastDone.facts, identical: same(firstDone.pixels, lastDone.pixels) };
}

interface Prepared {
  readonly facts: PreparedFacts;
  readonly pixels: RgbPixels;
}

async function prepareOne(picture: OpenPicture, size: Size, output: string): Promise<Prepared> {
  const crop = coverCrop(picture.size, size);
  const pixels = await cutOut(picture, crop, size);
  await writeFile(output, await encodePng(pixels));
  return { facts: { source: picture.size, crop }, pixels };
}

/** Runs both works, together or in turn. Both have ended when it settles, and the first one's failure is told first. */
async function both<T>(works: readonly [() => Promise<T>, () => Promise<T>], together: boolean): Promise<[T, T]> {
  if (!together) return [await works[0](), await works[1]()];
  const [first, last] = await Promise.allSettled([works[0](), works[1]()]);
  if (first.status === 'rejected') throw first.reason;
  if (last.status === 'rejected') throw last.reason;
  return [first.value, last.value];
}

function area(size: Size): number {
  return size.width * size.height;
}

function same(first: RgbPixels, last: RgbPixels): boolean {
  return Buffer.compare(first.data, last.data) === 0;
}
