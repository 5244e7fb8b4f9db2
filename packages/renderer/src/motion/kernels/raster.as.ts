// Filters of the analysis, with SIMD. Contract: ../raster/kernels.ts; twins and oracles are the functions beside it.
// All but the feedback of `smooth` computes in 64 bits and keeps 32, as those do, and gives the same bits.

// @ts-ignore: decorator
@inline function low(a: v128): v128 { return f64x2.promote_low_f32x4(a); }
// @ts-ignore: decorator
@inline function high(a: v128): v128 { return f64x2.promote_low_f32x4(v128.shuffle<f32>(a, a, 2, 3, 2, 3)); }
// @ts-ignore: decorator
@inline function joined(a: v128, b: v128): v128 { return v128.shuffle<f32>(f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 1, 4, 5); }
// @ts-ignore: decorator
@inline function bytesOf(count: i32): usize { return <usize>count << 2; }

// `row` is room for a row with `radius` samples and four more at either end.
export function blur(width: i32, height: i32, data: usize, scratch: usize, taps: usize, radius: i32, row: usize): void {
  const line = bytesOf(width), inner = row + bytesOf(radius), centre = f64x2.splat(<f64>load<f32>(taps));
  for (let y = 0; y < height; y++) {
    const from = data + <usize>y * line, to = scratch + <usize>y * line;
    memory.copy(inner, from, line);
    const first = load<f32>(from), last = load<f32>(from + line - 4);
    for (let i = 0; i < radius; i++) { store<f32>(row + bytesOf(i), first); store<f32>(inner + line + bytesOf(i), last); }
    for (let k = 0; k < width; k += 4) {
      const x = bytesOf(min(k, width - 4)), at = inner + x;
      let a = f64x2.mul(centre, low(v128.load(at))), b = f64x2.mul(centre, high(v128.load(at)));
      for (let i = 1; i <= radius; i++) {
        const far = bytesOf(i), weight = f64x2.splat(<f64>load<f32>(taps + far));
        const p = v128.load(at - far), q = v128.load(at + far);
        a = f64x2.add(a, f64x2.mul(weight, f64x2.add(low(p), low(q))));
        b = f64x2.add(b, f64x2.mul(weight, f64x2.add(high(p), high(q))));
      }
      v128.store(to + x, joined(a, b));
    }
  }
  for (let y = 0; y < height; y++) {
    const here = scratch + <usize>y * line, to = data + <usize>y * line;
    for (let k = 0; k < width; k += 4) {
      const x = bytesOf(min(k, width - 4));
      let sum = joined(f64x2.mul(centre, low(v128.load(here + x))), f64x2.mul(centre, high(v128.load(here + x))));
      for (let i = 1; i <= radius; i++) {
        const weight = f64x2.splat(<f64>load<f32>(taps + bytesOf(i)));
        const p = v128.load(scratch + <usize>max(0, y - i) * line + x), q = v128.load(scratch + <usize>min(height - 1, y + i) * line + x);
        sum = joined(f64x2.add(low(sum), f64x2.mul(weight, f64x2.add(low(p), low(q)))), f64x2.add(high(sum), f64x2.mul(weight, f64x2.add(high(p), high(q)))));
      }
      v128.store(to + x, sum);
    }
  }
}

// Three boxes after one another; `sums` is room for a row of 64-bit floats.
export function blurWide(width: i32, height: i32, data: usize, scratch: usize, radius: i32, sums: usize): void {
  for (let pass = 0; pass < 3; pass++) {
    boxRows(width, height, data, scratch, radius);
    boxColumns(width, height, scratch, data, radius, sums);
  }
}

