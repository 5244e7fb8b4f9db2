// Dense inverse search on one raster, with SIMD. Contract: ../search/descend-kernels.ts; twin and oracle: ../search/plain-descend.ts.

const PATCH: i32 = 8;
const STRIDE: i32 = 4;
const AREA: f32 = 64;
const MARGIN: i32 = 16;
const FIRST_STEPS: i32 = 10;
const SECOND_STEPS: i32 = 5;
const LONGEST_WALK: f32 = 8;
const DAMPING: f32 = 64 * 0.06;

let from_: usize, slopeX: usize, slopeY: usize, padded: usize, us: usize, vs: usize, costs: usize;
let width_: i32, height_: i32, wide: i32, high: i32;
// The patch at hand: its upper left sample, and the sums over it.
let patchX: i32, patchY: i32;
let meanX: f32, meanY: f32, inverseXX: f32, inverseXY: f32, inverseYY: f32;
// Where the last `cost` says that there is less.
let towardsX: f32, towardsY: f32;
// The best of a descent.
let bestU: f32, bestV: f32, best: f32;

// @ts-ignore: decorator
@inline function plus(a: v128, b: v128): v128 { return f32x4.add(a, b); }
// @ts-ignore: decorator
@inline function times(a: v128, b: v128): v128 { return f32x4.mul(a, b); }

