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
  const upper = v128.shuffle<i8>(v128.load32_zero(at), v128.load32_zero(at + stride), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const lower = v128.shuffle<i8>(v128.load32_zero(at + 2 * stride), v128.load32_zero(at + 3 * stride), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const columns = i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(upper), v128.load32_splat(wy)), i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(lower), v128.load32_splat(wy, 4)));
  return i32x4.mul(columns, v128.load16x4_s(wx));
}

// Sums of neighbours: a0+a1, a2+a3, b0+b1, b2+b3.
// @ts-ignore: decorator
@inline function pairs(a: v128, b: v128): v128 { return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7)); }

// Four values at places that follow each other and share their phase: columns are summed once for all.
// @ts-ignore: decorator
@inline function cubicRun(at: usize, stride: usize, wx: usize, wy: usize): v128 {
  const upper = v128.shuffle<i8>(v128.load64_zero(at), v128.load64_zero(at + stride), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const lower = v128.shuffle<i8>(v128.load64_zero(at + 2 * stride), v128.load64_zero(at + 3 * stride), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const above = v128.load32_splat(wy), below = v128.load32_splat(wy, 4);
  const left = i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(upper), above), i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(lower), below));
  const right = i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(upper), above), i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(lower), below));
  return i32x4.add(
    i32x4.add(i32x4.mul(left, weight(wx, 0)), i32x4.mul(v128.shuffle<i32>(left, right, 1, 2, 3, 4), weight(wx, 2))),
    i32x4.add(i32x4.mul(v128.shuffle<i32>(left, right, 2, 3, 4, 5), weight(wx, 4)), i32x4.mul(v128.shuffle<i32>(left, right, 3, 4, 5, 6), weight(wx, 6))));
}

// @ts-ignore: decorator
@inline function weight(at: usize, offset: usize): v128 { return i32x4.splat(<i32>load<i16>(at + offset)); }

// A coordinate within the picture in parts of 1/32 sample; never NaN, so that truncation has one meaning on every machine.
// @ts-ignore: decorator
@inline function fine(x: v128, last: v128): v128 { return i32x4.relaxed_trunc_f32x4_s(f32x4.add(f32x4.mul(reflect(x, last), f32x4.splat(32)), f32x4.splat(0.5))); }

// Of coordinates in such parts: offsets into the plane, in samples.
// @ts-ignore: decorator
@inline function places(x: v128, y: v128, stride: i32): v128 { return i32x4.add(i32x4.mul(i32x4.shr_s(y, 5), i32x4.splat(stride)), i32x4.shr_s(x, 5)); }

// Of coordinates in such parts: offsets into the weights.
// @ts-ignore: decorator
@inline function phases(x: v128): v128 { return i32x4.shl(v128.and(x, i32x4.splat(31)), 3); }

// Whether four places follow each other, `step` holding their distances from the first, with one phase.
// @ts-ignore: decorator
@inline function isRun(at: v128, step: v128, px: v128, py: v128): bool {
  const first = i32x4.sub(at, step);
  const apart = v128.or(v128.xor(first, v128.shuffle<i32>(first, first, 0, 0, 0, 0)), v128.or(v128.xor(px, v128.shuffle<i32>(px, px, 0, 0, 0, 0)), v128.xor(py, v128.shuffle<i32>(py, py, 0, 0, 0, 0))));
  return !v128.any_true(apart);
}

// Four bicubic values × 1048576 at (x, y), read at the nearest 1/32 sample; `aim` is room for 48 bytes.
// @ts-ignore: decorator
@inline export function cubics(plane: usize, stride: i32, x: v128, y: v128, lastX: v128, lastY: v128, weights: usize, aim: usize): v128 {
  const qx = fine(x, lastX), qy = fine(y, lastY), at = places(qx, qy, stride), px = phases(qx), py = phases(qy);
  const base = plane + <usize>((PAD - 1) * stride + PAD - 1), s = <usize>stride;
  if (isRun(at, i32x4(0, 1, 2, 3), px, py)) return f32x4.convert_i32x4_s(cubicRun(base + <usize>i32x4.extract_lane(at, 0), s, weights + <usize>i32x4.extract_lane(px, 0), weights + <usize>i32x4.extract_lane(py, 0)));
  v128.store(aim, at);
  v128.store(aim + 16, px);
  v128.store(aim + 32, py);
  const c0 = cubic(base + load<u32>(aim), s, weights + load<u32>(aim, 16), weights + load<u32>(aim, 32));
  const c1 = cubic(base + load<u32>(aim, 4), s, weights + load<u32>(aim, 20), weights + load<u32>(aim, 36));
  const c2 = cubic(base + load<u32>(aim, 8), s, weights + load<u32>(aim, 24), weights + load<u32>(aim, 40));
  const c3 = cubic(base + load<u32>(aim, 12), s, weights + load<u32>(aim, 28), weights + load<u32>(aim, 44));
  return f32x4.convert_i32x4_s(pairs(pairs(c0, c1), pairs(c2, c3)));
}