// Four rows at once: each sum waits for the one before it.
function boxRows(width: i32, height: i32, from: usize, to: usize, radius: i32): void {
  const line = bytesOf(width), last = width - 1, scale: f64 = 1 / <f64>(2 * radius + 1);
  for (let k = 0; k < height; k += 4) {
    const y = max(0, min(k, height - 4));
    const r0 = from + <usize>y * line, r1 = from + <usize>min(height - 1, y + 1) * line, r2 = from + <usize>min(height - 1, y + 2) * line, r3 = from + <usize>min(height - 1, y + 3) * line;
    const o0 = to + (r0 - from), o1 = to + (r1 - from), o2 = to + (r2 - from), o3 = to + (r3 - from);
    let s0: f64 = 0, s1: f64 = 0, s2: f64 = 0, s3: f64 = 0;
    for (let i = -radius; i <= radius; i++) {
      const x = bytesOf(min(last, max(0, i)));
      s0 += <f64>load<f32>(r0 + x); s1 += <f64>load<f32>(r1 + x); s2 += <f64>load<f32>(r2 + x); s3 += <f64>load<f32>(r3 + x);
    }
    for (let x = 0; x < width; x++) {
      const at = bytesOf(x), entering = bytesOf(min(last, x + radius + 1)), leaving = bytesOf(max(0, x - radius));
      store<f32>(o0 + at, <f32>(s0 * scale)); store<f32>(o1 + at, <f32>(s1 * scale)); store<f32>(o2 + at, <f32>(s2 * scale)); store<f32>(o3 + at, <f32>(s3 * scale));
      s0 += <f64>load<f32>(r0 + entering) - <f64>load<f32>(r0 + leaving);
      s1 += <f64>load<f32>(r1 + entering) - <f64>load<f32>(r1 + leaving);
      s2 += <f64>load<f32>(r2 + entering) - <f64>load<f32>(r2 + leaving);
      s3 += <f64>load<f32>(r3 + entering) - <f64>load<f32>(r3 + leaving);
    }
  }
}

function boxColumns(width: i32, height: i32, from: usize, to: usize, radius: i32, sums: usize): void {
  const line = bytesOf(width), last = height - 1, scale = f64x2.splat(1 / <f64>(2 * radius + 1));
  memory.fill(sums, 0, line << 1);
  for (let i = -radius; i <= radius; i++) {
    const row = from + <usize>min(last, max(0, i)) * line;
    for (let x: usize = 0; x < line; x += 4) store<f64>(sums + (x << 1), load<f64>(sums + (x << 1)) + <f64>load<f32>(row + x));
  }
  for (let y = 0; y < height; y++) {
    const out = to + <usize>y * line, entering = from + <usize>min(last, y + radius + 1) * line, leaving = from + <usize>max(0, y - radius) * line;
    let x: usize = 0;
    for (; x + 16 <= line; x += 16) {
      const at = sums + (x << 1), a = v128.load(at), b = v128.load(at, 16);
      const p = v128.load(entering + x), q = v128.load(leaving + x);
      v128.store(out + x, joined(f64x2.mul(a, scale), f64x2.mul(b, scale)));
      v128.store(at, f64x2.add(a, f64x2.sub(low(p), low(q))));
      v128.store(at, f64x2.add(b, f64x2.sub(high(p), high(q))), 16);
    }
    for (; x < line; x += 4) {
      const at = sums + (x << 1), sum = load<f64>(at);
      store<f32>(out + x, <f32>(sum * f64x2.extract_lane(scale, 0)));
      store<f64>(at, sum + (<f64>load<f32>(entering + x) - <f64>load<f32>(leaving + x)));
    }
  }
}

export function slopes(width: i32, height: i32, data: usize, across: usize, down: usize): void {
  const line = bytesOf(width), half = f32x4.splat(0.5);
  for (let y = 0; y < height; y++) {
    const row = <usize>y * line, from = data + row, above = y > 0 ? line : 0, below = y < height - 1 ? line : 0;
    for (let k = 0; k < width; k += 4) {
      const x = bytesOf(min(k, width - 4));
      // At the ends of a row this takes a neighbour of another row; those two are set right below.
      v128.store(across + row + x, f32x4.mul(half, f32x4.sub(v128.load(from + x + 4), v128.load(from + x - 4))));
      v128.store(down + row + x, f32x4.mul(half, f32x4.sub(v128.load(from + x + below), v128.load(from + x - above))));
    }
    store<f32>(across + row, <f32>0.5 * (load<f32>(from + 4) - load<f32>(from)));
    store<f32>(across + row + line - 4, <f32>0.5 * (load<f32>(from + line - 4) - load<f32>(from + line - 8)));
  }
}

