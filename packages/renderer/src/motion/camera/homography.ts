/**
 * Plane projective maps. Nine numbers, row by row; the map takes (x, y) to
 * ((h0 x + h1 y + h2) / d, (h3 x + h4 y + h5) / d) with d = h6 x + h7 y + h8.
 */
export type Homography = readonly number[];

/** A position in samples. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export const IDENTITY: Homography = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** The image of (x, y). */
export function project(h: Homography, x: number, y: number): Point {
  const d = 1 / (h[6]! * x + h[7]! * y + h[8]!);
  return { x: (h[0]! * x + h[1]! * y + h[2]!) * d, y: (h[3]! * x + h[4]! * y + h[5]!) * d };
}

/** The map "first b, then a". */
export function compose(a: Homography, b: Homography): number[] {
  const out = new Array<number>(9).fill(0);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      let sum = 0;
      for (let k = 0; k < 3; k++) sum += a[3 * row + k]! * b[3 * k + column]!;
      out[3 * row + column] = sum;
    }
  }
  return out;
}

export function determinant(h: Homography): number {
  return (
    h[0]! * (h[4]! * h[8]! - h[5]! * h[7]!) -
    h[1]! * (h[3]! * h[8]! - h[5]! * h[6]!) +
    h[2]! * (h[3]! * h[7]! - h[4]! * h[6]!)
  );
}

/** The inverse map, scaled so that inverse × h is the identity. */
export function invert(h: Homography): number[] {
  const s = 1 / determinant(h);
  return [
    s * (h[4]! * h[8]! - h[5]! * h[7]!),
    s * (h[2]! * h[7]! - h[1]! * h[8]!),
    s * (h[1]! * h[5]! - h[2]! * h[4]!),
    s * (h[5]! * h[6]! - h[3]! * h[8]!),
    s * (h[0]! * h[8]! - h[2]! * h[6]!),
    s * (h[2]! * h[3]! - h[0]! * h[5]!),
    s * (h[3]! * h[7]! - h[4]! * h[6]!),
    s * (h[1]! * h[6]! - h[0]! * h[7]!),
    s * (h[0]! * h[4]! - h[1]! * h[3]!),
  ];
}

/**
 * The same map between rasters whose samples are `factor` times smaller (factor 0.5: half the width).
 * Sample centres: x of the new raster lies at (x + 0.5) / factor - 0.5 of the old one.
 */
export function rescale(h: Homography, factor: number): number[] {
  const shift = 0.5 * factor - 0.5;
  const enter: Homography = [1 / factor, 0, -shift / factor, 0, 1 / factor, -shift / factor, 0, 0, 1];
  const leave: Homography = [factor, 0, shift, 0, factor, shift, 0, 0, 1];
  return normalise(compose(leave, compose(h, enter)));
}

/** The same map with last entry 1 (where it is not 0). */
export function normalise(h: Homography): number[] {
  const s = Math.abs(h[8]!) > 1e-12 ? 1 / h[8]! : 1;
  return h.map((value) => value * s);
}

/** The derivative of the map at (x, y): [dx'/dx, dx'/dy, dy'/dx, dy'/dy]. */
export function jacobian(h: Homography, x: number, y: number): readonly [number, number, number, number] {
  const d = 1 / (h[6]! * x + h[7]! * y + h[8]!);
  const p = project(h, x, y);
  return [(h[0]! - p.x * h[6]!) * d, (h[1]! - p.x * h[7]!) * d, (h[3]! - p.y * h[6]!) * d, (h[4]! - p.y * h[7]!) * d];
}
