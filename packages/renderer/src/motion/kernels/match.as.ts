// Descriptor matching with SIMD. Contract: ../match/match-kernels.ts; twin and oracle: ../match/plain-match.ts.

const DENSE: i32 = 72;
const FEATURE: i32 = 128;
const AWAY: i32 = 1 << 28;
const SCANS: i32 = 4;
const BETTER: i32 = 6;

// @ts-ignore: decorator
@inline function apart(a: usize, b: usize, offset: usize): v128 {
  const p = v128.load(a + offset), q = v128.load(b + offset);
  return i16x8.extadd_pairwise_i8x16_u(v128.sub<u8>(v128.max<u8>(p, q), v128.min<u8>(p, q)));
}

// @ts-ignore: decorator
@inline function total(sums: v128): i32 {
  const four = i32x4.dot_i16x8_s(sums, i16x8.splat(1));
  const two = i32x4.add(four, v128.shuffle<i32>(four, four, 2, 3, 0, 1));
  return i32x4.extract_lane(two, 0) + i32x4.extract_lane(two, 1);
}

// Sum of absolute differences of two 72-byte descriptors.
// @ts-ignore: decorator
@inline function denseDifference(a: usize, b: usize): i32 {
  let sums = i16x8.add(apart(a, b, 0), apart(a, b, 16));
  sums = i16x8.add(sums, i16x8.add(apart(a, b, 32), apart(a, b, 48)));
  const p = v128.load64_zero(a + 64), q = v128.load64_zero(b + 64);
  sums = i16x8.add(sums, i16x8.extadd_pairwise_i8x16_u(v128.sub<u8>(v128.max<u8>(p, q), v128.min<u8>(p, q))));
  return total(sums);
}

export function exhaustive(from: usize, to: usize, width: i32, height: i32, u: usize, v: usize): void {
  let i: usize = 0;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++, i += 4) {
    const a = from + (i >> 2) * DENSE;
    let best = AWAY, bestU = 0, bestV = 0, b = to;
    for (let ty = 0; ty < height; ty++) {
      const farY = 2 * abs(ty - y);
      for (let tx = 0; tx < width; tx++, b += DENSE) {
        const far = farY + 2 * abs(tx - x);
        if (far >= best) continue;
        const cost = far + denseDifference(a, b);
        if (cost < best) { best = cost; bestU = tx - x; bestV = ty - y; }
      }
    }
    store<i32>(u + i, bestU);
    store<i32>(v + i, bestV);
  }
}

let from_: usize, to_: usize, us: usize, vs: usize, u0: usize, v0: usize, costs: usize;
let width_: i32, height_: i32, reach_: i32, seedX: i32, seedY: i32;
let seed: usize;

// @ts-ignore: decorator
@inline function place(n: i32, step: f64, last: i32): i32 { return min(last, max(0, <i32>Math.floor((<f64>n + 0.5) * step))); }

function evaluate(du: i32, dv: i32): i32 {
  const tx = seedX + du, ty = seedY + dv;
  if (tx < 0 || ty < 0 || tx >= width_ || ty >= height_) return AWAY;
  return denseDifference(from_ + <usize>((seedY * width_ + seedX) * DENSE), to_ + <usize>((ty * width_ + tx) * DENSE));
}

function attempt(at: usize, du: i32, dv: i32): bool {
  if (du == load<i32>(us + at) && dv == load<i32>(vs + at)) return false;
  if (reach_ > 0 && (abs(du - load<i32>(u0 + at)) > reach_ || abs(dv - load<i32>(v0 + at)) > reach_)) return false;
  const found = evaluate(du, dv);
  if (found >= load<i32>(costs + at)) return false;
  store<i32>(costs + at, found);
  store<i32>(us + at, du);
  store<i32>(vs + at, dv);
  return true;
}

