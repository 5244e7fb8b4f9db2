import { gradient } from '../raster/gradient.ts';
import type { Flow, Plane } from '../raster/plane.ts';
import { bilinear } from '../raster/sample.ts';
import { REFINE_PLANES, type RefineKernels, refineBytes, refineStride } from './refine-kernels.ts';

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
    const { kernels, base } = this;
    const { width, height } = from;
    const planes = this.load(from, to, flow);
    for (let i = 0; i < iterations; i++) {
      kernels.weigh(width, height, base);
      kernels.linearise(width, height, base);
      for (let sweep = 0; sweep < SWEEPS; sweep++) kernels.relax(width, height, base);
    }
    return sum(planes, width, height);
  }

  /** Fills the planes with the flow and the pictures' slopes. */
  private load(from: Plane, to: Plane, flow: Flow): Float32Array[] {
    const { width, height } = from;
    const size = refineStride(width) * (height + 2);
    new Uint8Array(this.buffer, this.base, refineBytes(width, height)).fill(0);
    const planes = Array.from(
      { length: REFINE_PLANES },
      (_, i) => new Float32Array(this.buffer, this.base + 4 * i * size, size),
    );
    const mean = new Float32Array(width * height);
    const change = new Float32Array(width * height);
    for (let y = 0, i = 0; y < height; y++) {
      for (let x = 0; x < width; x++, i++) {
        const warped = bilinear(to.data, width, height, x + flow.u[i]!, y + flow.v[i]!);
        mean[i] = 0.5 * (from.data[i]! + warped);
        change[i] = warped - from.data[i]!;
      }
    }
    const first = gradient({ width, height, data: mean });
    const second = gradient(first.x);
    const bend = gradient(first.y);
    const drift = gradient({ width, height, data: change });
    const sources: [number, Float32Array][] = [
      [0, flow.u],
      [1, flow.v],
      [11, first.x.data],
      [12, first.y.data],
      [13, change],
      [14, second.x.data],
      [15, second.y.data],
      [16, bend.y.data],
      [17, drift.x.data],
      [18, drift.y.data],
    ];
    const stride = refineStride(width);
    for (const [index, data] of sources) {
      for (let y = 0; y < height; y++) {
        planes[index]!.set(data.subarray(y * width, (y + 1) * width), (y + 1) * stride + 4);
      }
    }
    return planes;
  }
}

function sum(planes: readonly Float32Array[], width: number, height: number): Flow {
  const out = { width, height, u: new Float32Array(width * height), v: new Float32Array(width * height) };
  const stride = refineStride(width);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0, at = (y + 1) * stride + 4; x < width; x++, at++, i++) {
      out.u[i] = planes[0]![at]! + planes[2]![at]!;
      out.v[i] = planes[1]![at]! + planes[3]![at]!;
    }
  }
  return out;
}
