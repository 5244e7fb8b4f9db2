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
// Sum of four differences beyond which the next softer filter reads.
const SOFT: f32 = 16;
// Distance within which two places of the half-size raster are one.
const ONE_PLACE: f32 = 0.0625;

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
@inline function likeness(difference: v128): v128 {
  const one = f32x4.splat(1);
  const r = f32x4.div(one, plus(one, times(difference, f32x4.splat(UNLIKE))));
  const r2 = times(r, r), r4 = times(r2, r2);
  return times(r4, r4);
}

// Behind the fields lies a byte for every group of four samples: 1 if any of them is read at a second place, and twice how
// softly they are read. A byte of 0 stands before and after each row.
// @ts-ignore: decorator
@inline function marksOf(width: i32, height: i32, fields: usize): usize { return fields + <usize>PLANES * (<usize>(width * height) << 2) + 1; }

// What the third row of a matrix divides by, inverted; 1 without a division where the matrix is affine, as most are.
// @ts-ignore: decorator
@inline function depth(m: usize, x: v128, y: v128): v128 {
  if (load<u64>(m, 24) == 0 && load<f32>(m, 32) == 1) return f32x4.splat(1);
  return f32x4.div(f32x4.splat(1), projective(m, 24, x, y));
}

// Stores an own offset, a crossed one and its share. Where the crossed one is as good as the own, or hardly counts, the
// sample is read once, and its crossed offset is its own. Whether any of four is not.
// @ts-ignore: decorator
@inline function putTwo(out: usize, plane: usize, shares: usize, x0: v128, y0: v128, x1: v128, y1: v128, share: v128): i32 {
  const dx = minus(x1, x0), dy = minus(y1, y0);
  const far = f32x4.gt(f32x4.pmax(f32x4.abs(dx), f32x4.abs(dy)), f32x4.splat(ONE_PLACE));
  const two = v128.and(far, f32x4.gt(share, f32x4.splat(LEAST)));
  const near = v128.andnot(share, far);
  const x = plus(x0, times(dx, near)), y = plus(y0, times(dy, near));
  v128.store(out, x);
  v128.store(out + plane, y);
  v128.store(out + 4 * plane, v128.bitselect(x1, x, two));
  v128.store(out + 5 * plane, v128.bitselect(y1, y, two));
  v128.store(out + shares * plane, v128.and(share, two));
  return <i32>v128.any_true(two);
}

// How softly four samples are read, 0 to 3, by how much their two ends differ.
// @ts-ignore: decorator
@inline function softness(apart: v128): i32 {
  const pair = plus(apart, v128.shuffle<f32>(apart, apart, 2, 3, 0, 1));
  const sum = f32x4.extract_lane(pair, 0) + f32x4.extract_lane(pair, 1);
  return <i32>(sum > SOFT) + <i32>(sum > 2 * SOFT) + <i32>(sum > 3 * SOFT);
}