// Four sums of four each.
// @ts-ignore: decorator
@inline function totals(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = plus(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = plus(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return plus(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

// @ts-ignore: decorator
@inline function position(n: i32, length: i32): i32 { return min(length - PATCH, n * STRIDE); }

export function descend(width: i32, height: i32, from: usize, to: usize, u: usize, v: usize, scratch: usize): void {
  const size = <usize>(width * height) << 2;
  width_ = width; height_ = height; wide = width + 2 * MARGIN; high = height + 2 * MARGIN;
  const across = (width - PATCH + STRIDE - 1) / STRIDE + 1, down = (height - PATCH + STRIDE - 1) / STRIDE + 1;
  const count = across * down;
  from_ = from; slopeX = scratch; slopeY = scratch + size; padded = scratch + 2 * size;
  us = padded + (<usize>(wide * high) << 2); vs = us + (<usize>count << 2); costs = vs + (<usize>count << 2);
  slopes();
  pad(to);
  for (let row = 0, at: usize = 0; row < down; row++) for (let column = 0; column < across; column++, at += 4) {
    aim(position(column, width), position(row, height));
    const centre = <usize>((patchY + PATCH / 2) * width + patchX + PATCH / 2) << 2;
    const startU = load<f32>(u + centre), startV = load<f32>(v + centre);
    store<f32>(us + at, startU);
    store<f32>(vs + at, startV);
    store<f32>(costs + at, cost(startU, startV));
    if (column > 0) adopt(at - 4, at);
    if (row > 0) adopt(at - (<usize>across << 2), at);
    walk(at, FIRST_STEPS);
  }
  for (let row = down - 1, at = <usize>(count - 1) << 2; row >= 0; row--) for (let column = across - 1; column >= 0; column--, at -= 4) {
    aim(position(column, width), position(row, height));
    let better = false;
    if (column < across - 1) better = adopt(at + 4, at);
    if (row < down - 1) better = adopt(at + (<usize>across << 2), at) || better;
    if (better) walk(at, SECOND_STEPS);
  }
  spread(across, down, u, v, scratch);
}

// Central differences, one-sided at the borders.
function slopes(): void {
  for (let y = 0; y < height_; y++) {
    const base = from_ + (<usize>(y * width_) << 2), out = <usize>(y * width_) << 2;
    const above = y > 0 ? <usize>width_ << 2 : 0, below = y < height_ - 1 ? <usize>width_ << 2 : 0, half = f32x4.splat(0.5);
    for (let k = 0; k < width_; k += 4) {
      const x = <usize>min(k, width_ - 4) << 2;
      // Beside the ends of the row this takes a neighbour of another row; those two are set right below.
      v128.store(slopeX + out + x, times(half, f32x4.sub(v128.load(base + x + 4), v128.load(base + x - 4))));
      v128.store(slopeY + out + x, times(half, f32x4.sub(v128.load(base + x + below), v128.load(base + x - above))));
    }
    const last = <usize>(width_ - 1) << 2;
    store<f32>(slopeX + out, <f32>0.5 * (load<f32>(base + 4) - load<f32>(base)));
    store<f32>(slopeX + out + last, <f32>0.5 * (load<f32>(base + last) - load<f32>(base + last - 4)));
  }
}

// A copy with MARGIN replicated samples on every side.
function pad(to: usize): void {
  const line = <usize>wide << 2, row = <usize>width_ << 2;
  for (let y = 0; y < height_; y++) {
    const source = to + <usize>y * row, out = padded + <usize>(y + MARGIN) * line;
    const left = load<f32>(source), right = load<f32>(source + row - 4);
    for (let x: usize = 0; x < <usize>MARGIN << 2; x += 4) { store<f32>(out + x, left); store<f32>(out + ((<usize>MARGIN) << 2) + row + x, right); }
    memory.copy(out + (<usize>MARGIN << 2), source, row);
  }
  for (let y = 0; y < MARGIN; y++) {
    memory.copy(padded + <usize>y * line, padded + <usize>MARGIN * line, line);
    memory.copy(padded + <usize>(MARGIN + height_ + y) * line, padded + <usize>(MARGIN + height_ - 1) * line, line);
  }
}

// Chooses the patch whose upper left sample is (x, y) and sums over it.
function aim(x: i32, y: i32): void {
  patchX = x; patchY = y;
  let sx = f32x4.splat(0), sy = f32x4.splat(0), sxx = f32x4.splat(0), sxy = f32x4.splat(0), syy = f32x4.splat(0);
  let at = <usize>(y * width_ + x) << 2;
  for (let j = 0; j < PATCH; j++, at += <usize>width_ << 2) for (let i: usize = 0; i < 32; i += 16) {
    const gx = v128.load(slopeX + at + i), gy = v128.load(slopeY + at + i);
    sx = plus(sx, gx); sy = plus(sy, gy);
    sxx = plus(sxx, times(gx, gx)); sxy = plus(sxy, times(gx, gy)); syy = plus(syy, times(gy, gy));
  }
  const sums = totals(sx, sy, sxx, sxy), rest = totals(syy, syy, syy, syy);
  const sumX = f32x4.extract_lane(sums, 0), sumY = f32x4.extract_lane(sums, 1);
  meanX = sumX / AREA; meanY = sumY / AREA;
  // A flat patch tells nothing about its motion: the damping holds it where it started.
  const xx = f32x4.extract_lane(sums, 2) - sumX * meanX + DAMPING, xy = f32x4.extract_lane(sums, 3) - sumX * meanY, yy = f32x4.extract_lane(rest, 0) - sumY * meanY + DAMPING;
  const determinant = xx * yy - xy * xy;
  inverseXX = yy / determinant; inverseXY = -xy / determinant; inverseYY = xx / determinant;
}

// The squared difference at displacement (u, v) after removal of the mean; sets the direction downhill.
function cost(u: f32, v: f32): f32 {
  // The order of arguments makes 0 of NaN.
  const px = min<f32>(<f32>(wide - PATCH - 2), max<f32>(0, <f32>(patchX + MARGIN) + u)), py = min<f32>(<f32>(high - PATCH - 2), max<f32>(0, <f32>(patchY + MARGIN) + v));
  const left = <i32>px, top = <i32>py;
  const ax = px - <f32>left, ay = py - <f32>top;
  const w11 = f32x4.splat(ax * ay), w10 = f32x4.splat(ay - ax * ay), w01 = f32x4.splat(ax - ax * ay), w00 = f32x4.splat(1 - ax - (ay - ax * ay));
  let at = padded + (<usize>(top * wide + left) << 2), here = <usize>(patchY * width_ + patchX) << 2;
  const line = <usize>wide << 2, row = <usize>width_ << 2;
  let a = v128.load(at), aNext = v128.load(at, 4), b = v128.load(at, 16), bNext = v128.load(at, 20);
  let sum = f32x4.splat(0), squares = f32x4.splat(0), bx = f32x4.splat(0), by = f32x4.splat(0);
  for (let j = 0; j < PATCH; j++) {
    at += line;
    const c = v128.load(at), cNext = v128.load(at, 4), d = v128.load(at, 16), dNext = v128.load(at, 20);
    const r = f32x4.sub(plus(plus(times(w00, a), times(w01, aNext)), plus(times(w10, c), times(w11, cNext))), v128.load(from_ + here));
    const q = f32x4.sub(plus(plus(times(w00, b), times(w01, bNext)), plus(times(w10, d), times(w11, dNext))), v128.load(from_ + here, 16));
    sum = plus(sum, plus(r, q));
    squares = plus(squares, plus(times(r, r), times(q, q)));
    bx = plus(bx, plus(times(r, v128.load(slopeX + here)), times(q, v128.load(slopeX + here, 16))));
    by = plus(by, plus(times(r, v128.load(slopeY + here)), times(q, v128.load(slopeY + here, 16))));
    a = c; aNext = cNext; b = d; bNext = dNext;
    here += row;
  }
  const sums = totals(sum, squares, bx, by), total = f32x4.extract_lane(sums, 0);
  towardsX = f32x4.extract_lane(sums, 2) - total * meanX;
  towardsY = f32x4.extract_lane(sums, 3) - total * meanY;
  return f32x4.extract_lane(sums, 1) - total * total / AREA;
}

// Takes a neighbour's displacement if that fits better.
function adopt(neighbour: usize, at: usize): bool {
  const u = load<f32>(us + neighbour), v = load<f32>(vs + neighbour);
  if (abs(u - load<f32>(us + at)) + abs(v - load<f32>(vs + at)) < <f32>0.1) return false;
  const found = cost(u, v);
  if (found >= load<f32>(costs + at)) return false;
  store<f32>(costs + at, found);
  store<f32>(us + at, u);
  store<f32>(vs + at, v);
  return true;
}

// Walks a patch downhill from where it is.
function walk(at: usize, steps: i32): void {
  const u = load<f32>(us + at), v = load<f32>(vs + at);
  bestU = u; bestV = v; best = cost(u, v);
  let nextU = u, nextV = v;
  for (let step = 0; step < steps; step++) {
    const du = inverseXX * towardsX + inverseXY * towardsY, dv = inverseXY * towardsX + inverseYY * towardsY;
    nextU -= du; nextV -= dv;
    if (abs(nextU - u) + abs(nextV - v) > LONGEST_WALK) break;
    const found = cost(nextU, nextV);
    if (found >= best) break;
    best = found; bestU = nextU; bestV = nextV;
    if (du * du + dv * dv < <f32>4e-4) break;
  }
  store<f32>(us + at, bestU);
  store<f32>(vs + at, bestV);
  store<f32>(costs + at, best);
}

// Every sample averages the patches that cover it, those that fit it best most.
function spread(across: i32, down: i32, u: usize, v: usize, weights: usize): void {
  const size = <usize>(width_ * height_) << 2, line = <usize>wide << 2, row = <usize>width_ << 2, one = f32x4.splat(1);
  memory.fill(u, 0, size);
  memory.fill(v, 0, size);
  memory.fill(weights, 0, size);
  for (let r = 0, p: usize = 0; r < down; r++) for (let c = 0; c < across; c++, p += 4) {
    const x = position(c, width_), y = position(r, height_), patchU = load<f32>(us + p), patchV = load<f32>(vs + p);
    const px = min<f32>(<f32>(wide - PATCH - 2), max<f32>(0, <f32>(x + MARGIN) + patchU)), py = min<f32>(<f32>(high - PATCH - 2), max<f32>(0, <f32>(y + MARGIN) + patchV));
    const left = <i32>px, top = <i32>py, ax = f32x4.splat(px - <f32>left), ay = f32x4.splat(py - <f32>top);
    const uuuu = f32x4.splat(patchU), vvvv = f32x4.splat(patchV);
    let at = padded + (<usize>(top * wide + left) << 2), here = <usize>(y * width_ + x) << 2;
    for (let j = 0; j < PATCH; j++, at += line, here += row) for (let i: usize = 0; i < 32; i += 16) {
      const a = v128.load(at + i), c0 = v128.load(at + i + line);
      const upper = plus(a, times(ax, f32x4.sub(v128.load(at + i, 4), a))), lower = plus(c0, times(ax, f32x4.sub(v128.load(at + i + line, 4), c0)));
      const difference = f32x4.sub(plus(upper, times(ay, f32x4.sub(lower, upper))), v128.load(from_ + here + i));
      const weight = f32x4.div(one, f32x4.pmax(one, f32x4.abs(difference)));
      const to = here + i;
      v128.store(u + to, plus(v128.load(u + to), times(weight, uuuu)));
      v128.store(v + to, plus(v128.load(v + to), times(weight, vvvv)));
      v128.store(weights + to, plus(v128.load(weights + to), weight));
    }
  }
  for (let at: usize = 0; at < size; at += 16) {
    const weight = v128.load(weights + at);
    v128.store(u + at, f32x4.div(v128.load(u + at), weight));
    v128.store(v + at, f32x4.div(v128.load(v + at), weight));
  }
}