// `row` is room for three rows with one sample more at either end, and four.
export function median(width: i32, height: i32, data: usize, out: usize, row: usize): void {
  const line = bytesOf(width), wide = line + 32;
  for (let y = 0; y < height; y++) {
    for (let j = 0; j < 3; j++) {
      const from = data + <usize>max(0, min(height - 1, y + j - 1)) * line, to = row + <usize>j * wide;
      store<f32>(to, load<f32>(from));
      memory.copy(to + 4, from, line);
      store<f32>(to + 4 + line, load<f32>(from + line - 4));
    }
    for (let k = 0; k < width; k += 4) {
      const x = bytesOf(min(k, width - 4)), at = row + x;
      v128.store(out + <usize>y * line + x, medianOfNine(v128.load(at), v128.load(at, 4), v128.load(at, 8), v128.load(at + wide), v128.load(at + wide, 4), v128.load(at + wide, 8), v128.load(at + 2 * wide), v128.load(at + 2 * wide, 4), v128.load(at + 2 * wide, 8)));
    }
  }
}

// @ts-ignore: decorator
@inline function less(a: v128, b: v128): v128 { return f32x4.pmin(a, b); }
// @ts-ignore: decorator
@inline function more(a: v128, b: v128): v128 { return f32x4.pmax(a, b); }

// The middle of nine values: that of the largest of the columns' least, the middle of their middles, and the least of their largest.
// @ts-ignore: decorator
@inline function medianOfNine(a: v128, b: v128, c: v128, d: v128, e: v128, f: v128, g: v128, h: v128, i: v128): v128 {
  const largestOfLeast = more(more(least(a, d, g), least(b, e, h)), least(c, f, i));
  const leastOfLargest = less(less(largest(a, d, g), largest(b, e, h)), largest(c, f, i));
  return middle(largestOfLeast, middle(middle(a, d, g), middle(b, e, h), middle(c, f, i)), leastOfLargest);
}
// @ts-ignore: decorator
@inline function least(a: v128, b: v128, c: v128): v128 { return less(less(a, b), c); }
// @ts-ignore: decorator
@inline function largest(a: v128, b: v128, c: v128): v128 { return more(more(a, b), c); }
// @ts-ignore: decorator
@inline function middle(a: v128, b: v128, c: v128): v128 { return more(less(a, b), less(more(a, b), c)); }

export function edges(width: i32, height: i32, luma: usize, blue: usize, red: usize, across: usize, down: usize): void {
  const line = bytesOf(width);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
    const at = <usize>y * line + bytesOf(x);
    store<f32>(across + at, x > 0 ? difference(luma + at, blue + at, red + at, 4) : 0);
    store<f32>(down + at, y > 0 ? difference(luma + at, blue + at, red + at, line) : 0);
  }
}

// @ts-ignore: decorator
@inline function difference(luma: usize, blue: usize, red: usize, back: usize): f32 {
  const y = abs(<f64>load<f32>(luma) - <f64>load<f32>(luma - back)), u = abs(<f64>load<f32>(blue) - <f64>load<f32>(blue - back)), v = abs(<f64>load<f32>(red) - <f64>load<f32>(red - back));
  return <f32>(3 * y + u + v);
}

// `channels` planes after one another, each filled up to 16 bytes, are smoothed; the edge distances become their feedback.
export function smooth(width: i32, height: i32, data: usize, channels: i32, across: usize, down: usize, decay: f32, ratio: f32, passes: i32): void {
  const size = (<usize>height * bytesOf(width) + 15) & ~15;
  feedback(across, size, decay, ratio);
  feedback(down, size, decay, ratio);
  for (let pass = 0; pass < passes; pass++) {
    if (pass > 0) { square(across, size); square(down, size); }
    for (let c = 0; c < channels; c++) smoothRows(data + <usize>c * size, across, width, height);
    for (let c = 0; c < channels; c++) smoothColumns(data + <usize>c * size, down, width, height);
  }
}

