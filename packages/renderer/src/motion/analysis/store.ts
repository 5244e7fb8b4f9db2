import type { ColourPlanes, Flow } from '../raster/plane.ts';

/** What the steps of an analysis leave for each other, in memory all threads share. Index 0 = first picture, 1 = last. */
export interface AnalysisStore {
  readonly width: number;
  readonly height: number;
  readonly pictures: readonly [ColourPlanes, ColourPlanes];
  /** The last picture seen from the first one's camera; without a camera move, the last picture itself. */
  readonly aligned: ColourPlanes;
  /** Candidate motions between the first picture and `aligned`: by inverse search, by descriptors. */
  readonly searched: readonly [Flow, Flow];
  readonly matched: readonly [Flow, Flow];
  /** The chosen motion; from `settle` on that of the last picture is relative to its own camera. */
  readonly chosen: readonly [Flow, Flow];
  /** 1 where a matched seed was kept, spread over its surroundings. */
  readonly kept: readonly [Float32Array, Float32Array];
}

/** Pictures of more samples than this are analysed at half size: the study measured no loss from it at 720P. */
const LARGEST_WHOLE = 420_000;

/** 1 or 2: how many times smaller the analysis raster is than a picture. */
export function analysisFactor(width: number, height: number): 1 | 2 {
  return width * height > LARGEST_WHOLE ? 2 : 1;
}

/** An empty store for pictures of a size. */
export function openStore(width: number, height: number): AnalysisStore {
  const factor = analysisFactor(width, height);
  const w = width / factor;
  const h = height / factor;
  const plane = (): Float32Array => new Float32Array(new SharedArrayBuffer(4 * w * h));
  const colours = (): ColourPlanes => ({ width: w, height: h, luma: plane(), blue: plane(), red: plane() });
  const flow = (): Flow => ({ width: w, height: h, u: plane(), v: plane() });
  return {
    width: w,
    height: h,
    pictures: [colours(), colours()],
    aligned: colours(),
    searched: [flow(), flow()],
    matched: [flow(), flow()],
    chosen: [flow(), flow()],
    kept: [plane(), plane()],
  };
}
