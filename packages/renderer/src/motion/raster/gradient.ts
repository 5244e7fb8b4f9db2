import { rasterDesk } from './kernels.ts';
import { emptyPlane, type Plane } from './plane.ts';

/** Horizontal and vertical slope of a plane, per sample. */
export interface Gradient {
  readonly x: Plane;
  readonly y: Plane;
}

/** Central differences (f(x+1) - f(x-1)) / 2, one-sided at the borders. */
export function gradient(source: Plane): Gradient {
  const { width, height } = source;
  const desk = rasterDesk(width, height);
  if (desk === null) return plainGradient(source);
  desk.plane(0).set(source.data);
  desk.kernels.slopes(width, height, desk.place(0), desk.place(1), desk.place(2));
  return { x: { width, height, data: desk.plane(1).slice() }, y: { width, height, data: desk.plane(2).slice() } };
}

/** The same without a kernel. */
export function plainGradient(source: Plane): Gradient {
  const { width, height, data } = source;
  const dx = emptyPlane(width, height);
  const dy = emptyPlane(width, height);
  for (let y = 0; y < height; y++) {
    const base = y * width;
    const above = Math.max(0, y - 1) * width;
    const below = Math.min(height - 1, y + 1) * width;
    for (let x = 0; x < width; x++) {
      const left = x > 0 ? x - 1 : 0;
      const right = x < width - 1 ? x + 1 : x;
      dx.data[base + x] = 0.5 * (data[base + right]! - data[base + left]!);
      dy.data[base + x] = 0.5 * (data[below + x]! - data[above + x]!);
    }
  }
  return { x: dx, y: dy };
}
