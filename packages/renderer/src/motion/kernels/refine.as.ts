// Variational refinement with SIMD. Contract: ../search/refine-kernels.ts; twin and oracle: ../search/plain-refine.ts.
//
// Every plane has a row more above and below. Of each row the even samples lie together, then the odd ones, with four floats
// of room before, between and behind: a sweep changes all even samples of a row, then all odd ones, so four at once are four
// that count, and none is read that has just been written.

const SMOOTHNESS: f32 = 20;
const BRIGHTNESS: f32 = 5;
const SLOPE: f32 = 10;
const ZETA_SQUARED: f32 = 0.01;
const EPSILON_SQUARED: f32 = 1e-6;
const RELAXATION: f32 = 1.6;

// Bytes of a plane and of a row of it; of its odd samples from the even ones on; and half a row's samples, filled up to fours.
let plane: usize, row: usize, odd: usize, line: usize;

// @ts-ignore: decorator
@inline function plus(a: v128, b: v128): v128 { return f32x4.add(a, b); }
// @ts-ignore: decorator
@inline function minus(a: v128, b: v128): v128 { return f32x4.sub(a, b); }
// @ts-ignore: decorator
@inline function times(a: v128, b: v128): v128 { return f32x4.mul(a, b); }

function measure(width: i32, height: i32): void {
  line = <usize>((((width + 1) >> 1) + 3) & ~3) << 2;
  odd = line + 16;
  row = 2 * line + 48;
  plane = row * <usize>(height + 2);
}

// Where sample x of row y of a plane lies.
// @ts-ignore: decorator
@inline function sample(start: usize, x: i32, y: i32): usize { return start + <usize>(y + 1) * row + 16 + (<usize>(x >> 1) << 2) + (x & 1 ? odd : 0); }

// Continues the rows of a plane by one replicated sample to the right.
function replicate(start: usize, width: i32, height: i32): void {
  for (let y = 0; y < height; y++) store<f32>(sample(start, width, y), load<f32>(sample(start, width - 1, y)));
}

// Improves the flow; see the contract for the places of pictures and flow.
export function refine(width: i32, height: i32, base: usize, iterations: i32, sweeps: i32): void {
  measure(width, height);
  prepare(width, height, base);
  for (let i = 0; i < iterations; i++) {
    weigh(width, height, base);
    linearise(width, height, base);
    // Sweep after sweep, but each follows the one before it at a distance of one row: what they need stays in the cache.
    for (let front = 1; front < height + sweeps; front++) {
      for (let y = front; y > front - sweeps; y--) if (y > 0 && y <= height) relax(base + <usize>y * row + 16);
    }
  }
  finish(width, height, base);
}

// Puts the flow and the slopes of the pictures into their planes.
function prepare(width: i32, height: i32, base: usize): void {
  const from = base + 6 * plane, to = base + 7 * plane, u = base + 8 * plane, v = base + 9 * plane;
  memory.fill(base, 0, 6 * plane);
  memory.fill(base + 11 * plane, 0, 9 * plane);
  const mean = base + 19 * plane, change = base + 13 * plane;
  const lastX = f32x4.splat(<f32>(width - 1)), lastY = f32x4.splat(<f32>(height - 1)), zero = f32x4.splat(0), half = f32x4.splat(0.5);
  const leftmost = i32x4.splat(max(0, width - 2)), topmost = i32x4.splat(max(0, height - 2)), wide = i32x4.splat(width);
  const next: usize = width > 1 ? 4 : 0, below: usize = height > 1 ? <usize>width << 2 : 0;
  for (let y = 0; y < height; y++) {
    const fy = f32x4.splat(<f32>y);
    for (let k = 0; k < width; k += 4) {
      const at = <usize>(y * width + k) << 2;
      const du = v128.load(u + at), dv = v128.load(v + at);
      const fx = plus(f32x4.splat(<f32>k), f32x4(0, 1, 2, 3));
      // The order of arguments makes 0 of NaN.
      const cx = f32x4.pmin(f32x4.pmax(zero, plus(fx, du)), lastX), cy = f32x4.pmin(f32x4.pmax(zero, plus(fy, dv)), lastY);
      const left = i32x4.min_s(i32x4.trunc_sat_f32x4_s(cx), leftmost), top = i32x4.min_s(i32x4.trunc_sat_f32x4_s(cy), topmost);
      const ax = minus(cx, f32x4.convert_i32x4_s(left)), ay = minus(cy, f32x4.convert_i32x4_s(top));
      const place = i32x4.shl(i32x4.add(i32x4.mul(top, wide), left), 2);
      const p0 = to + <usize>i32x4.extract_lane(place, 0), p1 = to + <usize>i32x4.extract_lane(place, 1), p2 = to + <usize>i32x4.extract_lane(place, 2), p3 = to + <usize>i32x4.extract_lane(place, 3);
      const upper = between(p0, p1, p2, p3, next, ax), lower = between(p0 + below, p1 + below, p2 + below, p3 + below, next, ax);
      const warped = plus(upper, times(ay, minus(lower, upper))), here = v128.load(from + at);
      const count = min(4, width - k);
      put(sample(base, k, y), du, count);
      put(sample(base + plane, k, y), dv, count);
      put(sample(mean, k, y), times(half, plus(here, warped)), count);
      put(sample(change, k, y), minus(warped, here), count);
    }
  }
  slopes(width, height, mean, base + 11 * plane, base + 12 * plane);
  slopes(width, height, base + 11 * plane, base + 14 * plane, base + 15 * plane);
  slopes(width, height, base + 12 * plane, 0, base + 16 * plane);
  slopes(width, height, change, base + 17 * plane, base + 18 * plane);
}

