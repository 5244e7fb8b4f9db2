// Carrying motion to the time of a frame, with SIMD. Contract: ../render/kernels.ts; twins: ../render/{splat,resolve,combine,mix}.ts.

const HOLE: f32 = 3e-4;
const THIN: f32 = 1e-3;
const FLOOR: f32 = 0.02;
const UNSEEN: f32 = 0.25;

// @ts-ignore: decorator
@inline function add(at: usize, value: v128, weight: f32): void {
  v128.store(at, f32x4.add(v128.load(at), f32x4.mul(value, f32x4.splat(weight))));
}

export function splat(width: i32, height: i32, u: usize, v: usize, z: usize, matrix: usize, share: f32, sums: usize): void {
  const m0 = load<f32>(matrix), m1 = load<f32>(matrix + 4), m2 = load<f32>(matrix + 8);
  const m3 = load<f32>(matrix + 12), m4 = load<f32>(matrix + 16), m5 = load<f32>(matrix + 20);
  const m6 = load<f32>(matrix + 24), m7 = load<f32>(matrix + 28), m8 = load<f32>(matrix + 32);
  const affine = m6 == 0 && m7 == 0 && m8 == 1;
  const w: f32 = <f32>width, h: f32 = <f32>height;
  memory.fill(sums, 0, <usize>(width * height) << 4);
  const row = <usize>width << 4;
  let i: usize = 0;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++, i += 4) {
    const ru = load<f32>(u + i), rv = load<f32>(v + i), zz = load<f32>(z + i);
    const px = <f32>x + share * ru, py = <f32>y + share * rv;
    let tx = m0 * px + m1 * py + m2, ty = m3 * px + m4 * py + m5;
    if (!affine) { const d: f32 = 1 / (m6 * px + m7 * py + m8); tx *= d; ty *= d; }
    if (!(tx > -1 && ty > -1 && tx < w && ty < h)) continue;
    const left = Mathf.floor(tx), top = Mathf.floor(ty);
    const ax = tx - left, ay = ty - top;
    const cx = <i32>left, cy = <i32>top;
    const weight = zz + <f32>1e-3;
    const value = f32x4.replace_lane(f32x4.replace_lane(f32x4.replace_lane(f32x4.splat(1), 0, ru), 1, rv), 2, zz);
    const w0 = weight * (1 - ay), w1 = weight * ay;
    const at = sums + (<usize>(cy * width + cx) << 4);
    if (cx >= 0 && cy >= 0 && cx < width - 1 && cy < height - 1) {
      add(at, value, w0 * (1 - ax));
      add(at + 16, value, w0 * ax);
      add(at + row, value, w1 * (1 - ax));
      add(at + row + 16, value, w1 * ax);
      continue;
    }
    const inLeft = cx >= 0, inRight = cx + 1 < width;
    if (cy >= 0) { if (inLeft) add(at, value, w0 * (1 - ax)); if (inRight) add(at + 16, value, w0 * ax); }
    if (cy + 1 < height) { if (inLeft) add(at + row, value, w1 * (1 - ax)); if (inRight) add(at + row + 16, value, w1 * ax); }
  }
}

export function resolve(width: i32, height: i32, sums: usize, pyramid: usize): void {
  const end = sums + (<usize>(width * height) << 4);
  let holes = 0;
  for (let at = sums; at < end; at += 16) {
    const weight = load<f32>(at + 12);
    if (weight < HOLE) { v128.store(at, f32x4.splat(0)); holes++; continue; }
    const scaled = f32x4.mul(v128.load(at), f32x4.splat(1 / weight));
    v128.store(at, scaled);
    if (weight < <f32>5e-4) store<f32>(at + 8, f32x4.extract_lane(scaled, 2) * weight * 2000);
    const density = weight / (f32x4.extract_lane(scaled, 2) + <f32>1e-3);
    store<f32>(at + 12, max<f32>(THIN, min<f32>(1, density + density - <f32>0.5)));
  }
  if (holes > 0 && holes < width * height) fill(width, height, sums, pyramid);
}

// One level of pull-push.
function fill(width: i32, height: i32, fine: usize, coarse: usize): void {
  if (width <= 1 && height <= 1) return;
  const w2 = (width + 1) >> 1, h2 = (height + 1) >> 1;
  const size = <usize>(w2 * h2) << 4;
  memory.fill(coarse, 0, size);
  let from = fine;
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++, from += 16) {
    const known = load<f32>(from + 12);
    if (known > 0) { const to = coarse + (<usize>((y >> 1) * w2 + (x >> 1)) << 4); v128.store(to, f32x4.add(v128.load(to), f32x4.replace_lane(v128.load(from), 3, 1))); }
  }
  let holes = 0;
  for (let at = coarse; at < coarse + size; at += 16) {
    const known = load<f32>(at + 12);
    if (known > 0) v128.store(at, f32x4.mul(v128.load(at), f32x4.splat(1 / known))); else holes++;
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
