import { plainGradient as gradient } from '../raster/gradient.ts';
import { emptyFlow, type Flow, type Plane } from '../raster/plane.ts';
import { bilinear } from '../raster/sample.ts';
import { type DescendKernels, MARGIN, PATCH, STRIDE } from './descend-kernels.ts';

const AREA = PATCH * PATCH;
const FIRST_STEPS = 10;
const SECOND_STEPS = 5;
/** A patch that leaves its starting point by more than its own size has lost its structure. */
const LONGEST_WALK = PATCH;

/** The plain TypeScript twin of the search's kernel: its oracle, and the fallback. */
export function plainDescend(buffer: ArrayBufferLike): DescendKernels {
  return {
    descend(width, height, from, to, u, v) {
      const plane = (at: number): Plane => ({ width, height, data: new Float32Array(buffer, at, width * height) });
      const flow = { width, height, u: plane(u).data, v: plane(v).data };
      const found = densify(plane(from), plane(to), descendPatches(plane(from), plane(to), flow));
      flow.u.set(found.u);
      flow.v.set(found.v);
    },
  };
}

/** One displacement per patch; patch (column, row) has its upper left sample at (columns[column], rows[row]). */
interface PatchFlow {
  readonly columns: Int32Array;
  readonly rows: Int32Array;
  readonly u: Float32Array;
  readonly v: Float32Array;
}

/**
 * Finds for every patch of `from` its place in `to`: dense inverse search (Kroeger et al. 2016), that is
 * inverse-compositional Gauss-Newton steps on the mean-normalised squared difference, started from `start`
 * and from what the neighbouring patches found.
 */
function descendPatches(from: Plane, to: Plane, start: Flow): PatchFlow {
  const { width, height } = from;
  const columns = patchPositions(width);
  const rows = patchPositions(height);
  const count = columns.length * rows.length;
  const flow: PatchFlow = { columns, rows, u: new Float32Array(count), v: new Float32Array(count) };
  const search = new PatchSearch(from, to);
  const costs = new Float32Array(count);
  const across = columns.length;
  const visit = (column: number, row: number, direction: -1 | 1): void => {
    const at = row * across + column;
    const x = columns[column]!;
    const y = rows[row]!;
    const firstVisit = direction === -1;
    search.aim(x, y);
    const centre = (y + PATCH / 2) * width + x + PATCH / 2;
    if (firstVisit) {
      flow.u[at] = start.u[centre]!;
      flow.v[at] = start.v[centre]!;
      costs[at] = search.cost(flow.u[at]!, flow.v[at]!);
    }
    let better = firstVisit;
    const sideways = column + direction;
    if (sideways >= 0 && sideways < across) better = adopt(row * across + sideways, at) || better;
    const along = row + direction;
    if (along >= 0 && along < rows.length) better = adopt(along * across + column, at) || better;
    if (better) {
      search.descend(flow.u[at]!, flow.v[at]!, firstVisit ? FIRST_STEPS : SECOND_STEPS);
      flow.u[at] = search.u;
      flow.v[at] = search.v;
      costs[at] = search.best;
    }
  };
  const adopt = (neighbour: number, at: number): boolean => {
    const u = flow.u[neighbour]!;
    const v = flow.v[neighbour]!;
    if (Math.abs(u - flow.u[at]!) + Math.abs(v - flow.v[at]!) < 0.1) return false;
    const cost = search.cost(u, v);
    if (cost >= costs[at]!) return false;
    costs[at] = cost;
    flow.u[at] = u;
    flow.v[at] = v;
    return true;
  };
  for (let row = 0; row < rows.length; row++) for (let column = 0; column < across; column++) visit(column, row, -1);
  for (let row = rows.length - 1; row >= 0; row--)
    for (let column = across - 1; column >= 0; column--) visit(column, row, 1);
  return flow;
}

/** Every STRIDE samples, the last patch flush with the border. */
function patchPositions(length: number): Int32Array {
  const last = Math.max(0, length - PATCH);
  const count = Math.ceil(last / STRIDE) + 1;
  return Int32Array.from({ length: count }, (_, i) => Math.min(last, i * STRIDE));
}

/** The search for one patch at a time; the sums over the template are taken once per patch. */
class PatchSearch {
  u = 0;
  v = 0;
  best = 0;
  private readonly from: Plane;
  private readonly slopeX: Plane;
  private readonly slopeY: Plane;
  private readonly padded: Float32Array;
  private readonly paddedWidth: number;
  private readonly paddedHeight: number;
  private readonly template = new Float32Array(AREA);
  private readonly gx = new Float32Array(AREA);
  private readonly gy = new Float32Array(AREA);
  private x = 0;
  private y = 0;
  private sumX = 0;
  private sumY = 0;
  private inverseXX = 0;
  private inverseXY = 0;
  private inverseYY = 0;
  private towardsX = 0;
  private towardsY = 0;

  constructor(from: Plane, to: Plane) {
    this.from = from;
    const slopes = gradient(from);
    this.slopeX = slopes.x;
    this.slopeY = slopes.y;
    this.paddedWidth = to.width + 2 * MARGIN;
    this.paddedHeight = to.height + 2 * MARGIN;
    this.padded = padded(to);
  }

