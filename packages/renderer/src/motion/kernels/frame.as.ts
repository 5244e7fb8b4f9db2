// Carrying motion to the time of a frame, with SIMD. Contract: ../render/kernels.ts; twins: ../render/{splat,resolve,combine,mix}.ts.

const HOLE: f32 = 3e-4;
const THIN: f32 = 1e-3;
const FLOOR: f32 = 0.02;
const UNSEEN: f32 = 0.25;
const FRONT: f32 = 63;
const APART: f32 = 1.0 / 64;

// @ts-ignore: decorator
@inline function add(at: usize, value: v128, weight: f32): void {
  v128.store(at, f32x4.add(v128.load(at), f32x4.mul(value, f32x4.splat(weight))));
}

// How much more motions count that differ from the rest of the picture's, four at once.
// @ts-ignore: decorator
@inline function fronts(u: v128, v: v128, restU: f32, restV: f32): v128 {
  const du = f32x4.sub(u, f32x4.splat(restU)), dv = f32x4.sub(v, f32x4.splat(restV)), one = f32x4.splat(1);
  const apart = f32x4.mul(f32x4.add(f32x4.mul(du, du), f32x4.mul(dv, dv)), f32x4.splat(APART));
  return f32x4.add(one, f32x4.mul(f32x4.splat(FRONT), f32x4.pmin(one, apart)));
}

// @ts-ignore: decorator
@inline function front(u: f32, v: f32, restU: f32, restV: f32): f32 {
  const du = u - restU, dv = v - restV;
  return 1 + FRONT * min<f32>(1, (du * du + dv * dv) * APART);
}

