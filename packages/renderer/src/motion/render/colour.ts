/**
 * Colour at half resolution (4:2:0), such that its interpolation back to full size (weights 1/4 and 3/4) is as near to the
 * picture's colour as it can be, in the sense of least squares. That keeps 1 to 7 dB of colour edges which plain means of
 * 2×2 samples lose.
 */

/** All arithmetic is that of 32-bit floats, as in the kernel: then both give the same bytes. */
export const f = Math.fround;

/** A colour difference around 0 for every sample, in steps of the limited range 16..240. */
export interface ColourDifferences {
  readonly width: number;
  readonly height: number;
  readonly blue: Float32Array;
  readonly red: Float32Array;
}

/**
 * The samples of one colour difference, in bytes around 128. `spacing` 2 gives those of 4:2:0, in the middle of each 2×2
 * block; 1 gives such a sample at every place, between it and its neighbours to the right and below, for reading colour
 * where no sample of 4:2:0 happens to lie. The samples of 4:2:0 are the even ones among those.
 */
export function colourSamples(full: Float32Array, width: number, height: number, spacing: 1 | 2): Uint8Array {
  const samples = projected(full, width, height, spacing);
  const columns = width / spacing;
  const rows = height / spacing;
  // Neighbours of the finished raster are two samples of the picture apart.
  const apart = 2 / spacing;
  for (let y = 0; y < rows; y++) {
    for (let phase = 0; phase < apart; phase++) solveLine(samples, y * columns + phase, apart, columns / apart);
  }
  for (let phase = 0; phase < apart; phase++) solveRows(samples, columns, phase, apart, rows);
  return Uint8Array.from(samples, (value) => Math.min(255, Math.max(0, Math.floor(f(128.5 + value)))));
}

/** Weighted sums of the picture by the weights a sample has in interpolation: 1/8, 3/8, 3/8, 1/8 both ways. */
function projected(full: Float32Array, width: number, height: number, spacing: number): Float32Array {
  const columns = width / spacing;
  const rows = height / spacing;
  const across = new Float32Array(columns * height);
  for (let y = 0, i = 0; y < height; y++) {
    const row = y * width;
    for (let x = 0; x < width; x += spacing, i++) {
      const next = Math.min(width - 1, x + 1);
      const outer = f(full[row + Math.max(0, x - 1)]! + full[row + Math.min(width - 1, x + 2)]!);
      across[i] = f(f(0.125 * outer) + f(0.375 * f(full[row + x]! + full[row + next]!)));
    }
  }
  const out = new Float32Array(columns * rows);
  for (let y = 0, i = 0; y < height; y += spacing) {
    const above = Math.max(0, y - 1) * columns;
    const here = y * columns;
    const next = Math.min(height - 1, y + 1) * columns;
    const below = Math.min(height - 1, y + 2) * columns;
    for (let x = 0; x < columns; x++, i++) {
      const outer = f(across[above + x]! + across[below + x]!);
      out[i] = f(f(0.125 * outer) + f(0.375 * f(across[here + x]! + across[next + x]!)));
    }
  }
  return out;
}

/**
 * Interpolating samples and projecting them again is the filter 3/16, 5/8, 3/16. Its inverse is recursive: there and back
 * with the root -1/3 of its polynomial. (Unser's way with B-splines, 1999.)
 */
const ROOT = f(-1 / 3);
const GAIN = f(16 / 9);
/** What a line that goes on as it begins has summed up at its beginning: 1 / (1 - ROOT). */
const START = 0.75;

/** Solves along one line of `count` samples, `step` apart, in place. Beyond its ends the line is as at its ends. */
function solveLine(data: Float32Array, start: number, step: number, count: number): void {
  const end = start + (count - 1) * step;
  let held = f(START * data[start]!);
  for (let at = start; at <= end; at += step) {
    held = f(data[at]! + f(ROOT * held));
    data[at] = held;
  }
  held = f(START * held);
  for (let at = end; at >= start; at -= step) {
    held = f(data[at]! + f(ROOT * held));
    data[at] = f(GAIN * held);
  }
}

/** The same down all columns at once, for the rows `phase`, `phase + step`, … of the raster. */
function solveRows(data: Float32Array, columns: number, phase: number, step: number, rows: number): void {
  const held = new Float32Array(columns);
  const last = phase + step * (Math.floor((rows - 1 - phase) / step) | 0);
  for (let x = 0; x < columns; x++) held[x] = f(START * data[phase * columns + x]!);
  for (let y = phase; y <= last; y += step) {
    const row = y * columns;
    for (let x = 0; x < columns; x++) {
      held[x] = f(data[row + x]! + f(ROOT * held[x]!));
      data[row + x] = held[x]!;
    }
  }
  for (let x = 0; x < columns; x++) held[x] = f(START * held[x]!);
  for (let y = last; y >= phase; y -= step) {
    const row = y * columns;
    for (let x = 0; x < columns; x++) {
      held[x] = f(data[row + x]! + f(ROOT * held[x]!));
      data[row + x] = f(GAIN * held[x]!);
    }
  }
}
