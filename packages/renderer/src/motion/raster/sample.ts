/** Reading a raster between its samples. Borders are replicated. */

/** Bilinear value of a `width` × `height` raster at (x, y). */
export function bilinear(data: Float32Array, width: number, height: number, x: number, y: number): number {
  const cx = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
  const cy = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
  const left = cx | 0;
  const top = cy | 0;
  const shareX = cx - left;
  const shareY = cy - top;
  const at = top * width + left;
  const right = left < width - 1 ? 1 : 0;
  const down = top < height - 1 ? width : 0;
  const upper = data[at]! + shareX * (data[at + right]! - data[at]!);
  const lower = data[at + down]! + shareX * (data[at + down + right]! - data[at + down]!);
  return upper + shareY * (lower - upper);
}

/** One place of a raster, for reading several planes there: the position is worked out once. */
export class Place {
  private readonly width: number;
  private readonly height: number;
  private at = 0;
  private right = 0;
  private down = 0;
  private shareX = 0;
  private shareY = 0;

  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
  }

  /** Moves to (x, y). */
  aim(x: number, y: number): void {
    const lastX = this.width - 1;
    const lastY = this.height - 1;
    const cx = x < 0 ? 0 : x > lastX ? lastX : x;
    const cy = y < 0 ? 0 : y > lastY ? lastY : y;
    const left = cx | 0;
    const top = cy | 0;
    this.shareX = cx - left;
    this.shareY = cy - top;
    this.at = top * this.width + left;
    this.right = left < lastX ? 1 : 0;
    this.down = top < lastY ? this.width : 0;
  }

  /** The bilinear value of a plane here. */
  read(data: Float32Array): number {
    const { at, right, down, shareX } = this;
    const upper = data[at]! + shareX * (data[at + right]! - data[at]!);
    const lower = data[at + down]! + shareX * (data[at + down + right]! - data[at + down]!);
    return upper + this.shareY * (lower - upper);
  }
}

/** Catmull-Rom bicubic value (a = -0.5) at (x, y). */
export function bicubic(data: Float32Array, width: number, height: number, x: number, y: number): number {
  const cx = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
  const cy = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
  const left = Math.floor(cx);
  const top = Math.floor(cy);
  const fx = cx - left;
  const fy = cy - top;
  let sum = 0;
  for (let j = -1; j <= 2; j++) {
    const yy = top + j;
    const row = (yy < 0 ? 0 : yy > height - 1 ? height - 1 : yy) * width;
    const l = row + (left > 0 ? left - 1 : 0);
    const m = row + left;
    const r = row + (left < width - 1 ? left + 1 : left);
    const rr = row + (left < width - 2 ? left + 2 : width - 1);
    const line =
      cubicWeight(fx + 1) * data[l]! +
      cubicWeight(fx) * data[m]! +
      cubicWeight(1 - fx) * data[r]! +
      cubicWeight(2 - fx) * data[rr]!;
    sum += cubicWeight(Math.abs(fy - j)) * line;
  }
  return sum;
}

/** The Catmull-Rom kernel at distance `d` (0..2). */
export function cubicWeight(d: number): number {
  return d < 1 ? (1.5 * d - 2.5) * d * d + 1 : d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}
