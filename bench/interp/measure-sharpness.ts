import type { Mode, RgbPicture } from '../../packages/renderer/src/index.ts';
import { grey } from './metrics.ts';
import { openOurs } from './ours.ts';
import { readCameraPairs, readMatchedPairs } from './pictures.ts';

/** How sharp the middle of a matched pair is. */
export interface SharpCase {
  readonly name: string;
  readonly mode: Mode;
  /** Laplacian energy (mean square) of the frame at 0.5 over the mean of both ends'. */
  readonly middle: number;
  /** The same of the true middle frame, where there is one. */
  readonly truth: number | undefined;
}

export async function measureSharpness(pairs: string, log: (line: string) => void): Promise<SharpCase[]> {
  const truths = new Map((await readCameraPairs(pairs)).map(({ name, middle }) => [name, middle]));
  const cases: SharpCase[] = [];
  for (const { name, first, last } of await readMatchedPairs(pairs)) {
    const ours = await openOurs(first, last, 2);
    const middle = await ours.at(0.5);
    await ours.close();
    const ends = 0.5 * (laplacianEnergy(first) + laplacianEnergy(last));
    const truth = truths.get(name);
    cases.push({
      name,
      mode: ours.report.mode,
      middle: laplacianEnergy(middle) / ends,
      truth: truth && laplacianEnergy(truth) / ends,
    });
    log(`sharpness: ${name}`);
  }
  return cases;
}

/** The mean square of the four-neighbour Laplacian of grey, borders left out. */
function laplacianEnergy(picture: RgbPicture): number {
  const { width, height } = picture;
  const g = grey(picture);
  let sum = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1, at = y * width + 1; x < width - 1; x++, at++) {
      const value = 4 * g[at]! - g[at - 1]! - g[at + 1]! - g[at - width]! - g[at + width]!;
      sum += value * value;
    }
  }
  return sum / ((width - 2) * (height - 2));
}