// The same of 4×4 samples of two bytes each, blue and red: twice their sums, b r b r.
// @ts-ignore: decorator
@inline function cubic2(at: usize, stride: usize, wx: usize, wy: usize): v128 {
  const upper = v128.shuffle<i8>(v128.load64_zero(at), v128.load64_zero(at + stride), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const lower = v128.shuffle<i8>(v128.load64_zero(at + 2 * stride), v128.load64_zero(at + 3 * stride), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const above = v128.load32_splat(wy), below = v128.load32_splat(wy, 4), across = v128.load16x4_s(wx);
  const left = i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(upper), above), i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(lower), below));
  const right = i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(upper), above), i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(lower), below));
  return i32x4.add(i32x4.mul(left, v128.shuffle<i32>(across, across, 0, 0, 1, 1)), i32x4.mul(right, v128.shuffle<i32>(across, across, 2, 2, 3, 3)));
}

// Sums of the halves: a0+a2, a1+a3, b0+b2, b1+b3.
// @ts-ignore: decorator
@inline function halves(a: v128, b: v128): v128 { return i32x4.add(v128.shuffle<i32>(a, b, 0, 1, 4, 5), v128.shuffle<i32>(a, b, 2, 3, 6, 7)); }

// Columns of two bytes, four rows of them summed: b r b r.
// @ts-ignore: decorator
@inline function columnsLow(upper: v128, lower: v128, above: v128, below: v128): v128 { return i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(upper), above), i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(lower), below)); }
// @ts-ignore: decorator
@inline function columnsHigh(upper: v128, lower: v128, above: v128, below: v128): v128 { return i32x4.add(i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(upper), above), i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(lower), below)); }

// Two values of both colours, two places apart, from six columns: b r b r.
// @ts-ignore: decorator
@inline function acrossSix(a: v128, b: v128, c: v128, w0: v128, w1: v128, w2: v128, w3: v128): v128 {
  return i32x4.add(
    i32x4.add(i32x4.mul(v128.shuffle<i32>(a, b, 0, 1, 4, 5), w0), i32x4.mul(v128.shuffle<i32>(a, b, 2, 3, 6, 7), w1)),
    i32x4.add(i32x4.mul(v128.shuffle<i32>(b, c, 0, 1, 4, 5), w2), i32x4.mul(v128.shuffle<i32>(b, c, 2, 3, 6, 7), w3)));
}

