// Reading both pictures along both motions, with SIMD. Contract: ../render/kernels.ts; twins: ../render/crossed-{combine,luma,chroma}.ts.
import { bilinears, blendRows, cubics, cubics2, enlarge, PAD, storeColour, storeFour, tone } from './gather.as';
import { margin, projective, seen, visible } from './frame.as';

const FLOOR: f32 = 0.02;
const OWN: f32 = 0.5;
const CROSSED: f32 = 0.04;
const UNLIKE: f32 = 1.0 / 320;
const PLANES: i32 = 11;
const APART: f32 = 0.125;
const LEAST: f32 = 0.02;

// @ts-ignore: decorator
@inline function plus(a: v128, b: v128): v128 { return f32x4.add(a, b); }
// @ts-ignore: decorator
@inline function minus(a: v128, b: v128): v128 { return f32x4.sub(a, b); }
// @ts-ignore: decorator
@inline function times(a: v128, b: v128): v128 { return f32x4.mul(a, b); }
// @ts-ignore: decorator
@inline function lerp(a: v128, b: v128, k: v128): v128 { return plus(a, times(minus(b, a), k)); }

// One component of the four (u, v, z, weight) from `at`.
// @ts-ignore: decorator
@inline function us(at: usize): v128 { return v128.shuffle<f32>(v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 0, 4, 0, 4), v128.shuffle<f32>(v128.load(at, 32), v128.load(at, 48), 0, 4, 0, 4), 0, 1, 4, 5); }
// @ts-ignore: decorator
@inline function zs(at: usize): v128 { return v128.shuffle<f32>(v128.shuffle<f32>(v128.load(at), v128.load(at, 16), 2, 6, 2, 6), v128.shuffle<f32>(v128.load(at, 32), v128.load(at, 48), 2, 6, 2, 6), 0, 1, 4, 5); }

// (1 + d / 320)^-8, near exp(-d / 40).
// @ts-ignore: decorator
@inline function likeness(a: v128, b: v128): v128 {
  const one = f32x4.splat(1);
  const r = f32x4.div(one, plus(one, times(f32x4.abs(minus(a, b)), f32x4.splat(UNLIKE))));
  const r2 = times(r, r), r4 = times(r2, r2);
  return times(r4, r4);
}

