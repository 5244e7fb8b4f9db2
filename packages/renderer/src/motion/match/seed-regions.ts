/** A side's grid of seeds: displacements in samples, and which of them are trusted (1). */
export interface SeedField {
  readonly columns: number;
  readonly rows: number;
  readonly u: Int32Array;
  readonly v: Int32Array;
  readonly trusted: Uint8Array;
}

/** Trusted seeds that move alike and touch, or would if each untrusted seed belonged to the nearest trusted one. */
export interface SeedRegions {
  /** The seeds of every region. */
  readonly seeds: readonly (readonly number[])[];
  readonly borders: readonly SeedBorder[];
}

/** Where a region meets a neighbour: the neighbour's mean motion along `length` pairs of seeds. */
export interface SeedBorder {
  readonly region: number;
  readonly neighbour: number;
  readonly u: number;
  readonly v: number;
  readonly length: number;
}

/** Seeds next to each other are one region when their displacements differ by no more: samples, and a share of them. */
const ALIKE = 1.5;
const ALIKE_SHARE = 0.04;
const NONE = -1;

/** Divides the trusted seeds of a side into regions. */
export function seedRegions(field: SeedField): SeedRegions {
  const nearest = nearestTrusted(field);
  const { label, seeds } = labelRegions(field, nearest);
  return { seeds, borders: bordersOf(field, nearest, label, seeds.length) };
}

/** Calls `visit` with the seeds beside `at`. */
function beside(at: number, columns: number, count: number, visit: (next: number) => void): void {
  const column = at % columns;
  if (column > 0) visit(at - 1);
  if (column < columns - 1) visit(at + 1);
  if (at >= columns) visit(at - columns);
  if (at < count - columns) visit(at + columns);
}

/** For every seed the nearest trusted one in steps along the grid, or NONE when there is no trusted seed. */
function nearestTrusted({ columns, trusted }: SeedField): Int32Array {
  const count = trusted.length;
  const nearest = new Int32Array(count).fill(NONE);
  const queue = new Int32Array(count);
  let end = 0;
  for (let i = 0; i < count; i++) {
    if (!trusted[i]) continue;
    nearest[i] = i;
    queue[end++] = i;
  }
  for (let n = 0; n < end; n++) {
    const at = queue[n]!;
    beside(at, columns, count, (next) => {
      if (nearest[next] !== NONE) return;
      nearest[next] = nearest[at]!;
      queue[end++] = next;
    });
  }
  return nearest;
}

function labelRegions(
  { columns, u, v }: SeedField,
  nearest: Int32Array,
): { readonly label: Int32Array; readonly seeds: number[][] } {
  const count = nearest.length;
  const label = new Int32Array(count).fill(NONE);
  const queue = new Int32Array(count);
  const seeds: number[][] = [];
  for (let start = 0; start < count; start++) {
    if (nearest[start] === NONE || label[start] !== NONE) continue;
    const region = seeds.length;
    const members: number[] = [];
    let end = 0;
    label[start] = region;
    queue[end++] = start;
    for (let n = 0; n < end; n++) {
      const at = queue[n]!;
      const here = nearest[at]!;
      if (here === at) members.push(at);
      const tolerance = ALIKE + ALIKE_SHARE * Math.hypot(u[here]!, v[here]!);
      beside(at, columns, count, (next) => {
        if (label[next] !== NONE) return;
        const there = nearest[next]!;
        if (Math.max(Math.abs(u[there]! - u[here]!), Math.abs(v[there]! - v[here]!)) > tolerance) return;
        label[next] = region;
        queue[end++] = next;
      });
    }
    seeds.push(members);
  }
  return { label, seeds };
}

function bordersOf(
  { columns, u, v }: SeedField,
  nearest: Int32Array,
  label: Int32Array,
  regions: number,
): SeedBorder[] {
  const sums = new Map<number, { region: number; neighbour: number; u: number; v: number; length: number }>();
  for (let at = 0; at < label.length; at++) {
    const region = label[at]!;
    if (region === NONE) continue;
    beside(at, columns, label.length, (next) => {
      const neighbour = label[next]!;
      if (neighbour === region) return;
      const key = region * regions + neighbour;
      const sum = sums.get(key) ?? { region, neighbour, u: 0, v: 0, length: 0 };
      sums.set(key, sum);
      sum.u += u[nearest[next]!]!;
      sum.v += v[nearest[next]!]!;
      sum.length++;
    });
  }
  return [...sums.values()].map((sum) => ({ ...sum, u: sum.u / sum.length, v: sum.v / sum.length }));
}