// Four values of both colours at every second place with one phase: columns are summed once for all. Left at `out` as by `cubics2`.
// @ts-ignore: decorator
@inline function cubicRun2(at: usize, s: usize, wx: usize, wy: usize, out: usize): void {
  const r0 = v128.load(at), r1 = v128.load(at + s), r2 = v128.load(at + 2 * s), r3 = v128.load(at + 3 * s);
  const upper = v128.shuffle<i8>(r0, r1, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), upperRight = v128.shuffle<i8>(r0, r1, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const lower = v128.shuffle<i8>(r2, r3, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23), lowerRight = v128.shuffle<i8>(r2, r3, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
  const upperEnd = v128.shuffle<i8>(v128.load32_zero(at + 16), v128.load32_zero(at + s + 16), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const lowerEnd = v128.shuffle<i8>(v128.load32_zero(at + 2 * s + 16), v128.load32_zero(at + 3 * s + 16), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
  const above = v128.load32_splat(wy), below = v128.load32_splat(wy, 4);
  const w0 = weight(wx, 0), w1 = weight(wx, 2), w2 = weight(wx, 4), w3 = weight(wx, 6);
  const middle = columnsLow(upperRight, lowerRight, above, below);
  const a = f32x4.convert_i32x4_s(acrossSix(columnsLow(upper, lower, above, below), columnsHigh(upper, lower, above, below), middle, w0, w1, w2, w3));
  const b = f32x4.convert_i32x4_s(acrossSix(middle, columnsHigh(upperRight, lowerRight, above, below), columnsLow(upperEnd, lowerEnd, above, below), w0, w1, w2, w3));
  v128.store(out, v128.shuffle<f32>(a, b, 0, 2, 4, 6));
  v128.store(out + 16, v128.shuffle<f32>(a, b, 1, 3, 5, 7));
}

// Reads both colours at four places: leaves at `out` four values × 1048576 of blue, then of red. `aim` is room for 48 bytes.
// @ts-ignore: decorator
@inline export function cubics2(plane: usize, stride: i32, x: v128, y: v128, lastX: v128, lastY: v128, weights: usize, aim: usize, out: usize): void {
  const qx = fine(x, lastX), qy = fine(y, lastY), at = places(qx, qy, stride), px = phases(qx), py = phases(qy);
  const base = plane + <usize>(2 * ((PAD - 1) * stride + PAD - 1)), s = <usize>stride << 1;
  if (isRun(at, i32x4(0, 2, 4, 6), px, py)) {
    cubicRun2(base + (<usize>i32x4.extract_lane(at, 0) << 1), s, weights + <usize>i32x4.extract_lane(px, 0), weights + <usize>i32x4.extract_lane(py, 0), out);
    return;
  }
  v128.store(aim, at);
  v128.store(aim + 16, px);
  v128.store(aim + 32, py);
  const c0 = cubic2(base + (load<u32>(aim) << 1), s, weights + load<u32>(aim, 16), weights + load<u32>(aim, 32));
  const c1 = cubic2(base + (load<u32>(aim, 4) << 1), s, weights + load<u32>(aim, 20), weights + load<u32>(aim, 36));
  const c2 = cubic2(base + (load<u32>(aim, 8) << 1), s, weights + load<u32>(aim, 24), weights + load<u32>(aim, 40));
  const c3 = cubic2(base + (load<u32>(aim, 12) << 1), s, weights + load<u32>(aim, 28), weights + load<u32>(aim, 44));
  const a = f32x4.convert_i32x4_s(halves(c0, c1)), b = f32x4.convert_i32x4_s(halves(c2, c3));
  v128.store(out, v128.shuffle<f32>(a, b, 0, 2, 4, 6));
  v128.store(out + 16, v128.shuffle<f32>(a, b, 1, 3, 5, 7));
}

// @ts-ignore: decorator
@inline export function tone(value: v128, gain: v128, offset: v128): v128 { return f32x4.add(f32x4.mul(value, gain), offset); }

// @ts-ignore: decorator
@inline export function storeFour(out: usize, a: v128, b: v128, share: v128): void {
  const value = f32x4.add(f32x4.add(a, f32x4.mul(f32x4.sub(b, a), share)), f32x4.splat(0.5));
  // Far from the limits of 32 bits; and what a machine makes of NaN ends as 0 on each.
  const wide = i32x4.relaxed_trunc_f32x4_s(value), narrow = i16x8.narrow_i32x4_s(wide, wide);
  v128.store_lane<u32>(out, i8x16.narrow_i16x8_u(narrow, narrow), 0);
}

export function luma(width: i32, height: i32, first: usize, last: usize, fields: usize, rows: usize, weights: usize,
  firstGain: f32, firstOffset: f32, lastGain: f32, lastOffset: f32, out: usize): void {
  const w2 = width >> 1, h2 = height >> 1, plane = <usize>(w2 * h2) << 2;
  const row = <usize>(width + 32) << 2, scratch = rows + 5 * row + 64, aim = scratch + row;
  const stride = width + 2 * PAD;
  const lastX = f32x4.splat(<f32>(width - 1)), lastY = f32x4.splat(<f32>(height - 1)), two = f32x4.splat(2);
  const gainA = f32x4.splat(firstGain / 1048576), gainB = f32x4.splat(lastGain / 1048576), offsetA = f32x4.splat(firstOffset), offsetB = f32x4.splat(lastOffset);
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
      const a = cubics(first, stride, f32x4.add(fx, f32x4.mul(two, v128.load(at))), f32x4.add(fy, f32x4.mul(two, v128.load(at + row))), lastX, lastY, weights, aim);
      const b = cubics(last, stride, f32x4.add(fx, f32x4.mul(two, v128.load(at + 2 * row))), f32x4.add(fy, f32x4.mul(two, v128.load(at + 3 * row))), lastX, lastY, weights, aim);
      storeFour(out + <usize>(y * width + x), tone(a, gainA, offsetA), tone(b, gainB, offsetB), v128.load(at + 4 * row));
    }
  }
}

// @ts-ignore: decorator
@inline export function bilinears(plane: usize, stride: i32, x: v128, y: v128, lastX: v128, lastY: v128): v128 {
  const cx = reflect(x, lastX), cy = reflect(y, lastY);
  const left = f32x4.floor(cx), top = f32x4.floor(cy);
  const ax = f32x4.sub(cx, left), ay = f32x4.sub(cy, top);
  const at = i32x4.add(i32x4.mul(i32x4.relaxed_trunc_f32x4_s(top), i32x4.splat(stride)), i32x4.relaxed_trunc_f32x4_s(left));
  const base = plane + <usize>(PAD * stride + PAD), s = <usize>stride;
  const at0 = base + <usize>i32x4.extract_lane(at, 0), at1 = base + <usize>i32x4.extract_lane(at, 1), at2 = base + <usize>i32x4.extract_lane(at, 2), at3 = base + <usize>i32x4.extract_lane(at, 3);
  // Two neighbours of two rows for each of four: 32 bits each.
  let q = i32x4.splat(<i32>load<u16>(at0));
  q = v128.load_lane<u16>(at0 + s, q, 1);
  q = v128.load_lane<u16>(at1, q, 2);
  q = v128.load_lane<u16>(at1 + s, q, 3);
  q = v128.load_lane<u16>(at2, q, 4);
  q = v128.load_lane<u16>(at2 + s, q, 5);
  q = v128.load_lane<u16>(at3, q, 6);
  q = v128.load_lane<u16>(at3 + s, q, 7);
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

// Puts four samples of one colour (0 blue, 1 red) together.
// @ts-ignore: decorator
@inline export function storeColour(out: usize, which: usize, first: usize, last: usize, tones: usize, share: v128): void {
  const gains = tones + 16 * which;
  storeFour(out, tone(f32x4.mul(v128.load(first + 16 * which), f32x4.splat(1.0 / 1048576)), v128.load32_splat(gains), v128.load32_splat(gains, 4)), tone(f32x4.mul(v128.load(last + 16 * which), f32x4.splat(1.0 / 1048576)), v128.load32_splat(gains, 8), v128.load32_splat(gains, 12)), share);
}

export function chroma(width: i32, height: i32, first: usize, last: usize, fields: usize, rows: usize, weights: usize, tones: usize, out: usize): void {
  const size = <usize>(width * height), plane = size << 2, stride = 2 * width + 2 * PAD;
  const lastX = f32x4.splat(<f32>(width * 2 - 1)), lastY = f32x4.splat(<f32>(height * 2 - 1));
  const inFirst = rows + 48, inLast = rows + 80;
  for (let y = 0; y < height; y++) {
    const fy = f32x4.splat(<f32>y);
    for (let k = 0; k < width; k += 4) {
      const x = min(k, width - 4);
      const at = fields + (<usize>(y * width + x) << 2);
      const fx = f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
      cubics2(first, stride, twice(fx, v128.load(at)), twice(fy, v128.load(at + plane)), lastX, lastY, weights, rows, inFirst);
      cubics2(last, stride, twice(fx, v128.load(at + 2 * plane)), twice(fy, v128.load(at + 3 * plane)), lastX, lastY, weights, rows, inLast);
      const to = out + <usize>(y * width + x), share = v128.load(at + 4 * plane);
      storeColour(to, 0, inFirst, inLast, tones, share);
      storeColour(to + size, 1, inFirst, inLast, tones, share);
    }
  }
}
