import { rasterDesk } from './kernels.ts';
import type { ColourPlanes } from './plane.ts';

/** Sums of absolute colour differences to the left and upper neighbour: what makes an edge an edge for the filter. */
export interface EdgeDistances {
  readonly width: number;
  readonly height: number;
  readonly across: Float32Array;
  readonly down: Float32Array;
}

/** Edge strengths of a picture, to be used by `domainTransform` many times. */
export function edgeDistances(guide: ColourPlanes): EdgeDistances {
  const { width, height, luma, blue, red } = guide;
  const desk = rasterDesk(width, height);
  if (desk === null) return plainEdgeDistances(guide);
  const [y, u, v, across, down] = [0, 1, 2, 3, 4].map(desk.place) as [number, number, number, number, number];
  desk.plane(0).set(luma);
  desk.plane(1).set(blue);
  desk.plane(2).set(red);
  desk.kernels.edges(width, height, y, u, v, across, down);
  return { width, height, across: desk.plane(3).slice(), down: desk.plane(4).slice() };
}

/** The same without a kernel. */
export function plainEdgeDistances(guide: ColourPlanes): EdgeDistances {
  const { width, height, luma, blue, red } = guide;
  const across = new Float32Array(width * height);
  const down = new Float32Array(width * height);
  const difference = (i: number, j: number): number =>
    // About the sum of absolute R, G, B differences the constants were tuned for.
    3 * Math.abs(luma[i]! - luma[j]!) + Math.abs(blue[i]! - blue[j]!) + Math.abs(red[i]! - red[j]!);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (x > 0) across[at] = difference(at, at - 1);
      if (y > 0) down[at] = difference(at, at - width);
    }
  }
  return { width, height, across, down };
}

const PASSES = 3;
/** What fits on a desk beside the edges. */
const MOST_CHANNELS = 6;

/**
 * Edge-preserving smoothing in place of several channels at once: the recursive form of the domain transform
 * (Gastal and Oliveira 2011, equations 14, 21, 22). `spatial` in samples, `range` in summed 0..255 colour steps.
 */
export function domainTransform(
  channels: readonly Float32Array[],
  edges: EdgeDistances,
  spatial: number,
  range: number,
): void {
  const { width, height } = edges;
  const desk = rasterDesk(width, height);
  if (desk === null || channels.length > MOST_CHANNELS) {
    plainDomainTransform(channels, edges, spatial, range);
    return;
  }
  channels.forEach((channel, i) => {
    desk.plane(i + 2).set(channel);
  });
  desk.plane(0).set(edges.across);
  desk.plane(1).set(edges.down);
  const [across, down, data] = [0, 1, 2].map(desk.place) as [number, number, number];
  desk.kernels.smooth(width, height, data, channels.length, across, down, decayOf(spatial), spatial / range, PASSES);
  channels.forEach((channel, i) => {
    channel.set(desk.plane(i + 2));
  });
}

/** The same without a kernel. */
export function plainDomainTransform(
  channels: readonly Float32Array[],
  edges: EdgeDistances,
  spatial: number,
  range: number,
): void {
  const { width, height } = edges;
  const across = firstFeedback(edges.across, spatial, range);
  const down = firstFeedback(edges.down, spatial, range);
  for (let pass = 0; pass < PASSES; pass++) {
    if (pass > 0) {
      // The scale halves from pass to pass, so the exponent doubles: a square instead of an exponential.
      square(across);
      square(down);
    }
    for (const channel of channels) filterRows(channel, across, width, height);
    for (const channel of channels) filterColumns(channel, down, width, height);
  }
}

/** How much of its neighbour a sample keeps in the first, widest pass. */
function firstFeedback(distances: Float32Array, spatial: number, range: number): Float32Array {
  const decay = decayOf(spatial);
  const ratio = spatial / range;
  const out = new Float32Array(distances.length);
  for (let i = 0; i < out.length; i++) out[i] = Math.exp(decay * (1 + ratio * distances[i]!));
  return out;
}

/** The logarithm of what is kept from one sample to the next where there is no edge, in the first pass. */
function decayOf(spatial: number): number {
  const sigma = (spatial * Math.sqrt(3) * 2 ** (PASSES - 1)) / Math.sqrt(4 ** PASSES - 1);
  return -Math.SQRT2 / sigma;
}

function square(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i]! *= values[i]!;
}

function filterRows(data: Float32Array, feedback: Float32Array, width: number, height: number): void {
  for (let y = 0; y < height; y++) {
    const base = y * width;
    let carried = data[base]!;
    for (let x = 1; x < width; x++) {
      const at = base + x;
      carried = data[at]! + feedback[at]! * (carried - data[at]!);
      data[at] = carried;
    }
    for (let x = width - 2; x >= 0; x--) {
      const at = base + x;
      carried = data[at]! + feedback[at + 1]! * (carried - data[at]!);
      data[at] = carried;
    }
  }
}

function filterColumns(data: Float32Array, feedback: Float32Array, width: number, height: number): void {
  const size = width * height;
  for (let at = width; at < size; at++) data[at]! += feedback[at]! * (data[at - width]! - data[at]!);
  for (let at = size - width - 1; at >= 0; at--) {
    data[at]! += feedback[at + width]! * (data[at + width]! - data[at]!);
  }
}
