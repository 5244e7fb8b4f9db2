import type { Flow, Plane } from '../raster/plane.ts';
import type { DescendKernels } from './descend-kernels.ts';
import { type RefineKernels, type RefinePlaces, refinePlaces } from './refine-kernels.ts';

const SWEEPS = 5;

/**
 * Improves flows by minimising brightness constancy + gradient constancy + smoothness, all with robust penalties
 * (Brox et al. 2004; constraints normalised as in Zimmer et al. 2011), linearised once around the given flow.
 * Works in a part of a memory its kernels see.
 */
export class Refiner {
  private readonly kernels: RefineKernels & DescendKernels;
  private readonly buffer: ArrayBufferLike;
  private readonly base: number;

  /** From `base` on, `refineBytes` of the largest raster are this refiner's own. */
  constructor(kernels: RefineKernels & DescendKernels, buffer: ArrayBufferLike, base: number) {
    this.kernels = kernels;
    this.buffer = buffer;
    this.base = base;
  }

  /** The improved flow after `iterations` re-weightings of five sweeps each. */
  refine(from: Plane, to: Plane, flow: Flow, iterations: number): Flow {
    this.load(from, to, flow);
    return this.improve(from, iterations);
  }

  /** The same of what dense inverse search finds from this flow on. */
  descendAndRefine(from: Plane, to: Plane, flow: Flow, iterations: number): Flow {
    const { width, height } = from;
    const places = this.load(from, to, flow);
    this.kernels.descend(width, height, places.from, places.to, places.u, places.v, places.free);
    return this.improve(from, iterations);
  }

  private load(from: Plane, to: Plane, flow: Flow): RefinePlaces {
    const places = refinePlaces(from.width, from.height, this.base);
    this.plane(from, places.from).set(from.data);
    this.plane(from, places.to).set(to.data);
    this.plane(from, places.u).set(flow.u);
    this.plane(from, places.v).set(flow.v);
    return places;
  }

  private improve({ width, height }: Plane, iterations: number): Flow {
    this.kernels.refine(width, height, this.base, iterations, SWEEPS);
    const places = refinePlaces(width, height, this.base);
    const copy = (at: number): Float32Array => Float32Array.from(this.plane({ width, height }, at));
    return { width, height, u: copy(places.u), v: copy(places.v) };
  }

  private plane({ width, height }: Pick<Plane, 'width' | 'height'>, at: number): Float32Array {
    return new Float32Array(this.buffer, at, width * height);
  }
}
