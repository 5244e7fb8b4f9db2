import type { Flow, Plane } from '../raster/plane.ts';
import { type RefineKernels, refinePlaces } from './refine-kernels.ts';

const SWEEPS = 5;

/**
 * Improves flows by minimising brightness constancy + gradient constancy + smoothness, all with robust penalties
 * (Brox et al. 2004; constraints normalised as in Zimmer et al. 2011), linearised once around the given flow.
 * Works in a part of a memory its kernels see.
 */
export class Refiner {
  private readonly kernels: RefineKernels;
  private readonly buffer: ArrayBufferLike;
  private readonly base: number;

  /** From `base` on, `refineBytes` of the largest raster are this refiner's own. */
  constructor(kernels: RefineKernels, buffer: ArrayBufferLike, base: number) {
    this.kernels = kernels;
    this.buffer = buffer;
    this.base = base;
  }

  /** The improved flow after `iterations` re-weightings of five sweeps each. */
  refine(from: Plane, to: Plane, flow: Flow, iterations: number): Flow {
    const { width, height } = from;
    const places = refinePlaces(width, height, this.base);
    const plane = (at: number): Float32Array => new Float32Array(this.buffer, at, width * height);
    plane(places.from).set(from.data);
    plane(places.to).set(to.data);
    plane(places.u).set(flow.u);
    plane(places.v).set(flow.v);
    this.kernels.refine(width, height, this.base, iterations, SWEEPS);
    return { width, height, u: Float32Array.from(plane(places.u)), v: Float32Array.from(plane(places.v)) };
  }
}