export function splat(width: i32, height: i32, u: usize, v: usize, z: usize, matrix: usize, share: f32, restU: f32, restV: f32, sums: usize): void {
  const affine = load<f32>(matrix, 24) == 0 && load<f32>(matrix, 28) == 0 && load<f32>(matrix, 32) == 1;
  const zero = f32x4.splat(0), one = f32x4.splat(1), far = f32x4.splat(share);
  const innerX = f32x4.splat(<f32>(width - 1)), innerY = f32x4.splat(<f32>(height - 1));
  memory.fill(sums, 0, <usize>(width * height) << 4);
  const row = <usize>width << 4;
  for (let y = 0; y < height; y++) {
    let x = 0, i = <usize>(y * width) << 2;
    for (; x + 4 <= width; x += 4, i += 16) {
      const ru = v128.load(u + i), rv = v128.load(v + i), zz = v128.load(z + i);
      const px = f32x4.add(f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3)), f32x4.mul(far, ru)), py = f32x4.add(f32x4.splat(<f32>y), f32x4.mul(far, rv));
      let tx = projective(matrix, 0, px, py), ty = projective(matrix, 12, px, py);
      if (!affine) { const d = f32x4.div(one, projective(matrix, 24, px, py)); tx = f32x4.mul(tx, d); ty = f32x4.mul(ty, d); }
      const inside = v128.and(v128.and(f32x4.ge(tx, zero), f32x4.lt(tx, innerX)), v128.and(f32x4.ge(ty, zero), f32x4.lt(ty, innerY)));
      if (!i32x4.all_true(inside)) {
        for (let k = 0; k < 4; k++) { const at = i + (<usize>k << 2); splatOne(width, height, x + k, y, load<f32>(u + at), load<f32>(v + at), load<f32>(z + at), matrix, affine, share, restU, restV, sums); }
        continue;
      }
      const left = f32x4.floor(tx), top = f32x4.floor(ty), ax = f32x4.sub(tx, left), ay = f32x4.sub(ty, top);
      const at = i32x4.shl(i32x4.add(i32x4.mul(i32x4.trunc_sat_f32x4_s(top), i32x4.splat(width)), i32x4.trunc_sat_f32x4_s(left)), 4);
      const weight = f32x4.mul(f32x4.add(zz, f32x4.splat(1e-3)), fronts(ru, rv, restU, restV)), upper = f32x4.mul(weight, f32x4.sub(one, ay)), lower = f32x4.mul(weight, ay), bx = f32x4.sub(one, ax);
      const w0 = f32x4.mul(upper, bx), w1 = f32x4.mul(upper, ax), w2 = f32x4.mul(lower, bx), w3 = f32x4.mul(lower, ax);
      const uvLow = v128.shuffle<f32>(ru, rv, 0, 4, 1, 5), uvHigh = v128.shuffle<f32>(ru, rv, 2, 6, 3, 7), zLow = v128.shuffle<f32>(zz, one, 0, 4, 1, 5), zHigh = v128.shuffle<f32>(zz, one, 2, 6, 3, 7);
      addSquare(sums + <usize>i32x4.extract_lane(at, 0), row, v128.shuffle<f32>(uvLow, zLow, 0, 1, 4, 5), v128.shuffle<f32>(w0, w0, 0, 0, 0, 0), v128.shuffle<f32>(w1, w1, 0, 0, 0, 0), v128.shuffle<f32>(w2, w2, 0, 0, 0, 0), v128.shuffle<f32>(w3, w3, 0, 0, 0, 0));
      addSquare(sums + <usize>i32x4.extract_lane(at, 1), row, v128.shuffle<f32>(uvLow, zLow, 2, 3, 6, 7), v128.shuffle<f32>(w0, w0, 1, 1, 1, 1), v128.shuffle<f32>(w1, w1, 1, 1, 1, 1), v128.shuffle<f32>(w2, w2, 1, 1, 1, 1), v128.shuffle<f32>(w3, w3, 1, 1, 1, 1));
      addSquare(sums + <usize>i32x4.extract_lane(at, 2), row, v128.shuffle<f32>(uvHigh, zHigh, 0, 1, 4, 5), v128.shuffle<f32>(w0, w0, 2, 2, 2, 2), v128.shuffle<f32>(w1, w1, 2, 2, 2, 2), v128.shuffle<f32>(w2, w2, 2, 2, 2, 2), v128.shuffle<f32>(w3, w3, 2, 2, 2, 2));
      addSquare(sums + <usize>i32x4.extract_lane(at, 3), row, v128.shuffle<f32>(uvHigh, zHigh, 2, 3, 6, 7), v128.shuffle<f32>(w0, w0, 3, 3, 3, 3), v128.shuffle<f32>(w1, w1, 3, 3, 3, 3), v128.shuffle<f32>(w2, w2, 3, 3, 3, 3), v128.shuffle<f32>(w3, w3, 3, 3, 3, 3));
    }
    for (; x < width; x++, i += 4) splatOne(width, height, x, y, load<f32>(u + i), load<f32>(v + i), load<f32>(z + i), matrix, affine, share, restU, restV, sums);
  }
}

// Adds a sample to the four places around it.
// @ts-ignore: decorator
@inline function addSquare(at: usize, row: usize, value: v128, w0: v128, w1: v128, w2: v128, w3: v128): void {
  v128.store(at, f32x4.add(v128.load(at), f32x4.mul(value, w0)));
  v128.store(at + 16, f32x4.add(v128.load(at + 16), f32x4.mul(value, w1)));
  v128.store(at + row, f32x4.add(v128.load(at + row), f32x4.mul(value, w2)));
  v128.store(at + row + 16, f32x4.add(v128.load(at + row + 16), f32x4.mul(value, w3)));
}

