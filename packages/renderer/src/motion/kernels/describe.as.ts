// Dense descriptors with SIMD. Contract: ../match/describe-kernels.ts; twin and oracle: ../match/plain-describe.ts.

const REACH: i32 = 6;

// @ts-ignore: decorator
@inline function clamp(n: i32, last: i32): i32 { return max(0, min(last, n)); }

// Weighted sum of 13 vectors around `at`, `step` bytes apart.
// @ts-ignore: decorator
@inline function thirteen(at: usize, step: usize, taps: usize): v128 {
  let sum = f32x4.mul(v128.load(at), v128.load32_splat(taps));
  for (let k: usize = 1; k <= <usize>REACH; k++) sum = f32x4.add(sum, f32x4.mul(f32x4.add(v128.load(at - k * step), v128.load(at + k * step)), v128.load32_splat(taps + 4 * k)));
  return sum;
}

export function describe(width: i32, height: i32, slopeX: usize, slopeY: usize, taps: usize, row: usize, across: usize, pooled: usize, norms: usize, out: usize): void {
  const d: f32 = <f32>Math.SQRT1_2;
  const cLow = f32x4(1, d, 0, -d), cHigh = f32x4(-1, -d, 0, d), sLow = f32x4(0, d, 1, d), sHigh = f32x4(0, -d, -1, -d);
  const zero = f32x4.splat(0), line = <usize>width << 5, start = row + (<usize>REACH << 5);
  // Slope along eight directions, blurred along the row.
  for (let y = 0; y < height; y++) {
    const base = <usize>(y * width) << 2;
    for (let x = 0; x < width; x++) {
      const gx = v128.load32_splat(slopeX + base + (<usize>x << 2)), gy = v128.load32_splat(slopeY + base + (<usize>x << 2));
      const at = start + (<usize>x << 5);
      v128.store(at, f32x4.pmax(zero, f32x4.add(f32x4.mul(gx, cLow), f32x4.mul(gy, sLow))));
      v128.store(at + 16, f32x4.pmax(zero, f32x4.add(f32x4.mul(gx, cHigh), f32x4.mul(gy, sHigh))));
    }
    for (let k = 1; k <= REACH; k++) {
      memory.copy(start - (<usize>k << 5), start, 32);
      memory.copy(start + line + (<usize>(k - 1) << 5), start + line - 32, 32);
    }
    const to = across + <usize>y * line;
    for (let i: usize = 0; i < line; i += 16) v128.store(to + i, thirteen(start + i, 32, taps));
  }
  // Down the columns.
  for (let y = 0; y < height; y++) {
    const to = pooled + <usize>y * line, here = across + <usize>y * line;
    const inner = y >= REACH && y < height - REACH;
    for (let i: usize = 0; i < line; i += 16) {
      if (inner) { v128.store(to + i, thirteen(here + i, line, taps)); continue; }
      let sum = f32x4.mul(v128.load(here + i), v128.load32_splat(taps));
      for (let k = 1; k <= REACH; k++) {
        const above = across + <usize>clamp(y - k, height - 1) * line, below = across + <usize>clamp(y + k, height - 1) * line;
        sum = f32x4.add(sum, f32x4.mul(f32x4.add(v128.load(above + i), v128.load(below + i)), v128.load32_splat(taps + (<usize>k << 2))));
      }
      v128.store(to + i, sum);
    }
    for (let x = 0; x < width; x++) {
      const a = v128.load(to + (<usize>x << 5)), b = v128.load(to + (<usize>x << 5) + 16);
      const q = f32x4.add(f32x4.mul(a, a), f32x4.mul(b, b));
      store<f32>(norms + (<usize>(y * width + x) << 2), f32x4.extract_lane(q, 0) + f32x4.extract_lane(q, 1) + f32x4.extract_lane(q, 2) + f32x4.extract_lane(q, 3));
    }
  }
  assemble(width, height, pooled, norms, out);
}

// The centre and eight places around it, normalised together.
function assemble(width: i32, height: i32, pooled: usize, norms: usize, out: usize): void {
  let to = out;
  for (let y = 0; y < height; y++) {
    const up5 = clamp(y - 5, height - 1) * width, up4 = clamp(y - 4, height - 1) * width, here = y * width;
    const down4 = clamp(y + 4, height - 1) * width, down5 = clamp(y + 5, height - 1) * width;
    for (let x = 0; x < width; x++, to += 72) {
      const left5 = clamp(x - 5, width - 1), left4 = clamp(x - 4, width - 1), right4 = clamp(x + 4, width - 1), right5 = clamp(x + 5, width - 1);
      const p0 = here + x, p1 = here + right5, p2 = down4 + right4, p3 = down5 + x, p4 = down4 + left4, p5 = here + left5, p6 = up4 + left4, p7 = up5 + x, p8 = up4 + right4;
      const sum = norm(norms, p0) + norm(norms, p1) + norm(norms, p2) + norm(norms, p3) + norm(norms, p4) + norm(norms, p5) + norm(norms, p6) + norm(norms, p7) + norm(norms, p8);
      const scale = f32x4.splat(510 / (Mathf.sqrt(sum) + 2));
      put(to, pooled, p0, scale); put(to + 8, pooled, p1, scale); put(to + 16, pooled, p2, scale);
      put(to + 24, pooled, p3, scale); put(to + 32, pooled, p4, scale); put(to + 40, pooled, p5, scale);
      put(to + 48, pooled, p6, scale); put(to + 56, pooled, p7, scale); put(to + 64, pooled, p8, scale);
    }
  }
}

// @ts-ignore: decorator
@inline function norm(norms: usize, place: i32): f32 { return load<f32>(norms + (<usize>place << 2)); }

// @ts-ignore: decorator
@inline function put(to: usize, pooled: usize, place: i32, scale: v128): void {
  const at = pooled + (<usize>place << 5);
  const a = i32x4.trunc_sat_f32x4_s(f32x4.mul(v128.load(at), scale)), b = i32x4.trunc_sat_f32x4_s(f32x4.mul(v128.load(at + 16), scale));
  const wide = i16x8.narrow_i32x4_s(a, b);
  v128.store64_lane(to, i8x16.narrow_i16x8_u(wide, wide), 0);
}
