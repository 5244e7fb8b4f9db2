/** The inner loops of dense inverse search over one memory. */
export interface DescendKernels {
  /**
   * Dense inverse search on one raster (Kroeger et al. 2016): every patch of `from` descends to where it fits `to`, starting
   * from the flow (u, v) and from what its neighbours found; then every sample averages the patches that cover it, those
   * that fit it best most, and the flow is overwritten. All are planes of 32-bit floats, byte offsets, with 16 bytes of room
   * on either side; `scratch` takes `descendBytes`. Neither side may be shorter than a patch.
   */
  descend(width: number, height: number, from: number, to: number, u: number, v: number, scratch: number): void;
}

/** Side of a patch in samples, and the distance between patches. */
export const PATCH = 8;
export const STRIDE = 4;
/** Replicated margin around the searched plane, so that patches may hang over the border. */
export const MARGIN = 16;

/** Scratch bytes a search on a raster of this size needs: slopes, the plane with its margin, and three numbers a patch. */
export function descendBytes(width: number, height: number): number {
  const patches = (width / STRIDE + 1) * (height / STRIDE + 1);
  return 4 * Math.ceil(2 * width * height + (width + 2 * MARGIN) * (height + 2 * MARGIN) + 3 * patches) + 64;
}