// Four values between those at four places and their neighbours to the right.
// @ts-ignore: decorator
@inline function between(p0: usize, p1: usize, p2: usize, p3: usize, next: usize, share: v128): v128 {
  let a = v128.load32_zero(p0), b = v128.load32_zero(p0 + next);
  a = v128.load32_lane(p1, a, 1); b = v128.load32_lane(p1 + next, b, 1);
  a = v128.load32_lane(p2, a, 2); b = v128.load32_lane(p2 + next, b, 2);
  a = v128.load32_lane(p3, a, 3); b = v128.load32_lane(p3 + next, b, 3);
  return plus(a, times(share, minus(b, a)));
}

// Puts up to four neighbours, the first of them even, to their places.
// @ts-ignore: decorator
@inline function put(at: usize, value: v128, count: i32): void {
  if (count == 4) {
    const apart = v128.shuffle<f32>(value, value, 0, 2, 1, 3);
    v128.store64_lane(at, apart, 0);
    v128.store64_lane(at + odd, apart, 1);
    return;
  }
  store<f32>(at, f32x4.extract_lane(value, 0));
  if (count > 1) store<f32>(at + odd, f32x4.extract_lane(value, 1));
  if (count > 2) store<f32>(at + 4, f32x4.extract_lane(value, 2));
}

// Central differences, one-sided at the borders; of `x` 0 none across.
function slopes(width: i32, height: i32, from: usize, x: usize, y: usize): void {
  const half = f32x4.splat(0.5);
  replicate(from, width, height);
  for (let r = 0; r < height; r++) {
    const start = <usize>(r + 1) * row + 16, above = r > 0 ? row : 0, below = r < height - 1 ? row : 0;
    const here = from + start;
    // The sample left of the first even one is the last place before the odd ones.
    store<f32>(here + odd - 4, load<f32>(here));
    for (let i: usize = 0; i < line; i += 16) {
      if (x != 0) {
        v128.store(x + start + i, times(half, minus(v128.load(here + i + odd), v128.load(here + i + odd - 4))));
        v128.store(x + start + i + odd, times(half, minus(v128.load(here + i + 4), v128.load(here + i))));
      }
      v128.store(y + start + i, times(half, minus(v128.load(here + i + below), v128.load(here + i - above))));
      v128.store(y + start + i + odd, times(half, minus(v128.load(here + i + odd + below), v128.load(here + i + odd - above))));
    }
  }
}

