// Reading pictures along the fields of a frame, with SIMD. Contract: ../render/kernels.ts; twins: ../render/{luma,chroma}.ts.

export const PAD: i32 = 8;

// @ts-ignore: decorator
@inline export function blendRows(out: usize, a: usize, b: usize, share: f32, count: i32): void {
  const k = f32x4.splat(share);
  for (let i: usize = 0; i < <usize>count << 2; i += 16) { const p = v128.load(a + i); v128.store(out + i, f32x4.add(p, f32x4.mul(f32x4.sub(v128.load(b + i), p), k))); }
}

// Twice as many samples, centres aligned (weights 1/4 and 3/4); `row` has four floats of room on either side.
// @ts-ignore: decorator
@inline export function enlarge(out: usize, row: usize, count: i32): void {
  store<f32>(row - 4, load<f32>(row));
  store<f32>(row + (<usize>count << 2), load<f32>(row + (<usize>(count - 1) << 2)));
  const quarter = f32x4.splat(0.25), most = f32x4.splat(0.75);
  for (let k: usize = 0; k < <usize>count << 2; k += 16) {
    const c = f32x4.mul(v128.load(row + k), most);
    const even = f32x4.add(c, f32x4.mul(v128.load(row + k - 4), quarter)), odd = f32x4.add(c, f32x4.mul(v128.load(row + k + 4), quarter));
    v128.store(out + 2 * k, v128.shuffle<f32>(even, odd, 0, 4, 1, 5));
    v128.store(out + 2 * k + 16, v128.shuffle<f32>(even, odd, 2, 6, 3, 7));
  }
}

// @ts-ignore: decorator
@inline function reflect(x: v128, last: v128): v128 {
  return f32x4.pmax(f32x4.splat(0), f32x4.sub(last, f32x4.abs(f32x4.sub(last, f32x4.abs(x)))));
}

// 4×4 samples from `at`, weighted: four numbers whose sum is the bicubic value × 1048576.
// @ts-ignore: decorator
@inline function cubic(at: usize, stride: usize, wx: usize, wy: usize): v128 {
  let q = v128.load32_zero(at);
  q = v128.load_lane<u32>(at + stride, q, 1);
  q = v128.load_lane<u32>(at + 2 * stride, q, 2);
  q = v128.load_lane<u32>(at + 3 * stride, q, 3);
  const x = v128.load64_splat(wx);
  const low = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(q), x), high = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(q), x);
  return i32x4.mul(pairs(low, high), i32x4.extend_low_i16x8_s(v128.load64_zero(wy)));
}

// Sums of neighbours: a0+a1, a2+a3, b0+b1, b2+b3.
// @ts-ignore: decorator
@inline function pairs(a: v128, b: v128): v128 { return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7)); }

// Four bicubic values × 1048576 at (x, y), positions rounded to 1/32 sample.
// @ts-ignore: decorator
@inline export function cubics(plane: usize, stride: i32, x: v128, y: v128, lastX: v128, lastY: v128, weights: usize): v128 {
  const fine = f32x4.splat(32), half = f32x4.splat(0.5), mask = i32x4.splat(31);
  const qx = i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.mul(reflect(x, lastX), fine), half));
  const qy = i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.mul(reflect(y, lastY), fine), half));
  const at = i32x4.add(i32x4.mul(i32x4.shr_s(qy, 5), i32x4.splat(stride)), i32x4.shr_s(qx, 5));
  const wx = i32x4.shl(v128.and(qx, mask), 3), wy = i32x4.shl(v128.and(qy, mask), 3);
  const base = plane + <usize>((PAD - 1) * stride + PAD - 1), s = <usize>stride;
  const c0 = cubic(base + <usize>i32x4.extract_lane(at, 0), s, weights + <usize>i32x4.extract_lane(wx, 0), weights + <usize>i32x4.extract_lane(wy, 0));
  const c1 = cubic(base + <usize>i32x4.extract_lane(at, 1), s, weights + <usize>i32x4.extract_lane(wx, 1), weights + <usize>i32x4.extract_lane(wy, 1));
  const c2 = cubic(base + <usize>i32x4.extract_lane(at, 2), s, weights + <usize>i32x4.extract_lane(wx, 2), weights + <usize>i32x4.extract_lane(wy, 2));
  const c3 = cubic(base + <usize>i32x4.extract_lane(at, 3), s, weights + <usize>i32x4.extract_lane(wx, 3), weights + <usize>i32x4.extract_lane(wy, 3));
  return f32x4.convert_i32x4_s(pairs(pairs(c0, c1), pairs(c2, c3)));
}

// @ts-ignore: decorator
@inline export function tone(value: v128, gain: f32, offset: f32): v128 { return f32x4.add(f32x4.mul(value, f32x4.splat(gain)), f32x4.splat(offset)); }

// @ts-ignore: decorator
@inline export function storeFour(out: usize, a: v128, b: v128, share: v128): void {
  const value = f32x4.add(f32x4.add(a, f32x4.mul(f32x4.sub(b, a), share)), f32x4.splat(0.5));
  const wide = i32x4.trunc_sat_f32x4_s(value), narrow = i16x8.narrow_i32x4_s(wide, wide);
  v128.store_lane<u32>(out, i8x16.narrow_i16x8_u(narrow, narrow), 0);
}

