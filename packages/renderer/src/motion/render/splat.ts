/** How much more a motion counts that differs from the rest of the picture's by 8 samples and more: it lies in front. */
const FRONT = 63;
const APART = 8;

/** The weight of a motion against others that arrive at the same place. */
export function front(u: number, v: number, restU: number, restV: number): number {
  return 1 + FRONT * Math.min(1, ((u - restU) ** 2 + (v - restV) ** 2) / APART ** 2);
}

/** Plain TypeScript twin of the splat kernel; see FrameKernels.splat. */
export function splat(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  u: number,
  v: number,
  z: number,
  matrix: number,
  share: number,
  restU: number,
  restV: number,
  sums: number,
): void {
  const size = width * height;
  const us = new Float32Array(buffer, u, size);
  const vs = new Float32Array(buffer, v, size);
  const zs = new Float32Array(buffer, z, size);
  const m = new Float32Array(buffer, matrix, 9);
  const out = new Float32Array(buffer, sums, 4 * size).fill(0);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const px = x + share * us[i]!;
      const py = y + share * vs[i]!;
      const d = 1 / (m[6]! * px + m[7]! * py + m[8]!);
      const tx = (m[0]! * px + m[1]! * py + m[2]!) * d;
      const ty = (m[3]! * px + m[4]! * py + m[5]!) * d;
      // Written so that NaN fails too.
      if (!(tx > -1 && ty > -1 && tx < width && ty < height)) continue;
      const left = Math.floor(tx);
      const top = Math.floor(ty);
      const ax = tx - left;
      const ay = ty - top;
      const weight = (zs[i]! + 1e-3) * front(us[i]!, vs[i]!, restU, restV);
      for (let corner = 0; corner < 4; corner++) {
        const cx = left + (corner & 1);
        const cy = top + (corner >> 1);
        if (cx < 0 || cy < 0 || cx >= width || cy >= height) continue;
        const w = weight * (corner & 1 ? ax : 1 - ax) * (corner >> 1 ? ay : 1 - ay);
        const at = 4 * (cy * width + cx);
        out[at]! += w * us[i]!;
        out[at + 1]! += w * vs[i]!;
        out[at + 2]! += w * zs[i]!;
        out[at + 3]! += w;
      }
    }
  }
}