  /** Chooses the patch whose upper left sample is (x, y). */
  aim(x: number, y: number): void {
    const { width, height, data } = this.from;
    this.x = x;
    this.y = y;
    let sumX = 0;
    let sumY = 0;
    let xx = 0;
    let xy = 0;
    let yy = 0;
    for (let j = 0, n = 0; j < PATCH; j++) {
      const row = Math.min(height - 1, y + j) * width;
      for (let i = 0; i < PATCH; i++, n++) {
        const at = row + Math.min(width - 1, x + i);
        const gx = this.slopeX.data[at]!;
        const gy = this.slopeY.data[at]!;
        this.template[n] = data[at]!;
        this.gx[n] = gx;
        this.gy[n] = gy;
        sumX += gx;
        sumY += gy;
        xx += gx * gx;
        xy += gx * gy;
        yy += gy * gy;
      }
    }
    this.sumX = sumX / AREA;
    this.sumY = sumY / AREA;
    xx -= (sumX * sumX) / AREA;
    xy -= (sumX * sumY) / AREA;
    yy -= (sumY * sumY) / AREA;
    // A flat patch tells nothing about its motion: the damping (0.25 grey steps per sample) holds it where it started.
    const damping = AREA * 0.06;
    const determinant = (xx + damping) * (yy + damping) - xy * xy;
    this.inverseXX = (yy + damping) / determinant;
    this.inverseXY = -xy / determinant;
    this.inverseYY = (xx + damping) / determinant;
  }

  /** The squared difference at displacement (u, v) after removal of the mean; sets the Gauss-Newton direction. */
  cost(u: number, v: number): number {
    const pw = this.paddedWidth;
    const px = Math.min(pw - PATCH - 2, Math.max(0, this.x + u + MARGIN));
    const py = Math.min(this.paddedHeight - PATCH - 2, Math.max(0, this.y + v + MARGIN));
    const left = px | 0;
    const top = py | 0;
    const ax = px - left;
    const ay = py - top;
    const w11 = ax * ay;
    const w10 = ay - w11;
    const w01 = ax - w11;
    const w00 = 1 - ax - w10;
    const data = this.padded;
    const { template, gx, gy } = this;
    let sum = 0;
    let squares = 0;
    let bx = 0;
    let by = 0;
    for (let j = 0, n = 0; j < PATCH; j++) {
      let at = (top + j) * pw + left;
      let upper = data[at]!;
      let lower = data[at + pw]!;
      for (let i = 0; i < PATCH; i++, n++) {
        at++;
        const nextUpper = data[at]!;
        const nextLower = data[at + pw]!;
        const r = w00 * upper + w01 * nextUpper + w10 * lower + w11 * nextLower - template[n]!;
        upper = nextUpper;
        lower = nextLower;
        sum += r;
        squares += r * r;
        bx += r * gx[n]!;
        by += r * gy[n]!;
      }
    }
    this.towardsX = bx - sum * this.sumX;
    this.towardsY = by - sum * this.sumY;
    return squares - (sum * sum) / AREA;
  }

  /** Walks downhill from (u, v); leaves the best displacement and its cost in `u`, `v`, `best`. */
  descend(u: number, v: number, steps: number): void {
    this.u = u;
    this.v = v;
    this.best = this.cost(u, v);
    let nextU = u;
    let nextV = v;
    for (let step = 0; step < steps; step++) {
      const du = this.inverseXX * this.towardsX + this.inverseXY * this.towardsY;
      const dv = this.inverseXY * this.towardsX + this.inverseYY * this.towardsY;
      nextU -= du;
      nextV -= dv;
      if (Math.abs(nextU - u) + Math.abs(nextV - v) > LONGEST_WALK) return;
      const cost = this.cost(nextU, nextV);
      if (cost >= this.best) return;
      this.best = cost;
      this.u = nextU;
      this.v = nextV;
      if (du * du + dv * dv < 4e-4) return;
    }
  }
}

/** A copy with MARGIN replicated samples on every side. */
function padded(source: Plane): Float32Array {
  const { width, height, data } = source;
  const stride = width + 2 * MARGIN;
  const out = new Float32Array(stride * (height + 2 * MARGIN));
  for (let y = 0; y < height + 2 * MARGIN; y++) {
    const row = Math.min(height - 1, Math.max(0, y - MARGIN)) * width;
    for (let x = 0; x < stride; x++) {
      out[y * stride + x] = data[row + Math.min(width - 1, Math.max(0, x - MARGIN))]!;
    }
  }
  return out;
}

/** Every sample averages the patches that cover it, those that fit it best most (weight 1 / max(1, |difference|)). */
function densify(from: Plane, to: Plane, patches: PatchFlow): Flow {
  const { width, height } = from;
  const out = emptyFlow(width, height);
  const weights = new Float32Array(width * height);
  const across = patches.columns.length;
  for (let p = 0; p < patches.u.length; p++) {
    const x0 = patches.columns[p % across]!;
    const y0 = patches.rows[Math.floor(p / across)]!;
    const u = patches.u[p]!;
    const v = patches.v[p]!;
    for (let y = y0; y < Math.min(height, y0 + PATCH); y++) {
      for (let x = x0; x < Math.min(width, x0 + PATCH); x++) {
        const at = y * width + x;
        const difference = Math.abs(bilinear(to.data, width, height, x + u, y + v) - from.data[at]!);
        const weight = 1 / Math.max(1, difference);
        out.u[at]! += weight * u;
        out.v[at]! += weight * v;
        weights[at]! += weight;
      }
    }
  }
  for (let i = 0; i < weights.length; i++) {
    out.u[i]! /= weights[i]!;
    out.v[i]! /= weights[i]!;
  }
  return out;
}
