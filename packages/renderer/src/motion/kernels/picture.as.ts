// Bringing a key picture into the planes frames are gathered from, with SIMD. Contract: ../render/picture-kernels.ts; twin: ../render/plain-picture.ts.
import { PAD } from './gather.as';

const ROOT: f32 = -1.0 / 3;
const START: f32 = 0.75;
const GAIN: f32 = 16.0 / 9;

// @ts-ignore: decorator
@inline function scaled(a: v128, k: f32): v128 { return f32x4.mul(a, f32x4.splat(k)); }

export function split(width: i32, height: i32, rgb: usize, luma: usize, half: usize, colour: usize, work: usize, rows: usize): void {
  // Colour differences lie side by side, blue and red: a row is so many bytes, and a vector two samples.
  const line = <usize>width << 3;
  const differences = rows + 16, across = differences + line + 48, held = across + 4 * line;
  const stride = width + 2 * PAD;
  for (let r = 0; r < height + 2; r++) {
    if (r < height) {
      separate(width, rgb + 3 * <usize>(r * width), luma + <usize>((r + PAD) * stride + PAD), differences);
      const to = across + <usize>(r & 3) * line;
      for (let i: usize = 0; i < line; i += 16) v128.store(to + i, four(v128.load(differences + i - 8), v128.load(differences + i), v128.load(differences + i + 8), v128.load(differences + i + 16)));
    }
    const y = r - 2;
    if (y < 0) continue;
    const a = across + <usize>(max(0, y - 1) & 3) * line, b = across + <usize>(y & 3) * line;
    const c = across + <usize>(min(height - 1, y + 1) & 3) * line, d = across + <usize>(min(height - 1, y + 2) & 3) * line;
    solveRow(line, a, b, c, d, work + <usize>y * line, held + <usize>(y & 1) * line, y < 2);
  }
  for (let y = height - 1; y >= 0; y--) {
    const before = held + <usize>(y & 1) * line, from = work + <usize>y * line;
    const to = colour + <usize>(2 * ((y + PAD) * stride + PAD));
    const most = y >= height - 2 ? START : <f32>1;
    for (let i: usize = 0; i < line; i += 16) {
      const value = f32x4.add(v128.load(from + i), scaled(scaled(v128.load(before + i), most), ROOT));
      v128.store(before + i, value);
      const wide = i32x4.trunc_sat_f32x4_s(f32x4.add(f32x4.splat(128.5), scaled(value, GAIN))), narrow = i16x8.narrow_i32x4_s(wide, wide);
      v128.store_lane<u32>(to + (i >> 2), i8x16.narrow_i16x8_u(narrow, narrow), 0);
    }
  }
  border(width, height, luma, 1);
  border(width, height, colour, 2);
  halve(width, height, luma, half);
  border(width >> 1, height >> 1, half, 1);
}

// The luma of one row of a picture, and its colour differences with one sample more before and two after.
function separate(width: i32, rgb: usize, luma: usize, differences: usize): void {
  for (let k = 0; k < width; k += 4) {
    const x = min(k, width - 4);
    const all = v128.load(rgb + 3 * <usize>x);
    const r = v128.swizzle(all, i8x16(0, -1, -1, -1, 3, -1, -1, -1, 6, -1, -1, -1, 9, -1, -1, -1));
    const g = v128.swizzle(all, i8x16(1, -1, -1, -1, 4, -1, -1, -1, 7, -1, -1, -1, 10, -1, -1, -1));
    const b = v128.swizzle(all, i8x16(2, -1, -1, -1, 5, -1, -1, -1, 8, -1, -1, -1, 11, -1, -1, -1));
    const sum = i32x4.add(i32x4.add(i32x4.mul(r, i32x4.splat(191455)), i32x4.mul(g, i32x4.splat(644068))), i32x4.add(i32x4.mul(b, i32x4.splat(65019)), i32x4.splat(17301504)));
    const wide = i32x4.shr_u(sum, 20), narrow = i16x8.narrow_i32x4_s(wide, wide);
    v128.store_lane<u32>(luma + <usize>x, i8x16.narrow_i16x8_u(narrow, narrow), 0);
    const fr = f32x4.convert_i32x4_s(r), fg = f32x4.convert_i32x4_s(g), fb = f32x4.convert_i32x4_s(b);
    const bright = f32x4.add(f32x4.add(scaled(fr, 0.2126), scaled(fg, 0.7152)), scaled(fb, 0.0722));
    const blue = scaled(f32x4.sub(fb, bright), 0.473396), red = scaled(f32x4.sub(fr, bright), 0.557808);
    const to = differences + (<usize>x << 3);
    v128.store(to, v128.shuffle<f32>(blue, red, 0, 4, 1, 5));
    v128.store(to + 16, v128.shuffle<f32>(blue, red, 2, 6, 3, 7));
  }
  store<u64>(differences - 8, load<u64>(differences));
  const end = differences + (<usize>width << 3), last = load<u64>(end - 8);
  store<u64>(end, last);
  store<u64>(end + 8, last);
}