export function luma(width: i32, height: i32, first: usize, last: usize, fields: usize, rows: usize, weights: usize,
  firstGain: f32, firstOffset: f32, lastGain: f32, lastOffset: f32, out: usize): void {
  const w2 = width >> 1, h2 = height >> 1, plane = <usize>(w2 * h2) << 2;
  const row = <usize>(width + 32) << 2, scratch = rows + 5 * row + 64;
  const stride = width + 2 * PAD;
  const lastX = f32x4.splat(<f32>(width - 1)), lastY = f32x4.splat(<f32>(height - 1)), two = f32x4.splat(2);
  firstGain /= 1048576; lastGain /= 1048576;
  for (let y = 0; y < height; y++) {
    const near = y >> 1, far = y & 1 ? min(h2 - 1, near + 1) : max(0, near - 1);
    for (let c = 0; c < 5; c++) {
      const base = fields + <usize>c * plane;
      blendRows(scratch, base + (<usize>(near * w2) << 2), base + (<usize>(far * w2) << 2), 0.25, w2);
      enlarge(rows + <usize>c * row, scratch, w2);
    }
    const fy = f32x4.splat(<f32>y);
    for (let k = 0; k < width; k += 4) {
      const x = min(k, width - 4);
      const at = rows + (<usize>x << 2);
      const fx = f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
      const a = cubics(first, stride, f32x4.add(fx, f32x4.mul(two, v128.load(at))), f32x4.add(fy, f32x4.mul(two, v128.load(at + row))), lastX, lastY, weights);
      const b = cubics(last, stride, f32x4.add(fx, f32x4.mul(two, v128.load(at + 2 * row))), f32x4.add(fy, f32x4.mul(two, v128.load(at + 3 * row))), lastX, lastY, weights);
      storeFour(out + <usize>(y * width + x), tone(a, firstGain, firstOffset), tone(b, lastGain, lastOffset), v128.load(at + 4 * row));
    }
  }
}

// Two neighbours of two rows as one 32-bit number.
// @ts-ignore: decorator
@inline function square(at: usize, stride: usize): i32 { return <i32>(<u32>load<u16>(at) | (<u32>load<u16>(at + stride) << 16)); }

// @ts-ignore: decorator
@inline export function bilinears(plane: usize, stride: i32, x: v128, y: v128, lastX: v128, lastY: v128): v128 {
  const cx = reflect(x, lastX), cy = reflect(y, lastY);
  const left = f32x4.floor(cx), top = f32x4.floor(cy);
  const ax = f32x4.sub(cx, left), ay = f32x4.sub(cy, top);
  const at = i32x4.add(i32x4.mul(i32x4.trunc_sat_f32x4_s(top), i32x4.splat(stride)), i32x4.trunc_sat_f32x4_s(left));
  const base = plane + <usize>(PAD * stride + PAD), s = <usize>stride;
  let q = i32x4.splat(square(base + <usize>i32x4.extract_lane(at, 0), s));
  q = i32x4.replace_lane(q, 1, square(base + <usize>i32x4.extract_lane(at, 1), s));
  q = i32x4.replace_lane(q, 2, square(base + <usize>i32x4.extract_lane(at, 2), s));
  q = i32x4.replace_lane(q, 3, square(base + <usize>i32x4.extract_lane(at, 3), s));
  const mask = i32x4.splat(255);
  const p00 = f32x4.convert_i32x4_s(v128.and(q, mask)), p01 = f32x4.convert_i32x4_s(v128.and(i32x4.shr_u(q, 8), mask));
  const p10 = f32x4.convert_i32x4_s(v128.and(i32x4.shr_u(q, 16), mask)), p11 = f32x4.convert_i32x4_s(i32x4.shr_u(q, 24));
  const upper = f32x4.add(p00, f32x4.mul(ax, f32x4.sub(p01, p00))), lower = f32x4.add(p10, f32x4.mul(ax, f32x4.sub(p11, p10)));
  return f32x4.add(upper, f32x4.mul(ay, f32x4.sub(lower, upper)));
}

// Where a colour plane of twice the size is read.
// @ts-ignore: decorator
@inline function twice(place: v128, offset: v128): v128 {
  const there = f32x4.add(place, offset);
  return f32x4.add(there, there);
}

export function chroma(width: i32, height: i32, first: usize, last: usize, fields: usize, weights: usize,
  firstGain: f32, firstOffset: f32, lastGain: f32, lastOffset: f32, out: usize): void {
  const plane = <usize>(width * height) << 2, stride = 2 * width + 2 * PAD;
  const lastX = f32x4.splat(<f32>(width * 2 - 1)), lastY = f32x4.splat(<f32>(height * 2 - 1));
  firstGain /= 1048576; lastGain /= 1048576;
  for (let y = 0; y < height; y++) {
    const fy = f32x4.splat(<f32>y);
    for (let k = 0; k < width; k += 4) {
      const x = min(k, width - 4);
      const at = fields + (<usize>(y * width + x) << 2);
      const fx = f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
      const a = cubics(first, stride, twice(fx, v128.load(at)), twice(fy, v128.load(at + plane)), lastX, lastY, weights);
      const b = cubics(last, stride, twice(fx, v128.load(at + 2 * plane)), twice(fy, v128.load(at + 3 * plane)), lastX, lastY, weights);
      storeFour(out + <usize>(y * width + x), tone(a, firstGain, firstOffset), tone(b, lastGain, lastOffset), v128.load(at + 4 * plane));
    }
  }
}
