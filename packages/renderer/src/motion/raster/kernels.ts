import { loadKernel, openSharedMemory } from '../kernels/web-assembly.ts';

/**
 * The inner loops of this folder's filters over one memory. Arguments named after planes are byte offsets of planes of
 * width × height 32-bit floats at multiples of 16, others of scratch memory. Rasters are at least 4 × 1. The functions
 * beside this file are the twins, and use them for what is large enough.
 */
export interface RasterKernels {
  /** Convolves both ways, in place; `taps` is the right half of the filter, `row` room for a row with its margins. */
  blur(width: number, height: number, data: number, scratch: number, taps: number, radius: number, row: number): void;
  /** Three boxes both ways, in place; `sums` is room for a row of 64-bit floats. */
  blurWide(width: number, height: number, data: number, scratch: number, radius: number, sums: number): void;
  /** Slopes across and down. */
  slopes(width: number, height: number, data: number, across: number, down: number): void;
  /** Medians of 3 × 3 samples; `row` is room for three rows with a margin. */
  median(width: number, height: number, data: number, out: number, row: number): void;
  /** Colour differences to the left and upper neighbours. */
  edges(width: number, height: number, luma: number, blue: number, red: number, across: number, down: number): void;
  /** Domain transform of `channels` planes that follow `data`, in place; `across` and `down` hold edge distances and are used up. */
  smooth(
    width: number,
    height: number,
    data: number,
    channels: number,
    across: number,
    down: number,
    decay: number,
    ratio: number,
    passes: number,
  ): void;
  /** See `matchError`: pictures are five planes, `plane` bytes apart: luma, blue, red, slopes; `beyond` is the error outside. */
  misfit(
    width: number,
    height: number,
    plane: number,
    from: number,
    to: number,
    u: number,
    v: number,
    worst: number,
    slopeWeight: number,
    beyond: number,
    out: number,
  ): void;
  /** How far the way along a flow and back misses its start. */
  roundTrip(width: number, height: number, u: number, v: number, backU: number, backV: number, out: number): void;
  /**
   * See `confidence`: pictures are three planes, `plane` bytes apart: luma, blue, red; `maps` two matrices of nine 32-bit
   * floats, there and back. Leaves the difference in colour, the round trip's relative miss, and 1 where it leaves the frame.
   */
  compare(
    width: number,
    height: number,
    plane: number,
    from: number,
    to: number,
    u: number,
    v: number,
    backU: number,
    backV: number,
    maps: number,
    scale: number,
    perSample: number,
    colour: number,
    trip: number,
    outside: number,
  ): void;
}

/** The kernels and planes to lay out for them. */
export interface RasterDesk {
  readonly kernels: RasterKernels;
  /** Byte offset of a plane; plane n + 1 lies behind plane n at the next multiple of 16 bytes. */
  place(plane: number): number;
  /** A plane's samples. */
  plane(plane: number): Float32Array;
  /** The room behind the planes, for four rows and a little: its byte offset and its first samples. */
  row(): { readonly at: number; readonly floats: Float32Array };
}

/** Planes a desk has, and bytes of room before them and (for a few rows) behind. */
const PLANES = 13;
const BEFORE = 64;

/** Smaller rasters are not worth a kernel, and it could not take them. */
const LEAST_WIDTH = 16;

let desk: { readonly kernels: RasterKernels | null; readonly buffer: ArrayBufferLike } | undefined;

/**
 * This thread's desk for rasters of a size: what lies on it stays until the next use. Null where the plain functions are to
 * be used: without WebAssembly SIMD, and for small rasters.
 */
export function rasterDesk(width: number, height: number): RasterDesk | null {
  if (width < LEAST_WIDTH) return null;
  const size = width * height;
  const apart = (4 * size + 15) & ~15;
  const bytes = BEFORE + PLANES * apart + 16 * (width + 64);
  if (desk === undefined || desk.buffer.byteLength < bytes) {
    const memory = openSharedMemory(bytes);
    desk = { kernels: loadKernel('raster', memory) as RasterKernels | null, buffer: memory.buffer };
  }
  const { kernels, buffer } = desk;
  if (kernels === null) return null;
  const place = (plane: number): number => BEFORE + plane * apart;
  return {
    kernels,
    place,
    plane: (plane) => new Float32Array(buffer, place(plane), size),
    row: () => ({ at: place(PLANES), floats: new Float32Array(buffer, place(PLANES), 4 * width) }),
  };
}

/** Frees the desk. */
export function closeRasterDesk(): void {
  desk = undefined;
}
