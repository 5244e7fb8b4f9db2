import type { Inbetweener, OpenInbetweener, PairReport, RgbPicture, View, YuvPicture } from '../contract.ts';
import { analysePair } from './analysis/analyse.ts';
import { decidePlan } from './analysis/decide.ts';
import { analysisFactor, openStore } from './analysis/store.ts';
import { openSharedMemory } from './kernels/web-assembly.ts';
import { planMatch } from './match/match-layout.ts';
import { endFrame } from './render/end-frame.ts';
import { toI420 } from './render/i420.ts';
import { planMemory, samplesOf } from './render/layout.ts';
import { writeTables } from './render/tables.ts';
import { Threads } from './threads.ts';

/**
 * Opens a pair of pictures: analyses them on worker threads and gives any frame between them.
 * The same pictures, wish and seed give the same bytes, whatever the number of threads.
 */
export const openInbetweener: OpenInbetweener = async (first, last, wish, options) => {
  checkPictures(first, last);
  options.signal?.throwIfAborted();
  const onProgress = options.onProgress ?? (() => undefined);
  const isStill = isSame(first.data, last.data);
  if (isStill && options.views !== true) {
    onProgress(1);
    const end = stillFrame(first);
    return new Pair([end, end], STILL, null, null);
  }
  const count = Math.max(1, Math.min(16, Math.floor(options.threads)));
  const { width, height } = first;
  const layout = planMemory(width, height, count);
  const renderMemory = openSharedMemory(layout.byteLength);
  writeTables(renderMemory.buffer, layout);
  for (const side of [0, 1] as const) {
    const { data } = side === 0 ? first : last;
    new Uint8Array(renderMemory.buffer, samplesOf(layout)[side], data.length).set(data);
  }
  const factor = analysisFactor(width, height);
  const store = openStore(width, height);
  const matchMemory = openSharedMemory(planMatch(width / factor, height / factor).byteLength);
  const threads = new Threads(count, (thread) => ({
    width,
    height,
    threads: count,
    thread,
    store,
    matchMemory,
    renderMemory,
  }));
  const abort = (): void => void threads.end(options.signal?.reason);
  options.signal?.addEventListener('abort', abort, { once: true });
  try {
    const findings = await analysePair(threads, wish.seed, onProgress);
    const { plan, report } = decidePlan(findings, wish, width, height, options.fast === true);
    await threads.runEverywhere({ kind: 'release' });
    await threads.runEverywhere({ kind: 'plan', plan });
    const ends = [endFrame(renderMemory.buffer, layout, 0), endFrame(renderMemory.buffer, layout, 1)] as const;
    const desks = layout.desks.map((desk) => new Uint8Array(renderMemory.buffer, desk.frame, (width * height * 3) / 2));
    return new Pair(ends, isStill ? STILL : report, threads, desks, () =>
      options.signal?.removeEventListener('abort', abort),
    );
  } catch (error) {
    options.signal?.removeEventListener('abort', abort);
    await threads.end(error);
    throw error;
  }
};

const STILL: PairReport = { mode: 'still', matchConfidence: 1 };

/** An analysed pair. Without threads both pictures are the same. */
class Pair implements Inbetweener {
  readonly report: PairReport;
  private readonly ends: readonly [Uint8Array, Uint8Array];
  private readonly threads: Threads | null;
  private readonly desks: readonly Uint8Array[] | null;
  private readonly onClose: () => void;
  private closed = false;

  constructor(
    ends: readonly [Uint8Array, Uint8Array],
    report: PairReport,
    threads: Threads | null,
    desks: readonly Uint8Array[] | null,
    onClose: () => void = () => undefined,
  ) {
    this.ends = ends;
    this.report = report;
    this.threads = threads;
    this.desks = desks;
    this.onClose = onClose;
  }

  async frame(s: number, into: YuvPicture, view: View | null = null): Promise<void> {
    if (this.closed) throw new Error('The inbetweener is closed');
    if (into.data.length !== this.ends[0].length) {
      throw new RangeError(`A frame needs ${this.ends[0].length} bytes, got ${into.data.length}`);
    }
    if (Number.isNaN(s)) throw new RangeError('The time of a frame must be a number');
    if (s <= 0 || this.threads === null) return void into.data.set(this.ends[0]);
    if (s >= 1) return void into.data.set(this.ends[1]);
    if (into.data.buffer instanceof SharedArrayBuffer) {
      await this.threads.run({ kind: 'frame', s, view, into: into.data });
      return;
    }
    await this.threads.run({ kind: 'frame', s, view, into: null }, (thread) => {
      const desk = this.desks?.[thread];
      if (desk !== undefined) into.data.set(desk);
    });
  }

  async close(): Promise<void> {
    this.closed = true;
    this.onClose();
    await this.threads?.end(new Error('The inbetweener is closed'));
  }
}

function checkPictures(first: RgbPicture, last: RgbPicture): void {
  if (first.width !== last.width || first.height !== last.height) {
    throw new RangeError(
      `Both pictures must have one size; got ${first.width}x${first.height} and ${last.width}x${last.height}`,
    );
  }
  const { width, height } = first;
  if (!(width >= 16 && height >= 16) || width % 2 !== 0 || height % 2 !== 0) {
    throw new RangeError(`Pictures must have even sides of at least 16; got ${width}x${height}`);
  }
  for (const { data } of [first, last]) {
    if (data.length !== width * height * 3)
      throw new RangeError(`A picture needs ${width * height * 3} bytes, got ${data.length}`);
  }
}

function stillFrame(picture: RgbPicture): Uint8Array {
  const frame = new Uint8Array((picture.width * picture.height * 3) / 2);
  toI420(picture, frame);
  return frame;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
