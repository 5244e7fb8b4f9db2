import type { FileHandle } from 'node:fs/promises';

/** What a clip lost between the renderer and the screen. */
export interface Loss {
  /** Mean over the frames of the luma PSNR, and its least, in dB. */
  readonly luma: number;
  readonly least: number;
  readonly leastAt: number;
  /** Mean over the frames of the PSNR of both colour planes together. */
  readonly colour: number;
  /** Luma PSNR of both ends. */
  readonly first: number;
  readonly last: number;
  /** Largest over the frames: steps at macroblock borders over steps elsewhere; and the same of the rendered frames. */
  readonly blocks: number;
  readonly blocksRendered: number;
  readonly megabits: number;
  /** The frame that lost most. */
  readonly worst: { readonly rendered: Uint8Array; readonly decoded: Uint8Array };
}

interface Shape {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly megabits: number;
}

/** Compares decoded frames with the rendered ones that lie one after the other in `raw` (I420). */
export async function lossOf(
  decoded: AsyncIterable<Uint8Array>,
  raw: FileHandle,
  { width, height, frames, megabits }: Shape,
): Promise<Loss> {
  const luma: number[] = [];
  const colour: number[] = [];
  let blocks = 0;
  let blocksRendered = 0;
  let worst: Loss['worst'] = { rendered: new Uint8Array(), decoded: new Uint8Array() };
  for await (const frame of decoded) {
    const rendered = new Uint8Array(frame.length);
    await raw.read(rendered, 0, frame.length, luma.length * frame.length);
    const size = width * height;
    const found = decibels(frame.subarray(0, size), rendered.subarray(0, size));
    if (luma.every((before) => found < before)) worst = { rendered, decoded: frame };
    luma.push(found);
    colour.push(decibels(frame.subarray(size), rendered.subarray(size)));
    blocks = Math.max(blocks, blockStep(frame, width, height));
    blocksRendered = Math.max(blocksRendered, blockStep(rendered, width, height));
  }
  if (luma.length !== frames) throw new Error(`the clip has ${luma.length} frames, not ${frames}`);
  const least = Math.min(...luma);
  return {
    luma: mean(luma),
    least,
    leastAt: luma.indexOf(least),
    colour: mean(colour),
    first: luma[0]!,
    last: luma.at(-1)!,
    blocks,
    blocksRendered,
    megabits,
    worst,
  };
}

/** Every pair counts the same. */
export function meanOfLosses(losses: readonly Loss[]): Pick<Loss, 'luma' | 'colour' | 'megabits'> {
  return {
    luma: mean(losses.map((loss) => loss.luma)),
    colour: mean(losses.map((loss) => loss.colour)),
    megabits: mean(losses.map((loss) => loss.megabits)),
  };
}

const MACROBLOCK = 16;

/** Mean luma step between neighbours across macroblock borders, over the mean step elsewhere. */
function blockStep(frame: Uint8Array, width: number, height: number): number {
  let border = 0;
  let borders = 0;
  let inner = 0;
  let inners = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 1; x < width; x++) {
      const step = Math.abs(frame[y * width + x]! - frame[y * width + x - 1]!);
      if (x % MACROBLOCK === 0) {
        border += step;
        borders++;
      } else {
        inner += step;
        inners++;
      }
    }
  }
  return inner === 0 ? 1 : border / borders / (inner / inners);
}

function decibels(one: Uint8Array, other: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < one.length; at++) sum += (one[at]! - other[at]!) ** 2;
  return sum === 0 ? 99 : 10 * Math.log10((255 * 255 * one.length) / sum);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
