/** Plain TypeScript twin of the mix kernel; see FrameKernels.mix. BT.709 limited range in and out. */
export function mix(
  buffer: ArrayBufferLike,
  width: number,
  height: number,
  first: number,
  last: number,
  share: number,
  toLinear: number,
  fromLinear: number,
  out: number,
): void {
  const w2 = width >> 1;
  const luma = width * height;
  const colour = luma >> 2;
  const a = new Uint8Array(buffer, first, luma + 2 * colour);
  const b = new Uint8Array(buffer, last, luma + 2 * colour);
  const linear = new Float32Array(buffer, toLinear, 256);
  const gamma = new Uint8Array(buffer, fromLinear, 4096);
  const result = new Uint8Array(buffer, out, luma + 2 * colour);
  const channel = (va: number, vb: number): number => {
    const la = linear[va < 0 ? 0 : va > 255 ? 255 : va | 0]!;
    const lb = linear[vb < 0 ? 0 : vb > 255 ? 255 : vb | 0]!;
    return gamma[((la + share * (lb - la)) * 4095 + 0.5) | 0]!;
  };
  for (let y = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2) {
      const c = (y >> 1) * w2 + (x >> 1);
      const ua = a[luma + c]! - 128;
      const va = a[luma + colour + c]! - 128;
      const ub = b[luma + c]! - 128;
      const vb = b[luma + colour + c]! - 128;
      let sumU = 0;
      let sumV = 0;
      for (let corner = 0; corner < 4; corner++) {
        const at = (y + (corner >> 1)) * width + x + (corner & 1);
        const ya = (a[at]! - 16) * 1.164384 + 0.5;
        const yb = (b[at]! - 16) * 1.164384 + 0.5;
        const red = channel(ya + 1.792741 * va, yb + 1.792741 * vb);
        const green = channel(ya - 0.213249 * ua - 0.532909 * va, yb - 0.213249 * ub - 0.532909 * vb);
        const blue = channel(ya + 2.112402 * ua, yb + 2.112402 * ub);
        const bright = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        result[at] = (bright * 0.858824 + 16.5) | 0;
        sumU += blue - bright;
        sumV += red - bright;
      }
      result[luma + c] = (128.5 + 0.118349 * sumU) | 0;
      result[luma + colour + c] = (128.5 + 0.139452 * sumV) | 0;
    }
  }
}