export function combineCrossed(width: i32, height: i32, firstSums: usize, lastSums: usize, matrices: usize, s: f32, first: usize, last: usize,
  firstGain: f32, firstOffset: f32, lastGain: f32, lastOffset: f32, fields: usize): void {
  const plane = <usize>(width * height) << 2, stride = width + 2 * PAD;
  const groups = (width + 3) >> 2, marks = marksOf(width, height, fields);
  const gainA = f32x4.splat(firstGain), gainB = f32x4.splat(lastGain), offsetA = f32x4.splat(firstOffset), offsetB = f32x4.splat(lastOffset);
  const fromFirst = matrices, fromLast = matrices + 36, there = matrices + 72, back = matrices + 108, shares = matrices + 144;
  const lastX = f32x4.splat(<f32>(width - 1)), lastY = f32x4.splat(<f32>(height - 1)), one = f32x4.splat(1);
  const gone = f32x4.splat(s), left = f32x4.splat(1 - s);
  const floor = f32x4.splat(FLOOR), own = f32x4.splat(OWN), least = f32x4.splat(CROSSED);
  for (let y = 0; y < height; y++) {
    const fy = f32x4.splat(<f32>y), down = <f32>y / <f32>height;
    const fromLeft = load<f32>(shares) + (load<f32>(shares, 8) - load<f32>(shares)) * down, toRight = load<f32>(shares, 4) + (load<f32>(shares, 12) - load<f32>(shares, 4)) * down;
    const lean = f32x4.splat(fromLeft - s), rise = f32x4.splat((toRight - fromLeft) / <f32>width);
    for (let k = 0; k < width; k += 4) {
      const x = min(k, width - 4);
      const fx = plus(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
      const at = <usize>(y * width + x);
      const a = firstSums + (at << 4), b = lastSums + (at << 4);
      const au = us(a), av = us(a + 4), az = zs(a), bu = us(b), bv = us(b + 4), bz = zs(b);
      // Where the first picture's sample set out, and where it arrives in the last.
      const da = depth(fromFirst, fx, fy);
      const ax = times(projective(fromFirst, 0, fx, fy), da), ay = times(projective(fromFirst, 12, fx, fy), da);
      const a0x = minus(ax, times(gone, au)), a0y = minus(ay, times(gone, av));
      const aux = plus(ax, times(left, au)), auy = plus(ay, times(left, av));
      const dc = depth(there, aux, auy);
      const a1x = times(projective(there, 0, aux, auy), dc), a1y = times(projective(there, 12, aux, auy), dc);
      const db = depth(fromLast, fx, fy);
      const bx = times(projective(fromLast, 0, fx, fy), db), by = times(projective(fromLast, 12, fx, fy), db);
      const b1x = minus(bx, times(left, bu)), b1y = minus(by, times(left, bv));
      const bux = plus(bx, times(gone, bu)), buy = plus(by, times(gone, bv));
      const dd = depth(back, bux, buy);
      const b0x = times(projective(back, 0, bux, buy), dd), b0y = times(projective(back, 12, bux, buy), dd);
      const seenA = seen(a), seenB = seen(b);
      const apartA = f32x4.abs(minus(tone(bilinears(first, stride, a0x, a0y, lastX, lastY), gainA, offsetA), tone(bilinears(last, stride, a1x, a1y, lastX, lastY), gainB, offsetB)));
      const apartB = f32x4.abs(minus(tone(bilinears(first, stride, b0x, b0y, lastX, lastY), gainA, offsetA), tone(bilinears(last, stride, b1x, b1y, lastX, lastY), gainB, offsetB)));
      const likeA = times(plus(az, times(least, seenA)), likeness(apartA)), likeB = times(plus(bz, times(least, seenB)), likeness(apartB));
      const later = plus(gone, times(plus(lean, times(rise, fx)), f32x4.pmin(one, times(f32x4.splat(2), plus(az, bz))))), earlier = minus(one, later);
      const wa0 = times(times(earlier, visible(a0x, a0y, lastX, lastY)), plus(plus(likeA, times(own, az)), times(times(floor, seenA), margin(a0x, a0y, lastX, lastY))));
      const wa1 = times(times(later, visible(a1x, a1y, lastX, lastY)), likeA);
      const wb0 = times(times(earlier, visible(b0x, b0y, lastX, lastY)), likeB);
      const wb1 = times(times(later, visible(b1x, b1y, lastX, lastY)), plus(plus(likeB, times(own, bz)), times(times(floor, seenB), margin(b1x, b1y, lastX, lastY))));
      const w0 = plus(wa0, wb0), w1 = plus(wa1, wb1);
      const out = fields + (at << 2);
      v128.store(out + 8 * plane, f32x4.div(w1, plus(w0, w1)));
      const inFirst = putTwo(out, plane, 9, minus(a0x, fx), minus(a0y, fy), minus(b0x, fx), minus(b0y, fy), f32x4.div(wb0, w0));
      const inLast = putTwo(out + 2 * plane, plane, 8, minus(b1x, fx), minus(b1y, fy), minus(a1x, fx), minus(a1y, fy), f32x4.div(wa1, w1));
      store<u8>(marks + <usize>(y * (groups + 2) + (k >> 2)), <u8>(inFirst | inLast | (softness(f32x4.pmin(apartA, apartB)) << 1)));
    }
  }
}

// Whether any of four crossed reads would show something else than the own ones.
// @ts-ignore: decorator
@inline function differ(apart: v128, share: v128): bool { return v128.any_true(v128.and(f32x4.gt(apart, f32x4.splat(APART)), f32x4.gt(share, f32x4.splat(LEAST)))); }

// How far a single read goes towards a crossed place: only where that is near.
// @ts-ignore: decorator
@inline function towards(apart: v128, share: v128): v128 { return v128.and(share, f32x4.le(apart, f32x4.splat(APART))); }

// @ts-ignore: decorator
@inline function farther(x0: v128, y0: v128, x1: v128, y1: v128): v128 { return f32x4.pmax(f32x4.abs(minus(x1, x0)), f32x4.abs(minus(y1, y0))); }

function read(picture: usize, stride: i32, x0: v128, y0: v128, x1: v128, y1: v128, share: v128, lastX: v128, lastY: v128, weights: usize, aim: usize): v128 {
  const apart = farther(x0, y0, x1, y1);
  if (!differ(apart, share)) { const k = towards(apart, share); return cubics(picture, stride, lerp(x0, x1, k), lerp(y0, y1, k), lastX, lastY, weights, aim); }
  return lerp(cubics(picture, stride, x0, y0, lastX, lastY, weights, aim), cubics(picture, stride, x1, y1, lastX, lastY, weights, aim), share);
}

// The place in a picture of twice the size.
// @ts-ignore: decorator
@inline function there(place: v128, offset: usize): v128 { const d = v128.load(offset); return plus(place, plus(d, d)); }

// Eight samples of twice the size from four of two rows; see enlarge.
// @ts-ignore: decorator
@inline function enlargeFour(out: usize, near: usize, far: usize, isFirst: bool, isLast: bool): void {
  const quarter = f32x4.splat(0.25), most = f32x4.splat(0.75);
  const c = lerp(v128.load(near), v128.load(far), quarter);
  const before = isFirst ? v128.shuffle<f32>(c, c, 0, 0, 1, 2) : lerp(v128.load(near - 4), v128.load(far - 4), quarter);
  const after = isLast ? v128.shuffle<f32>(c, c, 1, 2, 3, 3) : lerp(v128.load(near + 4), v128.load(far + 4), quarter);
  const centre = times(c, most), even = plus(centre, times(before, quarter)), odd = plus(centre, times(after, quarter));
  v128.store(out, v128.shuffle<f32>(even, odd, 0, 4, 1, 5));
  v128.store(out + 16, v128.shuffle<f32>(even, odd, 2, 6, 3, 7));
}

export function lumaCrossed(width: i32, height: i32, first: usize, last: usize, fields: usize, rows: usize, weights: usize,
  firstGain: f32, firstOffset: f32, lastGain: f32, lastOffset: f32, out: usize): void {
  const w2 = width >> 1, h2 = height >> 1, plane = <usize>(w2 * h2) << 2;
  const groups = (w2 + 3) >> 2, marks = marksOf(w2, h2, fields);
  const row = <usize>(width + 32) << 2, scratch = rows + <usize>PLANES * row + 64, aim = scratch + row;
  const stride = width + 2 * PAD;
  const lastX = f32x4.splat(<f32>(width - 1)), lastY = f32x4.splat(<f32>(height - 1));
  const gainA = f32x4.splat(firstGain / 1048576), gainB = f32x4.splat(lastGain / 1048576), offsetA = f32x4.splat(firstOffset), offsetB = f32x4.splat(lastOffset);
  for (let y = 0; y < height; y++) {
    const near = y >> 1, far = y & 1 ? min(h2 - 1, near + 1) : max(0, near - 1);
    const nearRow = fields + (<usize>(near * w2) << 2), farRow = fields + (<usize>(far * w2) << 2);
    const nearMarks = marks + <usize>(near * (groups + 2)), farMarks = marks + <usize>(far * (groups + 2));
    for (let c = 0; c < 9; c++) {
      if (c == 4) c = 8;
      blendRows(scratch, nearRow + <usize>c * plane, farRow + <usize>c * plane, 0.25, w2);
      enlarge(rows + <usize>c * row, scratch, w2);
    }
    const fy = f32x4.splat(<f32>y);
    for (let g = 0; g < groups; g++) {
      const crossed = ((load<u32>(nearMarks + g - 1) | load<u32>(farMarks + g - 1)) & 0x010101) != 0;
      const k = min(4 * g, w2 - 4), table = weights + (<usize>(load<u8>(nearMarks + g) >> 1) << 8);
      if (crossed) for (let c = 4; c < PLANES; c++) {
        if (c == 8) continue;
        const from = (<usize>k << 2) + <usize>c * plane;
        enlargeFour(rows + <usize>c * row + (<usize>k << 3), nearRow + from, farRow + from, k == 0, k + 4 == w2);
      }
      for (let i = 0; i < 8; i += 4) {
        const x = min(8 * g + i, width - 4);
        const at = rows + (<usize>x << 2);
        const fx = plus(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
        const x0 = there(fx, at), y0 = there(fy, at + row), x1 = there(fx, at + 2 * row), y1 = there(fy, at + 3 * row);
        let a: v128, b: v128;
        if (crossed) {
          a = read(first, stride, x0, y0, there(fx, at + 4 * row), there(fy, at + 5 * row), v128.load(at + 9 * row), lastX, lastY, table, aim);
          b = read(last, stride, x1, y1, there(fx, at + 6 * row), there(fy, at + 7 * row), v128.load(at + 10 * row), lastX, lastY, table, aim);
        } else {
          a = cubics(first, stride, x0, y0, lastX, lastY, table, aim);
          b = cubics(last, stride, x1, y1, lastX, lastY, table, aim);
        }
        storeFour(out + <usize>(y * width + x), tone(a, gainA, offsetA), tone(b, gainB, offsetB), v128.load(at + 8 * row));
      }
    }
  }
}

// Reads both colours at places of the half-size raster; left at `out`, with room behind it.
function readColour(picture: usize, stride: i32, x0: v128, y0: v128, x1: v128, y1: v128, share: v128, lastX: v128, lastY: v128, weights: usize, aim: usize, out: usize): void {
  const apart = farther(x0, y0, x1, y1), isOne = !differ(apart, share), k = towards(apart, share);
  const x = isOne ? lerp(x0, x1, k) : x0, y = isOne ? lerp(y0, y1, k) : y0;
  cubics2(picture, stride, plus(x, x), plus(y, y), lastX, lastY, weights, aim, out);
  if (isOne) return;
  cubics2(picture, stride, plus(x1, x1), plus(y1, y1), lastX, lastY, weights, aim, out + 64);
  v128.store(out, lerp(v128.load(out), v128.load(out + 64), share));
  v128.store(out + 16, lerp(v128.load(out + 16), v128.load(out + 80), share));
}

export function chromaCrossed(width: i32, height: i32, first: usize, last: usize, fields: usize, rows: usize, weights: usize, tones: usize, out: usize): void {
  const size = <usize>(width * height), plane = size << 2, stride = 2 * width + 2 * PAD;
  const groups = (width + 3) >> 2, marks = marksOf(width, height, fields);
  const lastX = f32x4.splat(<f32>(width * 2 - 1)), lastY = f32x4.splat(<f32>(height * 2 - 1));
  const inFirst = rows + 48, inLast = rows + 80;
  for (let y = 0; y < height; y++) {
    const fy = f32x4.splat(<f32>y);
    for (let k = 0; k < width; k += 4) {
      const x = min(k, width - 4);
      const at = fields + (<usize>(y * width + x) << 2);
      const fx = plus(f32x4.splat(<f32>x), f32x4(0, 1, 2, 3));
      const x0 = plus(fx, v128.load(at)), y0 = plus(fy, v128.load(at + plane)), x1 = plus(fx, v128.load(at + 2 * plane)), y1 = plus(fy, v128.load(at + 3 * plane));
      if (load<u8>(marks + <usize>(y * (groups + 2) + (k >> 2))) & 1) {
        readColour(first, stride, x0, y0, plus(fx, v128.load(at + 4 * plane)), plus(fy, v128.load(at + 5 * plane)), v128.load(at + 9 * plane), lastX, lastY, weights, rows, inFirst);
        readColour(last, stride, x1, y1, plus(fx, v128.load(at + 6 * plane)), plus(fy, v128.load(at + 7 * plane)), v128.load(at + 10 * plane), lastX, lastY, weights, rows, inLast);
      } else {
        cubics2(first, stride, plus(x0, x0), plus(y0, y0), lastX, lastY, weights, rows, inFirst);
        cubics2(last, stride, plus(x1, x1), plus(y1, y1), lastX, lastY, weights, rows, inLast);
      }
      const to = out + <usize>(y * width + x), share = v128.load(at + 8 * plane);
      storeColour(to, 0, inFirst, inLast, tones, share);
      storeColour(to + size, 1, inFirst, inLast, tones, share);
    }
  }
}
