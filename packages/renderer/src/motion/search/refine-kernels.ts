/**
 * The inner loops of variational refinement over one memory. All planes of a refinement follow each other from `base`,
 * each `refineStride(width) × (height + 2)` 32-bit floats; sample (x, y) is number (y + 1) × stride + 4 + x of its plane.
 * Planes: 0 u, 1 v (the flow), 2 du, 3 dv (its increment), 4, 5 smoothness of the link to the right and down,
 * 6..10 the normal equations a11 a12 a22 b1 b2, 11..13 picture slopes x y t, 14..18 second slopes xx xy yy xt yt, 19 scratch.
 */
export interface RefineKernels {
  /** Sets the weight of every link between neighbours from the present slope of the flow. */
  weigh(width: number, height: number, base: number): void;
  /** Re-weights the pictures' equations for the present increment. */
  linearise(width: number, height: number, base: number): void;
  /** One over-relaxed Gauss-Seidel sweep: row by row, even samples before odd ones. */
  relax(width: number, height: number, base: number): void;
}

export const REFINE_PLANES = 20;

/** Floats per row: four of slack on the left, at least four on the right. */
export function refineStride(width: number): number {
  return ((width + 3) & ~3) + 8;
}

/** Bytes a refinement of this size needs. */
export function refineBytes(width: number, height: number): number {
  return REFINE_PLANES * 4 * refineStride(width) * (height + 2);
}
