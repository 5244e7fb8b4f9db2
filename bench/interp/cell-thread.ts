/** A thread that measures gaps: one cell (clip and `keep`) after the other. */
import { parentPort } from 'node:worker_threads';
import type { RgbPicture } from '../../packages/renderer/src/index.ts';
import { type Clip, type Gap, readFrames } from './clips.ts';
import { minterpolate } from './ffmpeg.ts';
import { compare } from './metrics.ts';
import { openOneWay } from './one-way.ts';
import { crossFade, openOurs } from './ours.ts';
import { type Method, meanOf, type Score } from './scores.ts';

/** What to measure: one method in some gaps of a clip. */
export interface CellOrder {
  readonly method: Method;
  readonly clip: Clip;
  readonly keep: number;
  readonly gaps: readonly Gap[];
}

export type CellAnswer =
  | { readonly kind: 'score'; readonly score: Score }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };

const tell = (answer: CellAnswer): void => parentPort?.postMessage(answer);

parentPort?.on('message', (order: CellOrder) => {
  const work = order.method === 'minterpolate' ? measurePeer(order) : measureGaps(order);
  work.then(
    () => tell({ kind: 'done' }),
    (error: unknown) => tell({ kind: 'failed', message: error instanceof Error ? (error.stack ?? '') : String(error) }),
  );
});

async function measureGaps({ method, clip, keep, gaps }: CellOrder): Promise<void> {
  for (const gap of gaps) {
    const frames = await readFrames(clip, numbersOf(gap));
    const [first, last] = [frames[0]!, frames[keep]!];
    const maker = await openMaker(method, first, last);
    try {
      const found = [];
      for (let step = 1; step < keep; step++) found.push(compare(await maker.at(step / keep), frames[step]!));
      tell({ kind: 'score', score: { method, clip: clip.name, keep, gap, ...meanOf(found) } });
    } finally {
      await maker.close();
    }
  }
}

interface Maker {
  at(s: number): Promise<RgbPicture> | RgbPicture;
  close(): Promise<void> | void;
}

async function openMaker(method: Method, first: RgbPicture, last: RgbPicture): Promise<Maker> {
  // One render thread: the bench measures two cells at once.
  if (method === 'ours') return openOurs(first, last, 1);
  const at = method === 'oneWay' ? openOneWay(first, last) : (s: number) => crossFade(first, last, s);
  return { at, close: () => undefined };
}

/** The peer is given all key frames of the clip in one go, as it would be in use. */
async function measurePeer({ clip, keep, gaps }: CellOrder): Promise<void> {
  const last = Math.floor((clip.frames - 1) / keep) * keep;
  const keys = await readFrames(
    clip,
    Array.from({ length: last / keep + 1 }, (_, index) => index * keep),
  );
  const wanted = new Map(gaps.map((gap) => [gap.from, gap]));
  let number = 0;
  let found = [];
  for await (const made of minterpolate(keys, keep)) {
    const gap = wanted.get(number - (number % keep));
    if (gap !== undefined && number > gap.from) {
      const [truth] = await readFrames(clip, [number]);
      found.push(compare(made, truth!));
      if (number === gap.to - 1) {
        tell({ kind: 'score', score: { method: 'minterpolate', clip: clip.name, keep, gap, ...meanOf(found) } });
        found = [];
      }
    }
    number++;
  }
}

function numbersOf({ from, to }: Gap): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
