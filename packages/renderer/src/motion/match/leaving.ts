import { trustedSeeds } from './coherence.ts';
import { type MatchLayout, SEED_STEP } from './match-layout.ts';
import { type SeedField, seedRegions } from './seed-regions.ts';

/** Share of a region's matches that must lead from what leaves to what enters. */
const MOST = 0.6;
/** Regions are neighbours where this many pairs of seeds meet. */
const LEAST_BORDER = 3;
/** A neighbour with less than this share of a region's seeds is more likely chance than the region is. */
const LEAST_NEIGHBOUR = 0.1;
/** What stops this near to the border has left as well: a share of the neighbour's motion, besides one seed step. */
const SLACK = 0.15;
/** What is left of a region may be seen for what it is when the rest has gone. */
const ROUNDS = 3;

/** A side's seeds and the size of the picture in samples. */
interface Side extends SeedField {
  readonly width: number;
  readonly height: number;
}

/**
 * Leaves in the layout which seeds of either side can be trusted: those that match both ways and agree with their
 * neighbours, without those that match what leaves the picture with what enters it.
 */
export function judgeSeeds(buffer: ArrayBufferLike, layout: MatchLayout): void {
  const { columns, rows, levels } = layout;
  const { width, height } = levels[0]!;
  const count = columns * rows;
  const open = (side: 0 | 1): Side => {
    const { u, v, trusted } = layout.seeds[side];
    const field = {
      columns,
      rows,
      width,
      height,
      u: new Int32Array(buffer, u, count),
      v: new Int32Array(buffer, v, count),
      trusted: new Uint8Array(buffer, trusted, count),
    };
    field.trusted.set(trustedSeeds(buffer, layout, side));
    return field;
  };
  distrustLeaving(open(0), open(1));
}

/**
 * Takes the trust from seeds that match what leaves the picture with what enters it. When a thing goes out on one side
 * while its like comes in on the other (hatches of a bus, windows, columns), the opposite motion matches the two
 * perfectly, both ways. A region is such a match when, along the smaller and opposite motion of a region next to it, its
 * seeds would leave the picture and their partners would have come from outside: that motion explains all that is seen.
 */
export function distrustLeaving(first: Side, last: Side): void {
  for (let round = 0; round < ROUNDS; round++) {
    const [out, back] = [leavingSeeds(first), leavingSeeds(last)];
    if (out.length + back.length === 0) return;
    for (const seed of out) first.trusted[seed] = 0;
    for (const seed of back) last.trusted[seed] = 0;
    for (const seed of out) distrustPartners(first, seed, last);
    for (const seed of back) distrustPartners(last, seed, first);
  }
}

function leavingSeeds(side: Side): number[] {
  const { seeds, borders } = seedRegions(side);
  const leaving = new Set<number>();
  for (const { region, neighbour, u, v, length } of borders) {
    const own = seeds[region]!;
    if (length < LEAST_BORDER || seeds[neighbour]!.length < LEAST_NEIGHBOUR * own.length) continue;
    if (leavesAndEnters(side, own, u, v)) leaving.add(region);
  }
  return [...leaving].flatMap((region) => seeds[region]!);
}

/** Whether most of the seeds would leave along the smaller, opposite motion (u, v), and their partners have come in. */
function leavesAndEnters({ columns, width, height, ...field }: Side, seeds: readonly number[], u: number, v: number) {
  const length = Math.hypot(u, v);
  const slack = SLACK * length + SEED_STEP;
  const isOutside = (x: number, y: number): boolean =>
    x < slack || y < slack || x > width - 1 - slack || y > height - 1 - slack;
  let found = 0;
  let sum = 0;
  for (const seed of seeds) {
    const x = ((seed % columns) + 0.5) * SEED_STEP - 0.5;
    const y = (Math.floor(seed / columns) + 0.5) * SEED_STEP - 0.5;
    const du = field.u[seed]!;
    const dv = field.v[seed]!;
    sum += Math.hypot(du, dv);
    const isOpposite = du * u + dv * v < 0;
    if (isOpposite && isOutside(x + u, y + v) && isOutside(x + du - u, y + dv - v)) found++;
  }
  return sum > length * seeds.length && found >= MOST * seeds.length;
}

/** Takes the trust from the other side's seeds where this one leads, if they lead back. */
function distrustPartners({ columns, rows, u, v }: Side, seed: number, there: Side): void {
  const column = (seed % columns) + Math.round(u[seed]! / SEED_STEP);
  const row = Math.floor(seed / columns) + Math.round(v[seed]! / SEED_STEP);
  for (let y = Math.max(0, row - 1); y <= Math.min(rows - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(columns - 1, column + 1); x++) {
      const at = y * columns + x;
      const miss = Math.max(Math.abs(there.u[at]! + u[seed]!), Math.abs(there.v[at]! + v[seed]!));
      if (miss <= 2 * SEED_STEP) there.trusted[at] = 0;
    }
  }
}