// exp(decay × (1 + ratio × distance)): a whole power of two, and a polynomial for the rest.
function feedback(at: usize, size: usize, decay: f32, ratio: f32): void {
  const one = f32x4.splat(1), scale = f32x4.splat(decay * <f32>1.44269504), least = f32x4.splat(-120), ratios = f32x4.splat(ratio);
  for (let i = at; i < at + size; i += 16) {
    const power = f32x4.pmax(least, f32x4.mul(scale, f32x4.add(one, f32x4.mul(ratios, v128.load(i)))));
    const whole = f32x4.nearest(power), x = f32x4.sub(power, whole);
    // 2^x for -0.5..0.5, to seven digits: the series of exp(x ln 2).
    let sum = f32x4.add(f32x4.splat(<f32>1.33335581e-3), f32x4.mul(x, f32x4.splat(<f32>1.54035304e-4)));
    sum = f32x4.add(f32x4.splat(<f32>9.61812911e-3), f32x4.mul(x, sum));
    sum = f32x4.add(f32x4.splat(<f32>5.55041087e-2), f32x4.mul(x, sum));
    sum = f32x4.add(f32x4.splat(<f32>2.40226507e-1), f32x4.mul(x, sum));
    sum = f32x4.add(f32x4.splat(<f32>6.93147181e-1), f32x4.mul(x, sum));
    sum = f32x4.add(one, f32x4.mul(x, sum));
    v128.store(i, f32x4.mul(sum, i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23)));
  }
}

function square(at: usize, size: usize): void {
  for (let i = at; i < at + size; i += 16) { const value = v128.load(i); v128.store(i, f32x4.mul(value, value)); }
}

// @ts-ignore: decorator
@inline function towards(carried: f64, data: usize, keep: usize): f64 {
  const value = <f64>load<f32>(data), next = value + <f64>load<f32>(keep) * (carried - value);
  store<f32>(data, <f32>next);
  return next;
}

// There and back along four rows at once: each sample waits for the one before it.
function smoothRows(data: usize, keep: usize, width: i32, height: i32): void {
  const line = bytesOf(width), end = line - 4;
  let y = 0;
  for (; y + 4 <= height; y += 4) {
    const d0 = data + <usize>y * line, d1 = d0 + line, d2 = d1 + line, d3 = d2 + line, k0 = keep + <usize>y * line, k1 = k0 + line, k2 = k1 + line, k3 = k2 + line;
    let c0 = <f64>load<f32>(d0), c1 = <f64>load<f32>(d1), c2 = <f64>load<f32>(d2), c3 = <f64>load<f32>(d3);
    for (let x: usize = 4; x < line; x += 4) { c0 = towards(c0, d0 + x, k0 + x); c1 = towards(c1, d1 + x, k1 + x); c2 = towards(c2, d2 + x, k2 + x); c3 = towards(c3, d3 + x, k3 + x); }
    for (let x = end; x >= 4; ) { const from = x; x -= 4; c0 = towards(c0, d0 + x, k0 + from); c1 = towards(c1, d1 + x, k1 + from); c2 = towards(c2, d2 + x, k2 + from); c3 = towards(c3, d3 + x, k3 + from); }
  }
  for (; y < height; y++) {
    const d = data + <usize>y * line, k = keep + <usize>y * line;
    let c = <f64>load<f32>(d);
    for (let x: usize = 4; x < line; x += 4) c = towards(c, d + x, k + x);
    for (let x = end; x >= 4; ) { const from = x; x -= 4; c = towards(c, d + x, k + from); }
  }
}

// @ts-ignore: decorator
@inline function towardsFour(data: usize, other: usize, keep: usize): void {
  const value = v128.load(data), from = v128.load(other), k = v128.load(keep);
  v128.store(data, joined(
    f64x2.add(low(value), f64x2.mul(low(k), f64x2.sub(low(from), low(value)))),
    f64x2.add(high(value), f64x2.mul(high(k), f64x2.sub(high(from), high(value))))));
}

// @ts-ignore: decorator
@inline function towardsOne(data: usize, other: usize, keep: usize): void {
  const value = <f64>load<f32>(data);
  store<f32>(data, <f32>(value + <f64>load<f32>(keep) * (<f64>load<f32>(other) - value)));
}