// The weight of every link between neighbours from the present slope of the flow.
function weigh(width: i32, height: i32, base: usize): void {
  const across = base + 4 * plane, down = base + 5 * plane, point = base + 19 * plane, half = f32x4.splat(0.5);
  for (let which: usize = 0; which < 4; which++) {
    replicate(base + which * plane, width, height);
    memory.copy(base + which * plane + <usize>(height + 1) * row, base + which * plane + <usize>height * row, row);
  }
  for (let y = 1; y <= height; y++) {
    const start = <usize>y * row + 16;
    for (let i: usize = 0; i < line; i += 16) {
      steepness(base + start + i, base + start + i + odd, point + start + i);
      steepness(base + start + i + odd, base + start + i + 4, point + start + i + odd);
    }
  }
  for (let y = 1; y <= height; y++) {
    const start = <usize>y * row + 16;
    for (let i = start; i < start + line; i += 16) {
      const even = v128.load(point + i), uneven = v128.load(point + i + odd);
      v128.store(across + i, times(half, plus(even, uneven)));
      v128.store(across + i + odd, times(half, plus(uneven, v128.load(point + i + 4))));
      v128.store(down + i, times(half, plus(even, v128.load(point + i + row))));
      v128.store(down + i + odd, times(half, plus(uneven, v128.load(point + i + odd + row))));
    }
    // No links out of the picture.
    for (let x = width - 1; x < <i32>(line >> 1); x++) {
      store<f32>(sample(across, x, y - 1), 0);
      if (x >= width) store<f32>(sample(down, x, y - 1), 0);
    }
  }
  memory.fill(down + <usize>height * row, 0, row);
}

// What a link weighs at four samples; their neighbours to the right lie at `right`.
// @ts-ignore: decorator
@inline function steepness(at: usize, right: usize, out: usize): void {
  const dus = 2 * plane, v = plane, dvs = 3 * plane;
  const here = plus(v128.load(at), v128.load(at + dus)), there = plus(v128.load(at + v), v128.load(at + dvs));
  const ux = minus(plus(v128.load(right), v128.load(right + dus)), here), uy = minus(plus(v128.load(at + row), v128.load(at + row + dus)), here);
  const vx = minus(plus(v128.load(right + v), v128.load(right + dvs)), there), vy = minus(plus(v128.load(at + row + v), v128.load(at + row + dvs)), there);
  const sum = plus(plus(times(ux, ux), times(uy, uy)), plus(plus(times(vx, vx), times(vy, vy)), f32x4.splat(EPSILON_SQUARED)));
  v128.store(out, f32x4.div(f32x4.splat(SMOOTHNESS), f32x4.sqrt(sum)));
}

// The pictures' equations, weighted for the present increment.
function linearise(width: i32, height: i32, base: usize): void {
  for (let y = 1; y <= height; y++) {
    const start = base + <usize>y * row + 16;
    for (let i: usize = 0; i < line; i += 16) {
      equations(start + i);
      equations(start + i + odd);
    }
  }
}

// @ts-ignore: decorator
@inline function equations(at: usize): void {
  const zeta = f32x4.splat(ZETA_SQUARED), epsilon = f32x4.splat(EPSILON_SQUARED), one = f32x4.splat(1);
  const u = v128.load(at + 2 * plane), v = v128.load(at + 3 * plane);
  const px = v128.load(at + 11 * plane), py = v128.load(at + 12 * plane), pt = v128.load(at + 13 * plane);
  const norm = f32x4.div(one, plus(plus(times(px, px), times(py, py)), zeta));
  const residual = plus(plus(pt, times(px, u)), times(py, v));
  const brightness = f32x4.div(times(f32x4.splat(BRIGHTNESS), norm), f32x4.sqrt(plus(times(times(residual, residual), norm), epsilon)));
  const pxx = v128.load(at + 14 * plane), pxy = v128.load(at + 15 * plane), pyy = v128.load(at + 16 * plane);
  const pxt = v128.load(at + 17 * plane), pyt = v128.load(at + 18 * plane);
  const cross = times(pxy, pxy);
  const normX = f32x4.div(one, plus(plus(times(pxx, pxx), cross), zeta)), normY = f32x4.div(one, plus(plus(times(pyy, pyy), cross), zeta));
  const rx = plus(plus(pxt, times(pxx, u)), times(pxy, v)), ry = plus(plus(pyt, times(pxy, u)), times(pyy, v));
  const slope = f32x4.div(f32x4.splat(SLOPE), f32x4.sqrt(plus(plus(times(times(rx, rx), normX), times(times(ry, ry), normY)), epsilon)));
  const sx = times(slope, normX), sy = times(slope, normY);
  const bx = times(brightness, px), by = times(brightness, py);
  const sxx = times(sx, pxx), sxy = times(sy, pxy), mixed = times(sx, pxy), syy = times(sy, pyy);
  v128.store(at + 6 * plane, plus(times(bx, px), plus(times(sxx, pxx), times(sxy, pxy))));
  v128.store(at + 7 * plane, plus(times(bx, py), plus(times(sxx, pxy), times(sxy, pyy))));
  v128.store(at + 8 * plane, plus(times(by, py), plus(times(mixed, pxy), times(syy, pyy))));
  v128.store(at + 9 * plane, plus(times(bx, pt), plus(times(sxx, pxt), times(sxy, pyt))));
  v128.store(at + 10 * plane, plus(times(by, pt), plus(times(mixed, pxt), times(syy, pyt))));
}