// The weights a sample has in interpolation.
// @ts-ignore: decorator
@inline function four(a: v128, b: v128, c: v128, d: v128): v128 { return f32x4.add(scaled(f32x4.add(a, d), 0.125), scaled(f32x4.add(b, c), 0.375)); }

// One row of projected samples, solved along the row (there and back) and there down the columns.
function solveRow(line: usize, a: usize, b: usize, c: usize, d: usize, out: usize, held: usize, isFirst: bool): void {
  let value = scaled(four(v128.load(a), v128.load(b), v128.load(c), v128.load(d)), START);
  for (let i: usize = 0; i < line; i += 16) {
    value = f32x4.add(four(v128.load(a + i), v128.load(b + i), v128.load(c + i), v128.load(d + i)), scaled(value, ROOT));
    v128.store(out + i, value);
  }
  value = scaled(value, START);
  for (let i = line; i > 0; ) {
    i -= 16;
    value = f32x4.add(v128.load(out + i), scaled(value, ROOT));
    const row = scaled(value, GAIN);
    const above = isFirst ? scaled(row, START) : v128.load(held + i);
    const down = f32x4.add(row, scaled(above, ROOT));
    v128.store(held + i, down);
    v128.store(out + i, down);
  }
}

// Folds a coordinate into 0..length-1 by reflection at both ends.
// @ts-ignore: decorator
@inline function mirror(at: i32, length: i32): i32 {
  const period = 2 * (length - 1), folded = abs(at) % period;
  return folded < length ? folded : period - folded;
}

// Mirrors PAD samples of one or two bytes around a plane.
function border(width: i32, height: i32, plane: usize, bytes: i32): void {
  const stride = width + 2 * PAD, row = <usize>(stride * bytes);
  for (let y = 0; y < height; y++) {
    const start = plane + <usize>(((y + PAD) * stride + PAD) * bytes);
    for (let x = 1; x <= PAD; x++) {
      memory.copy(start - <usize>(x * bytes), start + <usize>(mirror(-x, width) * bytes), bytes);
      memory.copy(start + <usize>((width - 1 + x) * bytes), start + <usize>(mirror(width - 1 + x, width) * bytes), bytes);
    }
  }
  for (let y = 1; y <= PAD; y++) {
    memory.copy(plane + <usize>(PAD - y) * row, plane + <usize>(PAD + mirror(-y, height)) * row, row);
    memory.copy(plane + <usize>(PAD + height - 1 + y) * row, plane + <usize>(PAD + mirror(height - 1 + y, height)) * row, row);
  }
}

// Luma at half size, by means of 2×2 samples.
function halve(width: i32, height: i32, luma: usize, half: usize): void {
  const w2 = width >> 1, h2 = height >> 1, stride = <usize>(width + 2 * PAD), small = <usize>(w2 + 2 * PAD);
  for (let y = 0; y < h2; y++) {
    const from = luma + <usize>(2 * y + PAD) * stride + PAD, to = half + <usize>(y + PAD) * small + PAD;
    for (let k = 0; k < w2; k += 8) {
      const x = <usize>min(k, w2 - 8);
      const sum = i16x8.add(i16x8.extadd_pairwise_i8x16_u(v128.load(from + 2 * x)), i16x8.extadd_pairwise_i8x16_u(v128.load(from + 2 * x + stride)));
      const mean = i16x8.shr_u(i16x8.add(sum, i16x8.splat(2)), 2);
      v128.store_lane<u64>(to + x, i8x16.narrow_i16x8_u(mean, mean), 0);
    }
  }
}

export function average(width: i32, height: i32, rgb: usize, factor: i32, luma: usize, blue: usize, red: usize): void {
  const share: f64 = 1 / <f64>(factor * factor), row = 3 * <usize>width;
  const columns = width / factor, lines = height / factor;
  let to: usize = 0;
  for (let y = 0; y < lines; y++) {
    let at = rgb + <usize>(y * factor) * row;
    for (let x = 0; x < columns; x++, to += 4) {
      let r = <i32>load<u8>(at), g = <i32>load<u8>(at + 1), b = <i32>load<u8>(at + 2);
      if (factor === 2) {
        const below = at + row;
        r += <i32>load<u8>(at + 3) + <i32>load<u8>(below) + <i32>load<u8>(below + 3);
        g += <i32>load<u8>(at + 4) + <i32>load<u8>(below + 1) + <i32>load<u8>(below + 4);
        b += <i32>load<u8>(at + 5) + <i32>load<u8>(below + 2) + <i32>load<u8>(below + 5);
        at += 3;
      }
      at += 3;
      const bright: f64 = (0.2126 * <f64>r + 0.7152 * <f64>g + 0.0722 * <f64>b) * share;
      store<f32>(luma + to, <f32>bright);
      store<f32>(blue + to, <f32>(128 + (<f64>b * share - bright) / 1.8556));
      store<f32>(red + to, <f32>(128 + (<f64>r * share - bright) / 1.5748));
    }
  }
}