function smoothColumns(data: usize, keep: usize, width: i32, height: i32): void {
  const line = bytesOf(width), size = <usize>height * line, fours = line & ~15;
  for (let row = line; row < size; row += line) {
    let x: usize = row;
    for (; x < row + fours; x += 16) towardsFour(data + x, data + x - line, keep + x);
    for (; x < row + line; x += 4) towardsOne(data + x, data + x - line, keep + x);
  }
  for (let row = size - line; row >= line; ) {
    const below = row;
    row -= line;
    let x: usize = 0;
    for (; x < fours; x += 16) towardsFour(data + row + x, data + below + x, keep + below + x);
    for (; x < line; x += 4) towardsOne(data + row + x, data + below + x, keep + below + x);
  }
}

// Four places of a raster: byte offsets of the samples up and left of them, and the shares of those to the right and below.
let place0: usize, place1: usize, place2: usize, place3: usize, below_: usize;
let shareX: v128, shareY: v128;

// @ts-ignore: decorator
@inline function aim(width: i32, height: i32, x: v128, y: v128): void {
  const zero = f32x4.splat(0);
  // The order of arguments makes 0 of NaN.
  const cx = f32x4.pmin(f32x4.pmax(zero, x), f32x4.splat(<f32>(width - 1))), cy = f32x4.pmin(f32x4.pmax(zero, y), f32x4.splat(<f32>(height - 1)));
  const left = i32x4.min_s(i32x4.trunc_sat_f32x4_s(cx), i32x4.splat(width - 2)), top = i32x4.min_s(i32x4.trunc_sat_f32x4_s(cy), i32x4.splat(max(0, height - 2)));
  shareX = f32x4.sub(cx, f32x4.convert_i32x4_s(left));
  shareY = f32x4.sub(cy, f32x4.convert_i32x4_s(top));
  const at = i32x4.shl(i32x4.add(i32x4.mul(top, i32x4.splat(width)), left), 2);
  place0 = <usize>i32x4.extract_lane(at, 0); place1 = <usize>i32x4.extract_lane(at, 1); place2 = <usize>i32x4.extract_lane(at, 2); place3 = <usize>i32x4.extract_lane(at, 3);
  below_ = height > 1 ? bytesOf(width) : 0;
}

// @ts-ignore: decorator
@inline function across(p0: usize, p1: usize, p2: usize, p3: usize): v128 {
  const a = v128.load64_lane(p1, v128.load64_zero(p0), 1), b = v128.load64_lane(p3, v128.load64_zero(p2), 1);
  const left = v128.shuffle<f32>(a, b, 0, 2, 4, 6);
  return f32x4.add(left, f32x4.mul(shareX, f32x4.sub(v128.shuffle<f32>(a, b, 1, 3, 5, 7), left)));
}

// A plane's values at the four places, bilinear.
// @ts-ignore: decorator
@inline function read(plane: usize): v128 {
  const p0 = plane + place0, p1 = plane + place1, p2 = plane + place2, p3 = plane + place3, d = below_;
  const upper = across(p0, p1, p2, p3);
  return f32x4.add(upper, f32x4.mul(shareY, f32x4.sub(across(p0 + d, p1 + d, p2 + d, p3 + d), upper)));
}

// @ts-ignore: decorator
@inline function apart(plane: usize, own: usize): v128 { return f32x4.abs(f32x4.sub(read(plane), v128.load(own))); }

// @ts-ignore: decorator
@inline function distance(x: v128, y: v128): v128 { return f32x4.sqrt(f32x4.add(f32x4.mul(x, x), f32x4.mul(y, y))); }

// Both pictures: luma, blue, red, slope across and down, `plane` bytes apart.
export function misfit(width: i32, height: i32, plane: usize, from: usize, to: usize, u: usize, v: usize, worst: f32, slopeWeight: f32, beyond: f32, out: usize): void {
  const half = f32x4.splat(0.5), limit = f32x4.splat(worst), two = f32x4.splat(2), slope = f32x4.splat(slopeWeight), before = f32x4.splat(-1);
  const endX = f32x4.splat(<f32>width), endY = f32x4.splat(<f32>height), far = f32x4.splat(beyond);
  for (let y = 0; y < height; y++) for (let k = 0; k < width; k += 4) {
    const x = min(k, width - 4), at = bytesOf(y * width + x), own = from + at;
    const tx = f32x4.add(f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3)), v128.load(u + at)), ty = f32x4.add(f32x4.splat(<f32>y), v128.load(v + at));
    aim(width, height, tx, ty);
    const colour = f32x4.add(apart(to, own), f32x4.mul(half, f32x4.add(apart(to + plane, own + plane), apart(to + 2 * plane, own + 2 * plane))));
    const slopes = f32x4.mul(two, f32x4.add(apart(to + 3 * plane, own + 3 * plane), apart(to + 4 * plane, own + 4 * plane)));
    const error = f32x4.add(f32x4.pmin(limit, colour), f32x4.mul(slope, f32x4.pmin(limit, slopes)));
    const outside = v128.or(v128.or(f32x4.lt(tx, before), f32x4.lt(ty, before)), v128.or(f32x4.gt(tx, endX), f32x4.gt(ty, endY)));
    v128.store(out + at, v128.bitselect(far, error, outside));
  }
}

