// Variational refinement with SIMD. Contract: ../search/refine-kernels.ts; twin and oracle: ../search/plain-refine.ts.

const SMOOTHNESS: f32 = 20;
const BRIGHTNESS: f32 = 5;
const SLOPE: f32 = 10;
const ZETA_SQUARED: f32 = 0.01;
const EPSILON_SQUARED: f32 = 1e-6;
const RELAXATION: f32 = 1.6;

// @ts-ignore: decorator
@inline function strideOf(width: i32): i32 { return ((width + 3) & ~3) + 8; }
// @ts-ignore: decorator
@inline function planeOf(width: i32, height: i32): usize { return <usize>(strideOf(width) * (height + 2)) << 2; }
// @ts-ignore: decorator
@inline function plus(a: v128, b: v128): v128 { return f32x4.add(a, b); }
// @ts-ignore: decorator
@inline function minus(a: v128, b: v128): v128 { return f32x4.sub(a, b); }
// @ts-ignore: decorator
@inline function times(a: v128, b: v128): v128 { return f32x4.mul(a, b); }

// Continues a plane by one replicated sample to the right and below.
function replicate(plane: usize, width: i32, height: i32): void {
  const row = <usize>strideOf(width) << 2;
  for (let y = 1; y <= height; y++) {
    const end = plane + <usize>y * row + 16 + (<usize>width << 2);
    store<f32>(end, load<f32>(end - 4));
  }
  memory.copy(plane + <usize>(height + 1) * row, plane + <usize>height * row, row);
}

export function weigh(width: i32, height: i32, base: usize): void {
  const plane = planeOf(width, height), row = <usize>strideOf(width) << 2;
  const u = base, v = base + plane, du = base + 2 * plane, dv = base + 3 * plane;
  const across = base + 4 * plane, down = base + 5 * plane, point = base + 19 * plane;
  replicate(u, width, height); replicate(v, width, height); replicate(du, width, height); replicate(dv, width, height);
  const epsilon = f32x4.splat(EPSILON_SQUARED), smooth = f32x4.splat(SMOOTHNESS), half = f32x4.splat(0.5);
  for (let y = 1; y <= height; y++) {
    let at = <usize>y * row + 16;
    for (let x = 0; x < width; x += 4, at += 16) {
      const here = plus(v128.load(u + at), v128.load(du + at)), there = plus(v128.load(v + at), v128.load(dv + at));
      const ux = minus(plus(v128.load(u + at + 4), v128.load(du + at + 4)), here), uy = minus(plus(v128.load(u + at + row), v128.load(du + at + row)), here);
      const vx = minus(plus(v128.load(v + at + 4), v128.load(dv + at + 4)), there), vy = minus(plus(v128.load(v + at + row), v128.load(dv + at + row)), there);
      const sum = plus(plus(times(ux, ux), times(uy, uy)), plus(plus(times(vx, vx), times(vy, vy)), epsilon));
      v128.store(point + at, f32x4.div(smooth, f32x4.sqrt(sum)));
    }
  }
  for (let y = 1; y <= height; y++) {
    let at = <usize>y * row + 16;
    for (let x = 0; x < width; x += 4, at += 16) {
      const here = v128.load(point + at);
      v128.store(across + at, times(half, plus(here, v128.load(point + at + 4))));
      v128.store(down + at, times(half, plus(here, v128.load(point + at + row))));
    }
    // No links out of the picture.
    for (let x = width - 1; x < ((width + 3) & ~3) + 4; x++) {
      const edge = <usize>y * row + 16 + (<usize>x << 2);
      store<f32>(across + edge, 0);
      if (x >= width) store<f32>(down + edge, 0);
    }
  }
  memory.fill(down + <usize>height * row, 0, row);
}

export function linearise(width: i32, height: i32, base: usize): void {
  const plane = planeOf(width, height), row = <usize>strideOf(width) << 2;
  const zeta = f32x4.splat(ZETA_SQUARED), epsilon = f32x4.splat(EPSILON_SQUARED), one = f32x4.splat(1);
  for (let y = 1; y <= height; y++) {
    let at = base + <usize>y * row + 16;
    for (let x = 0; x < width; x += 4, at += 16) {
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
  }
}

export function relax(width: i32, height: i32, base: usize): void {
  const plane = planeOf(width, height), row = <usize>strideOf(width) << 2;
  const tiny = f32x4.splat(1e-9), one = f32x4.splat(1), omega = f32x4.splat(RELAXATION);
  for (let y = 1; y <= height; y++) for (let parity = 0; parity < 2; parity++) {
    const mask = parity == 0 ? i32x4(-1, 0, -1, 0) : i32x4(0, -1, 0, -1);
    let at = base + <usize>y * row + 16;
    for (let x = 0; x < width; x += 4, at += 16) {
      const east = v128.load(at + 4 * plane), west = v128.load(at + 4 * plane - 4), south = v128.load(at + 5 * plane), north = v128.load(at + 5 * plane - row);
      const total = plus(plus(east, west), plus(south, north));
      const dus = at + 2 * plane, dvs = at + 3 * plane, vs = at + plane;
      const sumU = plus(
        plus(times(east, plus(v128.load(at + 4), v128.load(dus + 4))), times(west, plus(v128.load(at - 4), v128.load(dus - 4)))),
        plus(times(south, plus(v128.load(at + row), v128.load(dus + row))), times(north, plus(v128.load(at - row), v128.load(dus - row)))));
      const sumV = plus(
        plus(times(east, plus(v128.load(vs + 4), v128.load(dvs + 4))), times(west, plus(v128.load(vs - 4), v128.load(dvs - 4)))),
        plus(times(south, plus(v128.load(vs + row), v128.load(dvs + row))), times(north, plus(v128.load(vs - row), v128.load(dvs - row)))));
      const rightU = minus(minus(sumU, times(total, v128.load(at))), v128.load(at + 9 * plane));
      const rightV = minus(minus(sumV, times(total, v128.load(vs))), v128.load(at + 10 * plane));
      const m11 = plus(v128.load(at + 6 * plane), total), m12 = v128.load(at + 7 * plane), m22 = plus(v128.load(at + 8 * plane), total);
      const inverse = f32x4.div(omega, plus(minus(times(m11, m22), times(m12, m12)), tiny));
      const oldU = v128.load(dus), oldV = v128.load(dvs), keep = minus(one, omega);
      const newU = plus(times(keep, oldU), times(inverse, minus(times(m22, rightU), times(m12, rightV))));
      const newV = plus(times(keep, oldV), times(inverse, minus(times(m11, rightV), times(m12, rightU))));
      v128.store(dus, v128.bitselect(newU, oldU, mask));
      v128.store(dvs, v128.bitselect(newV, oldV, mask));
    }
  }
}