// A sample that may fall on the border or outside.
function splatOne(width: i32, height: i32, x: i32, y: i32, ru: f32, rv: f32, zz: f32, matrix: usize, affine: bool, share: f32, restU: f32, restV: f32, sums: usize): void {
  const px = <f32>x + share * ru, py = <f32>y + share * rv;
  let tx = load<f32>(matrix) * px + load<f32>(matrix, 4) * py + load<f32>(matrix, 8), ty = load<f32>(matrix, 12) * px + load<f32>(matrix, 16) * py + load<f32>(matrix, 20);
  if (!affine) { const d: f32 = 1 / (load<f32>(matrix, 24) * px + load<f32>(matrix, 28) * py + load<f32>(matrix, 32)); tx *= d; ty *= d; }
  if (!(tx > -1 && ty > -1 && tx < <f32>width && ty < <f32>height)) return;
  const left = Mathf.floor(tx), top = Mathf.floor(ty);
  const ax = tx - left, ay = ty - top;
  const cx = <i32>left, cy = <i32>top;
  const weight = (zz + <f32>1e-3) * front(ru, rv, restU, restV);
  const value = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(1), 0, ru), 1, rv), 2, zz);
  const w0 = weight * (1 - ay), w1 = weight * ay, row = <usize>width << 4;
  const at = sums + (<usize>(cy * width + cx) << 4);
  const inLeft = cx >= 0, inRight = cx + 1 < width;
  if (cy >= 0) { if (inLeft) add(at, value, w0 * (1 - ax)); if (inRight) add(at + 16, value, w0 * ax); }
  if (cy + 1 < height) { if (inLeft) add(at + row, value, w1 * (1 - ax)); if (inRight) add(at + row + 16, value, w1 * ax); }
}

export function resolve(width: i32, height: i32, restU: f32, restV: f32, sums: usize, pyramid: usize): void {
  const end = sums + (<usize>(width * height) << 4);
  const one = f32x4.splat(1), few = f32x4.splat(5e-4);
  let holes = 0, at = sums;
  for (; at + 64 <= end; at += 64) {
    const a = v128.load(at), b = v128.load(at + 16), c = v128.load(at + 32), d = v128.load(at + 48);
    const low = v128.shuffle<f32>(a, b, 2, 6, 3, 7), high = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const weight = v128.shuffle<f32>(low, high, 2, 3, 6, 7);
    if (v128.any_true(f32x4.lt(weight, f32x4.splat(HOLE)))) { for (let k: usize = 0; k < 64; k += 16) holes += resolveOne(at + k, restU, restV); continue; }
    const scale = f32x4.div(one, weight), z = f32x4.mul(v128.shuffle<f32>(low, high, 0, 1, 4, 5), scale);
    const trust = v128.bitselect(f32x4.mul(f32x4.mul(z, weight), f32x4.splat(2000)), z, f32x4.lt(weight, few));
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5), cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const ahead = fronts(f32x4.mul(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), scale), f32x4.mul(v128.shuffle<f32>(ab, cd, 2, 3, 6, 7), scale), restU, restV);
    const density = f32x4.div(weight, f32x4.mul(f32x4.add(z, f32x4.splat(1e-3)), ahead));
    const known = f32x4.pmax(f32x4.splat(THIN), f32x4.pmin(one, f32x4.sub(f32x4.add(density, density), f32x4.splat(0.5))));
    const left = v128.shuffle<f32>(trust, known, 0, 4, 1, 5), right = v128.shuffle<f32>(trust, known, 2, 6, 3, 7);
    v128.store(at, v128.shuffle<f32>(f32x4.mul(a, v128.shuffle<f32>(scale, scale, 0, 0, 0, 0)), left, 0, 1, 4, 5));
    v128.store(at + 16, v128.shuffle<f32>(f32x4.mul(b, v128.shuffle<f32>(scale, scale, 1, 1, 1, 1)), left, 0, 1, 6, 7));
    v128.store(at + 32, v128.shuffle<f32>(f32x4.mul(c, v128.shuffle<f32>(scale, scale, 2, 2, 2, 2)), right, 0, 1, 4, 5));
    v128.store(at + 48, v128.shuffle<f32>(f32x4.mul(d, v128.shuffle<f32>(scale, scale, 3, 3, 3, 3)), right, 0, 1, 6, 7));
  }
  for (; at < end; at += 16) holes += resolveOne(at, restU, restV);
  if (holes > 0 && holes < width * height) fill(width, height, sums, pyramid);
}