// One row's part of an over-relaxed Gauss-Seidel sweep; `at` is its first even sample.
function relax(at: usize): void {
  for (let i = at; i < at + line; i += 16) settle(i, i + odd, i + odd - 4, i + 4 * plane + odd - 4);
  for (let i = at + odd; i < at + odd + line; i += 16) settle(i, i - odd + 4, i - odd, i + 4 * plane - odd);
}

// Four samples; their neighbours lie at `right` and `left`, the weight of their links to the left at `link`.
// @ts-ignore: decorator
@inline function settle(at: usize, right: usize, left: usize, link: usize): void {
  const v = plane, dus = 2 * plane, dvs = 3 * plane;
  const omega = f32x4.splat(RELAXATION), keep = f32x4.splat(1 - RELAXATION), tiny = f32x4.splat(1e-9);
  const east = v128.load(at + 4 * plane), west = v128.load(link), south = v128.load(at + 5 * plane), north = v128.load(at + 5 * plane - row);
  const total = plus(plus(east, west), plus(south, north));
  const sumU = plus(
    plus(times(east, plus(v128.load(right), v128.load(right + dus))), times(west, plus(v128.load(left), v128.load(left + dus)))),
    plus(times(south, plus(v128.load(at + row), v128.load(at + row + dus))), times(north, plus(v128.load(at - row), v128.load(at - row + dus)))));
  const sumV = plus(
    plus(times(east, plus(v128.load(right + v), v128.load(right + dvs))), times(west, plus(v128.load(left + v), v128.load(left + dvs)))),
    plus(times(south, plus(v128.load(at + row + v), v128.load(at + row + dvs))), times(north, plus(v128.load(at - row + v), v128.load(at - row + dvs)))));
  const rightU = minus(minus(sumU, times(total, v128.load(at))), v128.load(at + 9 * plane));
  const rightV = minus(minus(sumV, times(total, v128.load(at + v))), v128.load(at + 10 * plane));
  const m11 = plus(v128.load(at + 6 * plane), total), m12 = v128.load(at + 7 * plane), m22 = plus(v128.load(at + 8 * plane), total);
  const inverse = f32x4.div(omega, plus(minus(times(m11, m22), times(m12, m12)), tiny));
  v128.store(at + dus, plus(times(keep, v128.load(at + dus)), times(inverse, minus(times(m22, rightU), times(m12, rightV)))));
  v128.store(at + dvs, plus(times(keep, v128.load(at + dvs)), times(inverse, minus(times(m11, rightV), times(m12, rightU)))));
}

// Writes the improved flow where the flow came from.
function finish(width: i32, height: i32, base: usize): void {
  const change = 2 * plane;
  for (let which: usize = 0; which < 2; which++) {
    const flow = base + which * plane;
    let out = base + (8 + which) * plane;
    for (let y = 0; y < height; y++) {
      let x = 0;
      for (; x + 8 <= width; x += 8, out += 32) {
        const at = sample(flow, x, y);
        const even = plus(v128.load(at), v128.load(at + change)), uneven = plus(v128.load(at + odd), v128.load(at + odd + change));
        v128.store(out, v128.shuffle<f32>(even, uneven, 0, 4, 1, 5));
        v128.store(out + 16, v128.shuffle<f32>(even, uneven, 2, 6, 3, 7));
      }
      for (; x < width; x++, out += 4) {
        const at = sample(flow, x, y);
        store<f32>(out, load<f32>(at) + load<f32>(at + change));
      }
    }
  }
}
