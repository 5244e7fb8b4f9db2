/** The inner loops of descriptor matching over one memory; places are byte offsets (see match-layout.ts). */
export interface MatchKernels {
  /** For every sample of `from` the best place in all of `to`; cost = difference + 2 per sample of distance. */
  exhaustive(from: number, to: number, width: number, height: number, u: number, v: number): void;
  /**
   * Improves the seeds on one level: four alternating scans that try the neighbours' displacements, each followed by
   * a walk over the fixed pattern 4, 2, 1. `reach` limits the distance from the start (0 = no limit);
   * `step` is the seed distance on this level. Nothing is random (PatchMatch's random search is patented).
   */
  improve(
    from: number,
    to: number,
    width: number,
    height: number,
    columns: number,
    rows: number,
    step: number,
    reach: number,
    u: number,
    v: number,
    startU: number,
    startV: number,
    cost: number,
  ): void;
  /**
   * For every place of one list (indices of samples of a level of this width) the place of another list that looks most
   * like it; cost = difference + 2 per sample of distance. `out` holds a first guess per place, which stays unless another
   * costs less than three quarters of it.
   */
  seek(
    from: number,
    fromPlaces: number,
    fromCount: number,
    to: number,
    toPlaces: number,
    toCount: number,
    width: number,
    out: number,
  ): void;
  /**
   * For every feature of a list the nearest of another: index, distance, and the distance of the second nearest that
   * does not lie within 12 samples of the nearest (the same corner is found at several scales).
   */
  nearest(from: number, fromCount: number, to: number, toCount: number, toX: number, toY: number, out: number): void;
}