// One sample; whether it is a hole.
function resolveOne(at: usize, restU: f32, restV: f32): i32 {
  const weight = load<f32>(at, 12);
  if (weight < HOLE) { v128.store(at, f32x4.splat(0)); return 1; }
  const scaled = f32x4.mul(v128.load(at), f32x4.splat(1 / weight));
  v128.store(at, scaled);
  if (weight < <f32>5e-4) store<f32>(at + 8, f32x4.extract_lane(scaled, 2) * weight * 2000);
  const density = weight / ((f32x4.extract_lane(scaled, 2) + <f32>1e-3) * front(f32x4.extract_lane(scaled, 0), f32x4.extract_lane(scaled, 1), restU, restV));
  store<f32>(at + 12, max<f32>(THIN, min<f32>(1, density + density - <f32>0.5)));
  return 0;
}

// One level of pull-push.
function fill(width: i32, height: i32, fine: usize, coarse: usize): void {
  if (width <= 1 && height <= 1) return;
  const w2 = (width + 1) >> 1, h2 = (height + 1) >> 1;
  const size = <usize>(w2 * h2) << 4;
  let holes = 0, to = coarse;
  for (let y = 0; y < height; y += 2) {
    const upper = fine + (<usize>(y * width) << 4), lower = upper + (y + 1 < height ? <usize>width << 4 : 0);
    for (let x = 0; x < width; x += 2, to += 16) {
      const at = <usize>x << 4, next = at + (x + 1 < width ? 16 : 0);
      let sum = known(upper + at);
      if (next != at) sum = f32x4.add(sum, known(upper + next));
      if (lower != upper) { sum = f32x4.add(sum, known(lower + at)); if (next != at) sum = f32x4.add(sum, known(lower + next)); }
      const count = f32x4.extract_lane(sum, 3);
      if (count == 0) holes++; else sum = f32x4.mul(sum, f32x4.splat(1 / count));
      v128.store(to, sum);
    }
  }
  if (holes > 0) fill(w2, h2, coarse, coarse + size);
  let at = fine;
  for (let y = 0; y < height; y++) {
    const sy: f32 = (<f32>y - 0.5) * 0.5, fy = Mathf.floor(sy), ay = sy - fy, y0 = <i32>fy;
    const upper = max(0, y0) * w2, lower = min(h2 - 1, y0 + 1) * w2;
    for (let x = 0; x < width; x++, at += 16) {
      if (load<f32>(at + 12) > 0) continue;
      const sx: f32 = (<f32>x - 0.5) * 0.5, fx = Mathf.floor(sx), ax = sx - fx, x0 = <i32>fx;
      const left = max(0, x0), right = min(w2 - 1, x0 + 1);
      const a = v128.load(coarse + (<usize>(upper + left) << 4)), b = v128.load(coarse + (<usize>(upper + right) << 4));
      const c = v128.load(coarse + (<usize>(lower + left) << 4)), d = v128.load(coarse + (<usize>(lower + right) << 4));
      const kx = f32x4.splat(ax), ky = f32x4.splat(ay);
      const p = f32x4.add(a, f32x4.mul(kx, f32x4.sub(b, a))), q = f32x4.add(c, f32x4.mul(kx, f32x4.sub(d, c)));
      v128.store(at, f32x4.replace_lane(f32x4.replace_lane(f32x4.add(p, f32x4.mul(ky, f32x4.sub(q, p))), 2, 0), 3, 0));
    }
  }
}

