import type { MatchLayout } from './match-layout.ts';
import { SEED_STEP } from './match-layout.ts';

/** The neighbourhood that must agree: 7×7 seeds, of which more than a quarter. */
const RADIUS = 3;
const NEEDED = 0.25;

/**
 * Which seeds of a side can be trusted: the match leads back to within one seed step, and enough neighbours have
 * a similar and likewise confirmed displacement. 1 = kept.
 */
export function trustedSeeds(buffer: ArrayBufferLike, layout: MatchLayout, side: 0 | 1): Uint8Array {
  const { columns, rows } = layout;
  const { width, height } = layout.levels[0]!;
  const count = columns * rows;
  const u = new Int32Array(buffer, layout.seeds[side].u, count);
  const v = new Int32Array(buffer, layout.seeds[side].v, count);
  const other = layout.seeds[side === 0 ? 1 : 0];
  const backU = new Int32Array(buffer, other.u, count);
  const backV = new Int32Array(buffer, other.v, count);
  const confirmed = new Uint8Array(count);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const x = (column + 0.5) * SEED_STEP - 0.5 + u[i]!;
      const y = (row + 0.5) * SEED_STEP - 0.5 + v[i]!;
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const there =
        Math.min(rows - 1, Math.max(0, Math.round((y + 0.5) / SEED_STEP - 0.5))) * columns +
        Math.min(columns - 1, Math.max(0, Math.round((x + 0.5) / SEED_STEP - 0.5)));
      if (length(u[i]! + backU[there]!, v[i]! + backV[there]!) <= Math.max(3, SEED_STEP)) confirmed[i] = 1;
    }
  }
  return coherent(u, v, confirmed, columns, rows);
}

function coherent(u: Int32Array, v: Int32Array, confirmed: Uint8Array, columns: number, rows: number): Uint8Array {
  const kept = new Uint8Array(confirmed.length);
  const needed = NEEDED * ((2 * RADIUS + 1) ** 2 - 1);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      if (!confirmed[i]) continue;
      const tolerance = 1.5 + 0.04 * length(u[i]!, v[i]!);
      let agreeing = 0;
      for (let dy = -RADIUS; dy <= RADIUS; dy++) {
        const y = row + dy;
        if (y < 0 || y >= rows) continue;
        for (let dx = -RADIUS; dx <= RADIUS; dx++) {
          const x = column + dx;
          if (x < 0 || x >= columns || (dx === 0 && dy === 0)) continue;
          const j = y * columns + x;
          if (!confirmed[j]) continue;
          const apart = Math.max(Math.abs(u[j]! - u[i]!), Math.abs(v[j]! - v[i]!));
          if (apart < tolerance + 0.25 * Math.sqrt(dx * dx + dy * dy)) agreeing++;
        }
      }
      if (agreeing > needed) kept[i] = 1;
    }
  }
  return kept;
}

/** Math.hypot pays for a guard against overflow, which whole samples do not need. */
function length(x: number, y: number): number {
  return Math.sqrt(x * x + y * y);
}
