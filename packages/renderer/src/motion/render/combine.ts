/** A side without confidence still counts this much, so that regions without matches dissolve. */
export const FLOOR = 0.02;
/** What is left of that where the side's picture shows nothing: a hole in its motion, filled from around it. */
const UNSEEN = 0.25;

/** Plain TypeScript twin of the combine kernel; see FrameKernels.combine. */
export function combine(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  firstSums: number,
  lastSums: number,
  firstMatrix: number,
  lastMatrix: number,
  s: number,
  fields: number,
): void {
  const size = width * height;
  const out = new Float32Array(buffer, fields, 5 * size);
  const first = new Float32Array(buffer, firstSums, 4 * size);
  const last = new Float32Array(buffer, lastSums, 4 * size);
  const a = new Float32Array(buffer, firstMatrix, 9);
  const b = new Float32Array(buffer, lastMatrix, 9);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const da = 1 / (a[6]! * x + a[7]! * y + a[8]!);
      const ax = (a[0]! * x + a[1]! * y + a[2]!) * da - s * first[4 * i]!;
      const ay = (a[3]! * x + a[4]! * y + a[5]!) * da - s * first[4 * i + 1]!;
      const db = 1 / (b[6]! * x + b[7]! * y + b[8]!);
      const bx = (b[0]! * x + b[1]! * y + b[2]!) * db - (1 - s) * last[4 * i]!;
      const by = (b[3]! * x + b[4]! * y + b[5]!) * db - (1 - s) * last[4 * i + 1]!;
      const wa = (1 - s) * visibility(ax, ay, width, height) * (first[4 * i + 2]! + FLOOR * seen(first[4 * i + 3]!));
      const wb = s * visibility(bx, by, width, height) * (last[4 * i + 2]! + FLOOR * seen(last[4 * i + 3]!));
      out[i] = ax - x;
      out[size + i] = ay - y;
      out[2 * size + i] = bx - x;
      out[3 * size + i] = by - y;
      out[4 * size + i] = wb / (wa + wb);
    }
  }
}

/** How much an untrusted side counts, given whether its motion reaches the sample (1) or had to be filled in there (0). */
export function seen(known: number): number {
  return UNSEEN + (1 - UNSEEN) * known;
}

/** Rises from an eighth at the picture's border to 1 at a sixteenth of its width inside it. */
export function margin(x: number, y: number, width: number, height: number): number {
  const inside = Math.min(Math.min(x, width - 1 - x), Math.min(y, height - 1 - y));
  return Math.min(1, Math.max(0.125, (inside * 16) / (width - 1)));
}

/** 1 inside the picture, falling to 0.002 within two samples beyond its border: mirrored content is a last resort. */
export function visibility(x: number, y: number, width: number, height: number): number {
  const inside = Math.min(Math.min(x, width - 1 - x), Math.min(y, height - 1 - y));
  return Math.min(1, Math.max(0.002, (inside + 0.5) * 0.5 + 0.25));
}
