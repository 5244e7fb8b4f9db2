import { descendBytes } from './descend-kernels.ts';

/** The inner loops of variational refinement over one memory. */
export interface RefineKernels {
  /**
   * Improves the flow between two pictures, all of which lie where `refinePlaces` says: `iterations` times weighs the links
   * between neighbours, weighs the pictures' equations, and sweeps over all samples `sweeps` times (Gauss-Seidel,
   * over-relaxed: row by row, even samples before odd ones). The workspace at `base` takes `refineBytes`.
   */
  refine(width: number, height: number, base: number, iterations: number, sweeps: number): void;
}

/** Planes of a workspace. */
const PLANES = 20;
/** The first plane that is free while the pictures and the flow are taken up. */
const FREE = 6;

/** Where a refinement finds both pictures and the flow, and leaves the improved flow: planes of 32-bit floats, byte offsets. */
export interface RefinePlaces {
  readonly from: number;
  readonly to: number;
  readonly u: number;
  readonly v: number;
  /** From here to the workspace's end nothing lies until the refinement begins: room for ten planes. */
  readonly free: number;
}

export function refinePlaces(width: number, height: number, base: number): RefinePlaces {
  const place = (n: number): number => base + n * planeBytes(width, height);
  return { from: place(FREE), to: place(FREE + 1), u: place(FREE + 2), v: place(FREE + 3), free: place(FREE + 4) };
}

/** Bytes a refinement of this size needs, after a search or not. */
export function refineBytes(width: number, height: number): number {
  const searched = refinePlaces(width, height, 0).free + descendBytes(width, height);
  return Math.max(PLANES * planeBytes(width, height), searched);
}

/** A row more above and below; even and odd samples of a row apart, in fours, with four of room at either end of both. */
function planeBytes(width: number, height: number): number {
  const half = (((width + 1) >> 1) + 3) & ~3;
  return 4 * (2 * half + 12) * (height + 2);
}
