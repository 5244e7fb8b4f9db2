import { emptyPlane, type Plane } from './plane.ts';

/** Half size by 2×2 averages. Odd last rows and columns are dropped: sample x of the result lies at 2x + 0.5 of the source. */
export function halve(source: Plane): Plane {
  const width = Math.max(1, source.width >> 1);
  const height = Math.max(1, source.height >> 1);
  const out = emptyPlane(width, height);
  const stepX = source.width > 1 ? 1 : 0;
  const stepY = source.height > 1 ? source.width : 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = 2 * y * source.width + 2 * x;
      const top = source.data[at]! + source.data[at + stepX]!;
      out.data[y * width + x] = 0.25 * (top + source.data[at + stepY]! + source.data[at + stepY + stepX]!);
    }
  }
  return out;
}

/** The source and ever smaller halvings of it, `levels` rasters in all, largest first. */
export function pyramid(source: Plane, levels: number): Plane[] {
  const out = [source];
  while (out.length < levels) out.push(halve(out[out.length - 1]!));
  return out;
}

/** Any size by bilinear interpolation, centres aligned, borders replicated; samples are multiplied by `gain`. */
export function resize(source: Plane, width: number, height: number, gain = 1): Plane {
  const out = emptyPlane(width, height);
  const scaleX = source.width / width;
  const scaleY = source.height / height;
  const lefts = new Int32Array(width);
  const rights = new Int32Array(width);
  const shares = new Float32Array(width);
  for (let x = 0; x < width; x++) {
    const at = Math.min(source.width - 1, Math.max(0, (x + 0.5) * scaleX - 0.5));
    lefts[x] = Math.floor(at);
    rights[x] = Math.min(source.width - 1, lefts[x]! + 1);
    shares[x] = at - lefts[x]!;
  }
  for (let y = 0; y < height; y++) {
    const at = Math.min(source.height - 1, Math.max(0, (y + 0.5) * scaleY - 0.5));
    const top = Math.floor(at);
    const share = at - top;
    const upper = top * source.width;
    const lower = Math.min(source.height - 1, top + 1) * source.width;
    for (let x = 0; x < width; x++) {
      const left = lefts[x]!;
      const right = rights[x]!;
      const a = source.data[upper + left]! + shares[x]! * (source.data[upper + right]! - source.data[upper + left]!);
      const b = source.data[lower + left]! + shares[x]! * (source.data[lower + right]! - source.data[lower + left]!);
      out.data[y * width + x] = gain * (a + share * (b - a));
    }
  }
  return out;
}

/** The mean over `factor` × `factor` blocks; the last blocks may be smaller. */
export function shrink(source: Plane, factor: number): Plane {
  const width = Math.max(1, Math.ceil(source.width / factor));
  const height = Math.max(1, Math.ceil(source.height / factor));
  const out = emptyPlane(width, height);
  const counts = new Float32Array(width * height);
  for (let y = 0; y < source.height; y++) {
    const row = Math.floor(y / factor) * width;
    for (let x = 0; x < source.width; x++) {
      const cell = row + Math.floor(x / factor);
      out.data[cell]! += source.data[y * source.width + x]!;
      counts[cell]! += 1;
    }
  }
  for (let i = 0; i < counts.length; i++) out.data[i]! /= counts[i]!;
  return out;
}
