import type { RgbPicture, YuvPicture } from '../contract.ts';
import { openInbetweener } from '../motion/open.ts';
import { mapSamples, photograph, type Scene, texturedScene } from '../motion/testing/pictures.ts';

/**
 * What a frame looks like, coarsely: four numbers for each cell of 16×16 samples. Brightness and colour tell shifted,
 * missing and wrongly coloured parts, detail tells torn, doubled and blurred ones.
 */
export interface FramePrint {
  readonly luma: readonly number[];
  readonly blue: readonly number[];
  readonly red: readonly number[];
  /** Mean absolute difference of a sample from the mean of its four neighbours. */
  readonly detail: readonly number[];
}

const CELL = 16;

/** Takes the print of a frame whose sides are multiples of 16. Numbers are rounded to tenths. */
export function printOf({ width, height, data }: YuvPicture): FramePrint {
  const size = width * height;
  const luma = data.subarray(0, size);
  const half = CELL / 2;
  return {
    luma: cellsOf(width, height, CELL, (x, y) => luma[y * width + x]!),
    blue: cellsOf(width / 2, height / 2, half, (x, y) => data[size + (y * width) / 2 + x]!),
    red: cellsOf(width / 2, height / 2, half, (x, y) => data[size + size / 4 + (y * width) / 2 + x]!),
    detail: cellsOf(width, height, CELL, (x, y) => detailAt(luma, width, height, x, y)),
  };
}

function cellsOf(width: number, height: number, cell: number, at: (x: number, y: number) => number): number[] {
  const cells: number[] = [];
  for (let top = 0; top < height; top += cell) {
    for (let left = 0; left < width; left += cell) {
      let sum = 0;
      for (let y = top; y < top + cell; y++) for (let x = left; x < left + cell; x++) sum += at(x, y);
      cells.push(Math.round((10 * sum) / (cell * cell)) / 10);
    }
  }
  return cells;
}

function detailAt(luma: Uint8Array, width: number, height: number, x: number, y: number): number {
  const near = (dx: number, dy: number): number =>
    luma[Math.min(height - 1, Math.max(0, y + dy)) * width + Math.min(width - 1, Math.max(0, x + dx))]!;
  return Math.abs(near(0, 0) - (near(-1, 0) + near(1, 0) + near(0, -1) + near(0, 1)) / 4);
}

/** How far two prints may differ: what other hardware, other rounding and small improvements change. */
const STEP = 3;
const DETAIL_SHARE = 0.15;
const DETAIL_STEP = 0.35;

/** What of a frame is not as it was, in words; empty when it is. */
export function differences(found: FramePrint, wanted: FramePrint): string[] {
  const words: string[] = [];
  for (const plane of ['luma', 'blue', 'red'] as const) {
    const far = cellsApart(found[plane], wanted[plane], () => STEP);
    if (far !== undefined) words.push(`${plane}: ${far}`);
  }
  const detail = cellsApart(found.detail, wanted.detail, (is, was) => DETAIL_STEP + DETAIL_SHARE * Math.max(is, was));
  if (detail !== undefined) words.push(`detail: ${detail}`);
  return words;
}

function cellsApart(
  found: readonly number[],
  wanted: readonly number[],
  allowed: (is: number, was: number) => number,
): string | undefined {
  if (found.length !== wanted.length) return `${found.length} cells, not ${wanted.length}`;
  const apart = found.flatMap((is, cell) => (Math.abs(is - wanted[cell]!) > allowed(is, wanted[cell]!) ? [cell] : []));
  const [worst] = apart.toSorted((a, b) => Math.abs(found[b]! - wanted[b]!) - Math.abs(found[a]! - wanted[a]!));
  if (worst === undefined) return undefined;
  return `${apart.length} of ${found.length} cells; cell ${worst} is ${found[worst]}, was ${wanted[worst]}`;
}

/** A pair of pictures, drawn. */
export interface DrawnPair {
  readonly name: string;
  readonly first: RgbPicture;
  readonly last: RgbPicture;
}

export const SIZE = { width: 256, height: 160 };
/** The times whose frames are kept. */
export const TIMES = [0.25, 0.5, 0.75];

const scene = texturedScene(1);
const draw = (what: Scene, camera?: Parameters<typeof photograph>[3]): RgbPicture =>
  photograph(what, SIZE.width, SIZE.height, camera);

/** A disc of another texture in front of the scene; where it is, in samples. */
const withDisc =
  (left: number, top: number): Scene =>
  (x, y, channel) =>
    Math.hypot(x - left, y - top) < 34
      ? 60 + 0.6 * texture(x - left + 300, y - top + 40, channel)
      : scene(x, y, channel);
const texture = texturedScene(8);

const turned =
  (zoom: number, angle: number) =>
  (x: number, y: number): [number, number] => {
    const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
    return [128 + cos * (x - 128) - sin * (y - 80), 80 + sin * (x - 128) + cos * (y - 80)];
  };

/** The kinds of pairs there are, drawn by the test itself. */
export function drawnPairs(): DrawnPair[] {
  const still = draw(scene);
  return [
    { name: 'pan', first: still, last: draw(scene, (x, y) => [x + 22, y + 6]) },
    { name: 'zoom and roll', first: still, last: draw(scene, turned(1.25, 0.15)) },
    { name: 'a thing that moves', first: draw(withDisc(100, 80)), last: draw(withDisc(124, 74)) },
    { name: 'darker', first: still, last: mapSamples(still, (value) => value * 0.5) },
    { name: 'unrelated', first: still, last: draw(texturedScene(6)) },
    { name: 'mirrored', first: still, last: draw(scene, (x, y) => [SIZE.width - 1 - x, y]) },
  ];
}

/** The frames of a pair at `TIMES`. */
export async function framesOf({ first, last }: DrawnPair): Promise<YuvPicture[]> {
  const pair = await openInbetweener(first, last, { seed: 1, camera: 'zoom-in' }, { threads: 1 });
  try {
    const frames: YuvPicture[] = [];
    for (const time of TIMES) {
      const frame = { ...SIZE, data: new Uint8Array((SIZE.width * SIZE.height * 3) / 2) };
      await pair.frame(time, frame);
      frames.push(frame);
    }
    return frames;
  } finally {
    await pair.close();
  }
}