// A known sample, counted once; nothing of a hole.
// @ts-ignore: decorator
@inline function known(at: usize): v128 {
  const value = v128.load(at), weight = v128.shuffle<f32>(value, value, 3, 3, 3, 3);
  return v128.and(f32x4.replace_lane(value, 3, 1), f32x4.gt(weight, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline export function visible(x: v128, y: v128, lastX: v128, lastY: v128): v128 {
  const inside = f32x4.pmin(f32x4.pmin(x, f32x4.sub(lastX, x)), f32x4.pmin(y, f32x4.sub(lastY, y)));
  const ramp = f32x4.add(f32x4.mul(f32x4.add(inside, f32x4.splat(0.5)), f32x4.splat(0.5)), f32x4.splat(0.25));
  return f32x4.pmin(f32x4.splat(1), f32x4.pmax(f32x4.splat(0.002), ramp));
}

// @ts-ignore: decorator
@inline export function projective(m: usize, k: usize, x: v128, y: v128): v128 {
  return f32x4.add(f32x4.add(f32x4.mul(f32x4.splat(load<f32>(m + k)), x), f32x4.mul(f32x4.splat(load<f32>(m + k + 4)), y)), f32x4.splat(load<f32>(m + k + 8)));
}

// Rises from an eighth at the picture's border to 1 at a sixteenth of its width inside it.
// @ts-ignore: decorator
@inline export function margin(x: v128, y: v128, lastX: v128, lastY: v128): v128 {
  const inside = f32x4.pmin(f32x4.pmin(x, f32x4.sub(lastX, x)), f32x4.pmin(y, f32x4.sub(lastY, y)));
  const ramp = f32x4.div(f32x4.mul(inside, f32x4.splat(16)), lastX);
  return f32x4.pmin(f32x4.splat(1), f32x4.pmax(f32x4.splat(0.125), ramp));
}

// How much the word of four samples counts that nothing vouches for.
// @ts-ignore: decorator
@inline export function seen(at: usize): v128 {
  const known = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(load<f32>(at + 12)), 1, load<f32>(at + 28)), 2, load<f32>(at + 44)), 3, load<f32>(at + 60));
  return f32x4.add(f32x4.splat(UNSEEN), f32x4.mul(f32x4.splat(1 - UNSEEN), known));
}