export function roundTrip(width: i32, height: i32, u: usize, v: usize, backU: usize, backV: usize, out: usize): void {
  for (let y = 0; y < height; y++) for (let k = 0; k < width; k += 4) {
    const x = min(k, width - 4), at = bytesOf(y * width + x), du = v128.load(u + at), dv = v128.load(v + at);
    aim(width, height, f32x4.add(f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3)), du), f32x4.add(f32x4.splat(<f32>y), dv));
    v128.store(out + at, distance(f32x4.add(du, read(backU)), f32x4.add(dv, read(backV))));
  }
}

// @ts-ignore: decorator
@inline function row3(m: usize, k: usize, x: v128, y: v128): v128 { return f32x4.add(f32x4.add(f32x4.mul(v128.load32_splat(m + k), x), f32x4.mul(v128.load32_splat(m + k + 4), y)), v128.load32_splat(m + k + 8)); }

// Both pictures: luma, blue, red, `plane` bytes apart; `maps` two matrices of 32-bit floats, there and back.
export function compare(width: i32, height: i32, plane: usize, from: usize, to: usize, u: usize, v: usize, backU: usize, backV: usize, maps: usize, scale: f32, perSample: f32, colour: usize, trip: usize, outside: usize): void {
  const w: f32 = <f32>width, h: f32 = <f32>height, half = f32x4.splat(0.5), zero = f32x4.splat(0), one = f32x4.splat(1), back = maps + 36;
  const leastX = f32x4.splat(-w), mostX = f32x4.splat(2 * w), leastY = f32x4.splat(-h), mostY = f32x4.splat(2 * h), lastX = f32x4.splat(w - 1), lastY = f32x4.splat(h - 1);
  for (let y = 0; y < height; y++) for (let k = 0; k < width; k += 4) {
    const x = min(k, width - 4), at = bytesOf(y * width + x), own = from + at;
    const fx = f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3)), fy = f32x4.splat(<f32>y);
    const mx = f32x4.add(fx, v128.load(u + at)), my = f32x4.add(fy, v128.load(v + at)), depth = f32x4.div(one, row3(maps, 24, mx, my));
    const tx = f32x4.pmin(f32x4.pmax(leastX, f32x4.mul(row3(maps, 0, mx, my), depth)), mostX), ty = f32x4.pmin(f32x4.pmax(leastY, f32x4.mul(row3(maps, 12, mx, my), depth)), mostY);
    aim(width, height, tx, ty);
    v128.store(colour + at, f32x4.add(apart(to, own), f32x4.mul(half, f32x4.add(apart(to + plane, own + plane), apart(to + 2 * plane, own + 2 * plane)))));
    const bx = f32x4.add(tx, read(backU)), by = f32x4.add(ty, read(backV)), near = f32x4.div(one, row3(back, 24, bx, by));
    const missed = distance(f32x4.sub(f32x4.mul(row3(back, 0, bx, by), near), fx), f32x4.sub(f32x4.mul(row3(back, 12, bx, by), near), fy));
    const length = distance(f32x4.sub(tx, fx), f32x4.sub(ty, fy));
    v128.store(trip + at, f32x4.div(missed, f32x4.add(f32x4.splat(scale), f32x4.mul(f32x4.splat(perSample), length))));
    const away = v128.or(v128.or(f32x4.lt(tx, zero), f32x4.lt(ty, zero)), v128.or(f32x4.gt(tx, lastX), f32x4.gt(ty, lastY)));
    v128.store(outside + at, v128.and(away, one));
  }
}
