import { FEATURE_BYTES } from '../camera/features.ts';
import { DESCRIPTOR_BYTES } from './describe-kernels.ts';
import type { MatchKernels } from './match-kernels.ts';

const SCANS = 4;
/** A place is only taken for another that costs less than this many eighths of it. */
const BETTER = 6;
const AWAY = 1 << 28;
const PATTERN_X = [1, -1, 0, 0, 1, 1, -1, -1];
const PATTERN_Y = [0, 0, 1, -1, 1, -1, 1, -1];

/** The plain TypeScript twin of the matching kernels: their oracle, and the fallback. */
export function plainMatch(buffer: ArrayBufferLike): MatchKernels {
  const bytes = new Uint8Array(buffer);
  const difference = (a: number, b: number, length: number): number => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += Math.abs(bytes[a + i]! - bytes[b + i]!);
    return sum;
  };
  return {
    exhaustive(from, to, width, height, u, v) {
      const us = new Int32Array(buffer, u, width * height);
      const vs = new Int32Array(buffer, v, width * height);
      for (let y = 0, i = 0; y < height; y++) {
        for (let x = 0; x < width; x++, i++) {
          let best = AWAY;
          for (let ty = 0, j = 0; ty < height; ty++) {
            for (let tx = 0; tx < width; tx++, j++) {
              const far = 2 * (Math.abs(tx - x) + Math.abs(ty - y));
              if (far >= best) continue;
              const cost = far + difference(from + i * DESCRIPTOR_BYTES, to + j * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES);
              if (cost < best) {
                best = cost;
                us[i] = tx - x;
                vs[i] = ty - y;
              }
            }
          }
        }
      }
    },
    improve(from, to, width, height, columns, rows, step, reach, u, v, startU, startV, cost) {
      const count = columns * rows;
      const us = new Int32Array(buffer, u, count);
      const vs = new Int32Array(buffer, v, count);
      const u0 = new Int32Array(buffer, startU, count);
      const v0 = new Int32Array(buffer, startV, count);
      const costs = new Int32Array(buffer, cost, count);
      const place = (n: number, last: number): number => Math.min(last, Math.max(0, Math.floor((n + 0.5) * step)));
      const evaluate = (column: number, row: number, du: number, dv: number): number => {
        const x = place(column, width - 1);
        const y = place(row, height - 1);
        const tx = x + du;
        const ty = y + dv;
        if (tx < 0 || ty < 0 || tx >= width || ty >= height) return AWAY;
        return difference(
          from + (y * width + x) * DESCRIPTOR_BYTES,
          to + (ty * width + tx) * DESCRIPTOR_BYTES,
          DESCRIPTOR_BYTES,
        );
      };
      for (let i = 0; i < count; i++) costs[i] = evaluate(i % columns, Math.floor(i / columns), us[i]!, vs[i]!);
      const attempt = (column: number, row: number, at: number, du: number, dv: number): boolean => {
        if (du === us[at]! && dv === vs[at]!) return false;
        if (reach > 0 && (Math.abs(du - u0[at]!) > reach || Math.abs(dv - v0[at]!) > reach)) return false;
        const found = evaluate(column, row, du, dv);
        if (found >= costs[at]!) return false;
        costs[at] = found;
        us[at] = du;
        vs[at] = dv;
        return true;
      };
      for (let scan = 0; scan < SCANS; scan++) {
        const back = scan & 1;
        const side = back ? 1 : -1;
        for (let n = 0; n < count; n++) {
          const at = back ? count - 1 - n : n;
          const column = at % columns;
          const row = Math.floor(at / columns);
          let changed = scan === 0;
          if (column + side >= 0 && column + side < columns) {
            changed = attempt(column, row, at, us[at + side]!, vs[at + side]!) || changed;
          }
          if (row + side >= 0 && row + side < rows) {
            const next = at + side * columns;
            changed = attempt(column, row, at, us[next]!, vs[next]!) || changed;
          }
          if (!changed) continue;
          for (let r = 4; r >= 1; r >>= 1) {
            const du = us[at]!;
            const dv = vs[at]!;
            for (let k = 0; k < 8; k++) attempt(column, row, at, du + r * PATTERN_X[k]!, dv + r * PATTERN_Y[k]!);
          }
        }
      }
    },
    seek(from, fromPlaces, fromCount, to, toPlaces, toCount, width, out) {
      const starts = new Int32Array(buffer, fromPlaces, fromCount);
      const ends = new Int32Array(buffer, toPlaces, toCount);
      const result = new Int32Array(buffer, out, fromCount);
      for (let i = 0; i < fromCount; i++) {
        const start = starts[i]!;
        const [x, y] = [start % width, Math.floor(start / width)];
        const costOf = (end: number): number =>
          2 * (Math.abs((end % width) - x) + Math.abs(Math.floor(end / width) - y)) +
          difference(from + start * DESCRIPTOR_BYTES, to + end * DESCRIPTOR_BYTES, DESCRIPTOR_BYTES);
        let best = (costOf(result[i]!) * BETTER) >> 3;
        for (const end of ends) {
          const cost = costOf(end);
          if (cost < best) {
            best = cost;
            result[i] = end;
          }
        }
      }
    },
    nearest(from, fromCount, to, toCount, toX, toY, out) {
      const xs = new Float32Array(buffer, toX, toCount);
      const ys = new Float32Array(buffer, toY, toCount);
      const result = new Int32Array(buffer, out, 3 * fromCount);
      for (let i = 0; i < fromCount; i++) {
        let best = AWAY;
        let second = AWAY;
        let index = -1;
        for (let j = 0; j < toCount; j++) {
          const d = difference(from + i * FEATURE_BYTES, to + j * FEATURE_BYTES, FEATURE_BYTES);
          if (d >= second) continue;
          const near = index >= 0 && (xs[j]! - xs[index]!) ** 2 + (ys[j]! - ys[index]!) ** 2 < 144;
          if (d < best) {
            if (!near) second = best;
            best = d;
            index = j;
          } else if (!near) second = d;
        }
        result[3 * i] = index;
        result[3 * i + 1] = best;
        result[3 * i + 2] = second;
      }
    },
  };
}