export function combineCrossed(width: i32, height: i32, firstSums: usize, lastSums: usize, matrices: usize, s: f32, blend: f32, first: usize, last: usize,
  firstGain: f32, firstOffset: f32, lastGain: f32, lastOffset: f32, fields: usize): void {
  const plane = <usize>(width * height) << 2, stride = width + 2 * PAD;
  const fromFirst = matrices, fromLast = matrices + 36, there = matrices + 72, back = matrices + 108;
  const lastX = f32x4.splat(<f32>(width - 1)), lastY = f32x4.splat(<f32>(height - 1)), one = f32x4.splat(1);
  const gone = f32x4.splat(s), left = f32x4.splat(1 - s), later = f32x4.splat(blend), earlier = f32x4.splat(1 - blend);
  const floor = f32x4.splat(FLOOR), own = f32x4.splat(OWN), least = f32x4.splat(CROSSED);
  for (let y = 0; y < height; y++) {
    const fy = f32x4.splat(<f32>y);
    for (let k = 0; k < width; k += 4) {
      const x = min(k, width - 4);
      const fx = plus(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
      const at = <usize>(y * width + x);
      const a = firstSums + (at << 4), b = lastSums + (at << 4);
      const au = us(a), av = us(a + 4), az = zs(a), bu = us(b), bv = us(b + 4), bz = zs(b);
      // Where the first picture's sample set out, and where it arrives in the last.
      const da = f32x4.div(one, projective(fromFirst, 24, fx, fy));
      const ax = times(projective(fromFirst, 0, fx, fy), da), ay = times(projective(fromFirst, 12, fx, fy), da);
      const a0x = minus(ax, times(gone, au)), a0y = minus(ay, times(gone, av));
      const aux = plus(ax, times(left, au)), auy = plus(ay, times(left, av));
      const dc = f32x4.div(one, projective(there, 24, aux, auy));
      const a1x = times(projective(there, 0, aux, auy), dc), a1y = times(projective(there, 12, aux, auy), dc);
      const db = f32x4.div(one, projective(fromLast, 24, fx, fy));
      const bx = times(projective(fromLast, 0, fx, fy), db), by = times(projective(fromLast, 12, fx, fy), db);
      const b1x = minus(bx, times(left, bu)), b1y = minus(by, times(left, bv));
      const bux = plus(bx, times(gone, bu)), buy = plus(by, times(gone, bv));
      const dd = f32x4.div(one, projective(back, 24, bux, buy));
      const b0x = times(projective(back, 0, bux, buy), dd), b0y = times(projective(back, 12, bux, buy), dd);
      const seenA = seen(a), seenB = seen(b);
      const likeA = times(plus(az, times(least, seenA)), likeness(tone(bilinears(first, stride, a0x, a0y, lastX, lastY), firstGain, firstOffset), tone(bilinears(last, stride, a1x, a1y, lastX, lastY), lastGain, lastOffset)));
      const likeB = times(plus(bz, times(least, seenB)), likeness(tone(bilinears(first, stride, b0x, b0y, lastX, lastY), firstGain, firstOffset), tone(bilinears(last, stride, b1x, b1y, lastX, lastY), lastGain, lastOffset)));
      const wa0 = times(times(earlier, visible(a0x, a0y, lastX, lastY)), plus(plus(likeA, times(own, az)), times(times(floor, seenA), margin(a0x, a0y, lastX, lastY))));
      const wa1 = times(times(later, visible(a1x, a1y, lastX, lastY)), likeA);
      const wb0 = times(times(earlier, visible(b0x, b0y, lastX, lastY)), likeB);
      const wb1 = times(times(later, visible(b1x, b1y, lastX, lastY)), plus(plus(likeB, times(own, bz)), times(times(floor, seenB), margin(b1x, b1y, lastX, lastY))));
      const w0 = plus(wa0, wb0), w1 = plus(wa1, wb1);
      const out = fields + (at << 2);
      v128.store(out, minus(a0x, fx));
      v128.store(out + plane, minus(a0y, fy));
      v128.store(out + 2 * plane, minus(b1x, fx));
      v128.store(out + 3 * plane, minus(b1y, fy));
      v128.store(out + 4 * plane, minus(b0x, fx));
      v128.store(out + 5 * plane, minus(b0y, fy));
      v128.store(out + 6 * plane, minus(a1x, fx));
      v128.store(out + 7 * plane, minus(a1y, fy));
      v128.store(out + 8 * plane, f32x4.div(w1, plus(w0, w1)));
      v128.store(out + 9 * plane, f32x4.div(wb0, w0));
      v128.store(out + 10 * plane, f32x4.div(wa1, w1));
    }
  }
}

// Whether any of four crossed reads would show something else than the own ones.
// @ts-ignore: decorator
@inline function differ(x0: v128, y0: v128, x1: v128, y1: v128, share: v128): bool {
  const apart = f32x4.pmax(f32x4.abs(minus(x1, x0)), f32x4.abs(minus(y1, y0)));
  return v128.any_true(v128.and(f32x4.gt(apart, f32x4.splat(APART)), f32x4.gt(share, f32x4.splat(LEAST))));
}

// @ts-ignore: decorator
@inline function read(picture: usize, stride: i32, x0: v128, y0: v128, x1: v128, y1: v128, share: v128, lastX: v128, lastY: v128, weights: usize, aim: usize): v128 {
  if (!differ(x0, y0, x1, y1, share)) return cubics(picture, stride, lerp(x0, x1, share), lerp(y0, y1, share), lastX, lastY, weights, aim);
  return lerp(cubics(picture, stride, x0, y0, lastX, lastY, weights, aim), cubics(picture, stride, x1, y1, lastX, lastY, weights, aim), share);
}

export function lumaCrossed(width: i32, height: i32, first: usize, last: usize, fields: usize, rows: usize, weights: usize,
  firstGain: f32, firstOffset: f32, lastGain: f32, lastOffset: f32, out: usize): void {
  const w2 = width >> 1, h2 = height >> 1, plane = <usize>(w2 * h2) << 2;
  const row = <usize>(width + 32) << 2, scratch = rows + PLANES * row + 64, aim = scratch + row;
  const stride = width + 2 * PAD;
  const lastX = f32x4.splat(<f32>(width - 1)), lastY = f32x4.splat(<f32>(height - 1)), two = f32x4.splat(2);
  firstGain /= 1048576; lastGain /= 1048576;
  for (let y = 0; y < height; y++) {
    const near = y >> 1, far = y & 1 ? min(h2 - 1, near + 1) : max(0, near - 1);
    for (let c = 0; c < PLANES; c++) {
      const base = fields + <usize>c * plane;
      blendRows(scratch, base + (<usize>(near * w2) << 2), base + (<usize>(far * w2) << 2), 0.25, w2);
      enlarge(rows + <usize>c * row, scratch, w2);
    }
    const fy = f32x4.splat(<f32>y);
    for (let k = 0; k < width; k += 4) {
      const x = min(k, width - 4);
      const at = rows + (<usize>x << 2);
      const fx = plus(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
      const a = read(first, stride, plus(fx, times(two, v128.load(at))), plus(fy, times(two, v128.load(at + row))),
        plus(fx, times(two, v128.load(at + 4 * row))), plus(fy, times(two, v128.load(at + 5 * row))), v128.load(at + 9 * row), lastX, lastY, weights, aim);
      const b = read(last, stride, plus(fx, times(two, v128.load(at + 2 * row))), plus(fy, times(two, v128.load(at + 3 * row))),
        plus(fx, times(two, v128.load(at + 6 * row))), plus(fy, times(two, v128.load(at + 7 * row))), v128.load(at + 10 * row), lastX, lastY, weights, aim);
      storeFour(out + <usize>(y * width + x), tone(a, firstGain, firstOffset), tone(b, lastGain, lastOffset), v128.load(at + 8 * row));
    }
  }
}

// The same of both colours, in planes of twice the size of the places; left at `out`, with room behind it.
// @ts-ignore: decorator
@inline function readColour(picture: usize, stride: i32, x0: v128, y0: v128, x1: v128, y1: v128, share: v128, lastX: v128, lastY: v128, weights: usize, aim: usize, out: usize): void {
  const two = f32x4.splat(2);
  if (!differ(x0, y0, x1, y1, share)) return cubics2(picture, stride, times(two, lerp(x0, x1, share)), times(two, lerp(y0, y1, share)), lastX, lastY, weights, aim, out);
  cubics2(picture, stride, times(two, x0), times(two, y0), lastX, lastY, weights, aim, out);
  cubics2(picture, stride, times(two, x1), times(two, y1), lastX, lastY, weights, aim, out + 64);
  v128.store(out, lerp(v128.load(out), v128.load(out + 64), share));
  v128.store(out + 16, lerp(v128.load(out + 16), v128.load(out + 80), share));
}

export function chromaCrossed(width: i32, height: i32, first: usize, last: usize, fields: usize, rows: usize, weights: usize, tones: usize, out: usize): void {
  const size = <usize>(width * height), plane = size << 2, stride = 2 * width + 2 * PAD;
  const lastX = f32x4.splat(<f32>(width * 2 - 1)), lastY = f32x4.splat(<f32>(height * 2 - 1));
  const inFirst = rows + 48, inLast = rows + 80;
  for (let y = 0; y < height; y++) {
    const fy = f32x4.splat(<f32>y);
    for (let k = 0; k < width; k += 4) {
      const x = min(k, width - 4);
      const at = fields + (<usize>(y * width + x) << 2);
      const fx = plus(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
      readColour(first, stride, plus(fx, v128.load(at)), plus(fy, v128.load(at + plane)), plus(fx, v128.load(at + 4 * plane)), plus(fy, v128.load(at + 5 * plane)), v128.load(at + 9 * plane), lastX, lastY, weights, rows, inFirst);
      readColour(last, stride, plus(fx, v128.load(at + 2 * plane)), plus(fy, v128.load(at + 3 * plane)), plus(fx, v128.load(at + 6 * plane)), plus(fy, v128.load(at + 7 * plane)), v128.load(at + 10 * plane), lastX, lastY, weights, rows, inLast);
      const to = out + <usize>(y * width + x), share = v128.load(at + 8 * plane);
      storeColour(to, 0, inFirst, inLast, tones, share);
      storeColour(to + size, 1, inFirst, inLast, tones, share);
    }
  }
}
