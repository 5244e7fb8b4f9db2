import type { CameraMove } from '../camera/estimate.ts';
import type { Homography } from '../camera/homography.ts';
import type { Tone } from '../fuse/tone.ts';
import type { Threads } from '../threads.ts';
import type { SideSummary } from './steps.ts';

/** What an analysis found; the motion itself lies in the render memory. */
export interface PairFindings {
  /** The camera move the pictures were aligned by, in samples of the analysis raster, or null. */
  readonly camera: Homography | null;
  /** Whether a camera move was found, aligned by or not. */
  readonly moves: boolean;
  /** last ≈ gain × first + offset of the three analysis planes. */
  readonly tones: readonly [Tone, Tone, Tone];
  /** Mean over both sides of confidence × region, and of the kept seeds; 0..1. */
  readonly corresponding: number;
  readonly kept: number;
  /** The motion of most of either picture beside the camera's, in half-resolution samples. */
  readonly rest: readonly [readonly [number, number], readonly [number, number]];
}

/** Shares of the analysis time, measured at 720P on two threads. */
const PROGRESS = {
  prepare: 0.15,
  camera: 0.2,
  describe: 0.3,
  match: 0.4,
  tone: 0.41,
  search: 0.8,
  choose: 0.9,
  finish: 1,
};

/** Runs the steps of §5 of the renderer study in order; both sides of a step run at once where threads allow. */
export async function analysePair(
  threads: Threads,
  seed: number,
  onProgress: (fraction: number) => void,
): Promise<PairFindings> {
  const both = async <T>(task: (side: 0 | 1) => Parameters<Threads['run']>[0]): Promise<[T, T]> =>
    (await Promise.all([threads.run(task(0)), threads.run(task(1))])) as [T, T];
  const counts = await both<number>((side) => ({ kind: 'prepare', side }));
  onProgress(PROGRESS.prepare);
  const move = (await threads.run({ kind: 'camera', counts, seed })) as CameraMove;
  const camera = move.aligned;
  onProgress(PROGRESS.camera);
  await both((side) => ({ kind: 'describe', side, camera }));
  onProgress(PROGRESS.describe);
  await both((side) => ({ kind: 'match', side }));
  const sought = await both<boolean>((side) => ({ kind: 'seek', side }));
  if (sought.some(Boolean)) await both((side) => ({ kind: 'settle', side }));
  onProgress(PROGRESS.match);
  const tones = (await threads.run({ kind: 'tone' })) as [Tone, Tone, Tone];
  onProgress(PROGRESS.tone);
  const seedCounts = await both<number>((side) => ({ kind: 'search', side }));
  onProgress(PROGRESS.search);
  await both((side) => ({ kind: 'choose', side, camera, seedCounts }));
  onProgress(PROGRESS.choose);
  const [first, last] = await both<SideSummary>((side) => ({ kind: 'finish', side, move }));
  onProgress(PROGRESS.finish);
  return {
    camera,
    moves: camera !== null || move.prior !== null,
    tones,
    corresponding: 0.5 * (first.corresponding + last.corresponding),
    kept: 0.5 * (first.kept + last.kept),
    rest: [first.rest, last.rest],
  };
}
