import { DESCRIPTOR_BYTES, type DescribeKernels, POOL_REACH } from './describe-kernels.ts';

const DIRECTIONS = 8;
/** Eight places on a ring of five samples, rounded to whole samples, anticlockwise from the right (y downwards). */
const RING_X = [5, 4, 0, -4, -5, -4, 0, 4];
const RING_Y = [0, 4, 5, 4, 0, -4, -5, -4];

/** The plain TypeScript twin of the describing kernel: its oracle, and the fallback. */
export function plainDescribe(buffer: ArrayBufferLike): DescribeKernels {
  return {
    describe(width, height, slopeX, slopeY, taps, _row, across, pooled, norms, out) {
      const size = width * height;
      const gx = new Float32Array(buffer, slopeX, size);
      const gy = new Float32Array(buffer, slopeY, size);
      const filter = new Float32Array(buffer, taps, POOL_REACH + 1);
      const rows = new Float32Array(buffer, across, DIRECTIONS * size);
      const sums = new Float32Array(buffer, pooled, DIRECTIONS * size);
      for (let k = 0; k < DIRECTIONS; k++) {
        const c = Math.cos((2 * Math.PI * k) / DIRECTIONS);
        const s = Math.sin((2 * Math.PI * k) / DIRECTIONS);
        for (let i = 0; i < size; i++) sums[i * DIRECTIONS + k] = Math.max(0, gx[i]! * c + gy[i]! * s);
      }
      convolve(sums, rows, width, height, filter, 1, 0);
      convolve(rows, sums, width, height, filter, 0, 1);
      assemble(
        sums,
        new Float32Array(buffer, norms, size),
        new Uint8Array(buffer, out, size * DESCRIPTOR_BYTES),
        width,
        height,
      );
    },
  };
}

function convolve(
  source: Float32Array,
  out: Float32Array,
  width: number,
  height: number,
  filter: Float32Array,
  dx: number,
  dy: number,
): void {
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let k = 0; k < DIRECTIONS; k++) {
        const at = (y * width + x) * DIRECTIONS + k;
        let sum = filter[0]! * source[at]!;
        for (let r = 1; r <= POOL_REACH; r++) {
          const before = Math.max(0, y - r * dy) * width + Math.max(0, x - r * dx);
          const after = Math.min(height - 1, y + r * dy) * width + Math.min(width - 1, x + r * dx);
          sum += filter[r]! * (source[before * DIRECTIONS + k]! + source[after * DIRECTIONS + k]!);
        }
        out[at] = sum;
      }
    }
  }
}

function assemble(pooled: Float32Array, norms: Float32Array, out: Uint8Array, width: number, height: number): void {
  for (let i = 0; i < norms.length; i++) {
    let sum = 0;
    for (let k = 0; k < DIRECTIONS; k++) sum += pooled[i * DIRECTIONS + k]! ** 2;
    norms[i] = sum;
  }
  const places = new Int32Array(1 + DIRECTIONS);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      places[0] = i;
      let sum = norms[i]!;
      for (let k = 0; k < RING_X.length; k++) {
        const px = Math.min(width - 1, Math.max(0, x + RING_X[k]!));
        const py = Math.min(height - 1, Math.max(0, y + RING_Y[k]!));
        places[k + 1] = py * width + px;
        sum += norms[py * width + px]!;
      }
      const scale = 510 / (Math.sqrt(sum) + 2);
      let to = i * DESCRIPTOR_BYTES;
      for (const place of places) {
        for (let d = 0; d < DIRECTIONS; d++, to++) out[to] = Math.min(255, pooled[place * DIRECTIONS + d]! * scale);
      }
    }
  }
}
