import { Worker } from 'node:worker_threads';
import type { CellAnswer, CellOrder } from './cell-thread.ts';
import { type Clip, fewOf, type Gap, gapsOf, openClips } from './clips.ts';
import { type Cell, METHODS, type Method, meanOf, ScoreBook } from './scores.ts';

export const KEEPS = [2, 4, 8] as const;

/** What the dropped-frame measurement came to. */
export interface ClipsResult {
  readonly cells: readonly Cell[];
  /** Gaps left out because they hold a cut, as text. */
  readonly skipped: readonly string[];
}

interface Wish {
  readonly pairs: string;
  readonly work: string;
  /** Undefined: all gaps. */
  readonly gapsPerCell: number | undefined;
  /** Only these clips; undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly keeps: readonly number[];
  /** How many cells are measured at once. */
  readonly threads: number;
  readonly log: (line: string) => void;
}

/** Measures every method in the gaps of every clip and sums up. */
export async function measureClips(wish: Wish): Promise<ClipsResult> {
  const { plans, book } = await takeScores({ ...wish, methods: METHODS });
  return {
    cells: plans.filter(({ gaps }) => gaps.length > 0).map(({ clip, keep, gaps }) => cellOf(book, clip, keep, gaps)),
    skipped: plans.flatMap(({ clip, keep, skipped }) =>
      skipped.map(({ from, to }) => `${clip.name} keep 1 of ${keep}: ${from}..${to}`),
    ),
  };
}

/** One cell of the table: the gaps to measure, all there are, and those left out for a cut. */
interface CellPlan {
  readonly clip: Clip;
  readonly keep: number;
  readonly gaps: readonly Gap[];
  readonly all: readonly Gap[];
  readonly skipped: readonly Gap[];
}

/** Takes the scores of these methods that the book does not know yet. */
export async function takeScores({
  pairs,
  work,
  gapsPerCell,
  only,
  keeps,
  threads,
  methods,
  log,
}: Wish & { readonly methods: readonly Method[] }): Promise<{ plans: readonly CellPlan[]; book: ScoreBook }> {
  const clips = (await openClips(pairs, work)).filter(({ name }) => only?.includes(name) ?? true);
  const book = new ScoreBook(work);
  const plans = clips.flatMap((clip) =>
    keeps.map((keep): CellPlan => {
      const { gaps, skipped } = gapsOf(clip, keep);
      return { clip, keep, skipped, gaps: gapsPerCell === undefined ? gaps : fewOf(gaps, gapsPerCell), all: gaps };
    }),
  );
  const orders = plans.flatMap(({ clip, keep, gaps, all }) =>
    methods.flatMap((method): CellOrder[] => {
      const missing = gaps.filter((gap) => book.get(method, clip.name, keep, gap) === undefined);
      if (missing.length === 0) return [];
      // The peer works through the whole clip anyway.
      return [{ method, clip, keep, gaps: method === 'minterpolate' ? all : missing }];
    }),
  );
  const total = orders.reduce((sum, order) => sum + order.gaps.length, 0);
  let done = 0;
  log(`clips: ${total} gaps to measure in ${orders.length} cells`);
  const queue = [...orders];
  const measureOn = async (worker: Worker): Promise<void> => {
    for (let order = queue.shift(); order !== undefined; order = queue.shift()) {
      await run(worker, order, (answer) => {
        book.add(answer.score);
        done++;
      });
      log(`clips: ${done}/${total}  ${order.clip.name} keep 1 of ${order.keep}, ${order.method}`);
    }
  };
  const workers = Array.from({ length: threads }, () => new Worker(new URL('./cell-thread.ts', import.meta.url)));
  try {
    await Promise.all(workers.map(measureOn));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return { plans, book };
}

function cellOf(book: ScoreBook, clip: Clip, keep: number, gaps: readonly Gap[]): Cell {
  const mean = (method: Method) => meanOf(gaps.map((gap) => book.get(method, clip.name, keep, gap)!));
  const [ours, minterpolate, oneWay, crossFade] = METHODS.map(mean);
  return {
    clip: clip.name,
    keep,
    gaps: gaps.length,
    means: { ours: ours!, minterpolate: minterpolate!, oneWay: oneWay!, crossFade: crossFade! },
  };
}

function run(
  worker: Worker,
  order: CellOrder,
  onScore: (answer: Extract<CellAnswer, { kind: 'score' }>) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const listen = (answer: CellAnswer): void => {
      if (answer.kind === 'score') {
        onScore(answer);
        return;
      }
      worker.off('message', listen);
      worker.off('error', reject);
      if (answer.kind === 'done') resolve();
      else reject(new Error(answer.message));
    };
    worker.on('message', listen);
    worker.on('error', reject);
    worker.postMessage(order);
  });
}