export function improve(from: usize, to: usize, width: i32, height: i32, columns: i32, rows: i32, step: f64, reach: i32,
  u: usize, v: usize, startU: usize, startV: usize, cost: usize): void {
  from_ = from; to_ = to; us = u; vs = v; u0 = startU; v0 = startV; costs = cost;
  width_ = width; height_ = height; reach_ = reach;
  const count = columns * rows;
  for (let n = 0; n < count; n++) {
    seedX = place(n % columns, step, width - 1); seedY = place(n / columns, step, height - 1);
    const at = <usize>n << 2;
    store<i32>(cost + at, evaluate(load<i32>(u + at), load<i32>(v + at)));
  }
  for (let scan = 0; scan < SCANS; scan++) {
    const back = scan & 1, side = back ? 1 : -1;
    for (let n = 0; n < count; n++) {
      const index = back ? count - 1 - n : n;
      const at = <usize>index << 2;
      const column = index % columns, row = index / columns;
      seedX = place(column, step, width - 1); seedY = place(row, step, height - 1);
      let changed: bool = scan == 0;
      if (column + side >= 0 && column + side < columns) {
        const next = <usize>(index + side) << 2;
        if (attempt(at, load<i32>(u + next), load<i32>(v + next))) changed = true;
      }
      if (row + side >= 0 && row + side < rows) {
        const next = <usize>(index + side * columns) << 2;
        if (attempt(at, load<i32>(u + next), load<i32>(v + next))) changed = true;
      }
      if (!changed) continue;
      for (let r = 4; r >= 1; r >>= 1) {
        const du = load<i32>(u + at), dv = load<i32>(v + at);
        attempt(at, du + r, dv); attempt(at, du - r, dv); attempt(at, du, dv + r); attempt(at, du, dv - r);
        attempt(at, du + r, dv + r); attempt(at, du + r, dv - r); attempt(at, du - r, dv + r); attempt(at, du - r, dv - r);
      }
    }
  }
}

export function seek(from: usize, fromPlaces: usize, fromCount: i32, to: usize, toPlaces: usize, toCount: i32, width: i32, out: usize): void {
  for (let i = 0; i < fromCount; i++) {
    const start = load<i32>(fromPlaces + (<usize>i << 2));
    const x = start % width, y = start / width;
    const a = from + <usize>start * DENSE;
    let found = load<i32>(out + (<usize>i << 2));
    let best = denseDifference(a, to + <usize>found * DENSE) + 2 * (abs(found % width - x) + abs(found / width - y));
    best = best * BETTER >> 3;
    for (let j = 0; j < toCount; j++) {
      const end = load<i32>(toPlaces + (<usize>j << 2));
      const difference = denseDifference(a, to + <usize>end * DENSE);
      if (difference >= best) continue;
      const cost = difference + 2 * (abs(end % width - x) + abs(end / width - y));
      if (cost < best) { best = cost; found = end; }
    }
    store<i32>(out + (<usize>i << 2), found);
  }
}

export function nearest(from: usize, fromCount: i32, to: usize, toCount: i32, toX: usize, toY: usize, out: usize): void {
  for (let i = 0; i < fromCount; i++) {
    let best = AWAY, second = AWAY, index = -1;
    const a = from + <usize>(i * FEATURE);
    for (let j = 0; j < toCount; j++) {
      const b = to + <usize>(j * FEATURE);
      let sums = i16x8.splat(0);
      for (let k: usize = 0; k < <usize>FEATURE; k += 16) sums = i16x8.add(sums, apart(a, b, k));
      const d = total(sums);
      if (d >= second) continue;
      let near = false;
      if (index >= 0) {
        const dx = load<f32>(toX + (<usize>j << 2)) - load<f32>(toX + (<usize>index << 2));
        const dy = load<f32>(toY + (<usize>j << 2)) - load<f32>(toY + (<usize>index << 2));
        near = dx * dx + dy * dy < 144;
      }
      if (d < best) { if (!near) second = best; best = d; index = j; }
      else if (!near) second = d;
    }
    const at = out + <usize>(12 * i);
    store<i32>(at, index);
    store<i32>(at + 4, best);
    store<i32>(at + 8, second);
  }
}