export function combine(width: i32, height: i32, firstSums: usize, lastSums: usize, firstMatrix: usize, lastMatrix: usize, s: f32, fields: usize): void {
  const plane = <usize>(width * height) << 2;
  const lastX = f32x4.splat(<f32>(width - 1)), lastY = f32x4.splat(<f32>(height - 1));
  const one = f32x4.splat(1), floor = f32x4.splat(FLOOR), gone = f32x4.splat(s), left = f32x4.splat(1 - s);
  for (let y = 0; y < height; y++) {
    const fy = f32x4.splat(<f32>y);
    for (let k = 0; k < width; k += 4) {
      const x = min(k, width - 4);
      const fx = f32x4.add(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
      const at = <usize>(y * width + x);
      const a = firstSums + (at << 4), b = lastSums + (at << 4);
      const a0 = v128.load(a), a1 = v128.load(a + 16), a2 = v128.load(a + 32), a3 = v128.load(a + 48);
      const b0 = v128.load(b), b1 = v128.load(b + 16), b2 = v128.load(b + 32), b3 = v128.load(b + 48);
      const al = v128.shuffle<f32>(a0, a1, 0, 4, 1, 5), ah = v128.shuffle<f32>(a2, a3, 0, 4, 1, 5);
      const bl = v128.shuffle<f32>(b0, b1, 0, 4, 1, 5), bh = v128.shuffle<f32>(b2, b3, 0, 4, 1, 5);
      const za = v128.shuffle<f32>(v128.shuffle<f32>(a0, a1, 2, 6, 2, 6), v128.shuffle<f32>(a2, a3, 2, 6, 2, 6), 0, 1, 4, 5);
      const zb = v128.shuffle<f32>(v128.shuffle<f32>(b0, b1, 2, 6, 2, 6), v128.shuffle<f32>(b2, b3, 2, 6, 2, 6), 0, 1, 4, 5);
      const da = f32x4.div(one, projective(firstMatrix, 24, fx, fy)), db = f32x4.div(one, projective(lastMatrix, 24, fx, fy));
      const ax = f32x4.sub(f32x4.mul(projective(firstMatrix, 0, fx, fy), da), f32x4.mul(gone, v128.shuffle<f32>(al, ah, 0, 1, 4, 5)));
      const ay = f32x4.sub(f32x4.mul(projective(firstMatrix, 12, fx, fy), da), f32x4.mul(gone, v128.shuffle<f32>(al, ah, 2, 3, 6, 7)));
      const bx = f32x4.sub(f32x4.mul(projective(lastMatrix, 0, fx, fy), db), f32x4.mul(left, v128.shuffle<f32>(bl, bh, 0, 1, 4, 5)));
      const by = f32x4.sub(f32x4.mul(projective(lastMatrix, 12, fx, fy), db), f32x4.mul(left, v128.shuffle<f32>(bl, bh, 2, 3, 6, 7)));
      const wa = f32x4.mul(f32x4.mul(left, visible(ax, ay, lastX, lastY)), f32x4.add(za, f32x4.mul(floor, seen(a))));
      const wb = f32x4.mul(f32x4.mul(gone, visible(bx, by, lastX, lastY)), f32x4.add(zb, f32x4.mul(floor, seen(b))));
      const out = fields + (at << 2);
      v128.store(out, f32x4.sub(ax, fx));
      v128.store(out + plane, f32x4.sub(ay, fy));
      v128.store(out + 2 * plane, f32x4.sub(bx, fx));
      v128.store(out + 3 * plane, f32x4.sub(by, fy));
      v128.store(out + 4 * plane, f32x4.div(wb, f32x4.add(wa, wb)));
    }
  }
}

let linear_: usize, gamma_: usize, share_: f32;

// @ts-ignore: decorator
@inline function light(value: f32): f32 { return load<f32>(linear_ + (<usize>max(0, min(255, <i32>value)) << 2)); }
// @ts-ignore: decorator
@inline function channel(a: f32, b: f32): f32 {
  const la = light(a), lb = light(b);
  return <f32>load<u8>(gamma_ + <usize>((la + share_ * (lb - la)) * 4095 + 0.5));
}

export function mix(width: i32, height: i32, first: usize, last: usize, share: f32, toLinear: usize, fromLinear: usize, out: usize): void {
  linear_ = toLinear; gamma_ = fromLinear; share_ = share;
  const size = <usize>(width * height), colour = size >> 2;
  let c = size;
  for (let y = 0; y < height; y += 2) for (let x = 0; x < width; x += 2, c++) {
    const ua: f32 = <f32>load<u8>(first + c) - 128, va: f32 = <f32>load<u8>(first + colour + c) - 128;
    const ub: f32 = <f32>load<u8>(last + c) - 128, vb: f32 = <f32>load<u8>(last + colour + c) - 128;
    const ra: f32 = 1.792741 * va, ga: f32 = -0.213249 * ua - 0.532909 * va, ba: f32 = 2.112402 * ua;
    const rb: f32 = 1.792741 * vb, gb: f32 = -0.213249 * ub - 0.532909 * vb, bb: f32 = 2.112402 * ub;
    let sumU: f32 = 0, sumV: f32 = 0;
    for (let corner = 0; corner < 4; corner++) {
      const at = <usize>((y + (corner >> 1)) * width + x + (corner & 1));
      const ya: f32 = (<f32>load<u8>(first + at) - 16) * 1.164384 + 0.5, yb: f32 = (<f32>load<u8>(last + at) - 16) * 1.164384 + 0.5;
      const red = channel(ya + ra, yb + rb), green = channel(ya + ga, yb + gb), blue = channel(ya + ba, yb + bb);
      const bright: f32 = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      store<u8>(out + at, <u8><i32>(bright * 0.858824 + 16.5));
      sumU += blue - bright;
      sumV += red - bright;
    }
    store<u8>(out + c, <u8><i32>(128.5 + 0.118349 * sumU));
    store<u8>(out + colour + c, <u8><i32>(128.5 + 0.139452 * sumV));
  }
}
