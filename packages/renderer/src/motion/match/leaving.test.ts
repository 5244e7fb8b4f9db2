import { describe, expect, it } from 'vitest';
import { distrustLeaving } from './leaving.ts';
import { SEED_STEP } from './match-layout.ts';

const COLUMNS = 20;
const ROWS = 30;

/** Seeds of a picture of 60×90 samples; `motionAt` gives the displacement in rows of seeds, undefined = not trusted. */
function sideOf(motionAt: (column: number, row: number) => number | undefined) {
  const count = COLUMNS * ROWS;
  const v = new Int32Array(count);
  const trusted = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const motion = motionAt(i % COLUMNS, Math.floor(i / COLUMNS));
    v[i] = SEED_STEP * (motion ?? 0);
    trusted[i] = motion === undefined ? 0 : 1;
  }
  const size = { columns: COLUMNS, rows: ROWS, width: SEED_STEP * COLUMNS, height: SEED_STEP * ROWS };
  return { ...size, u: new Int32Array(count), v, trusted };
}

/** The rows of a side of which no seed is trusted. */
function distrusted({ trusted }: { readonly trusted: Uint8Array }): number[] {
  return Array.from({ length: ROWS }, (_, row) => row).filter(
    (row) => !trusted.subarray(row * COLUMNS, (row + 1) * COLUMNS).includes(1),
  );
}

describe('matches of what leaves the picture with what enters it', () => {
  it('are not believed on either side', () => {
    // All moves down by 10 rows; the lowest 10, which leave, were matched to the uppermost 10, which enter.
    const first = sideOf((_, row) => (row < 20 ? 10 : -20));
    const last = sideOf((_, row) => (row < 10 ? 20 : -10));
    distrustLeaving(first, last);
    expect(distrusted(first)).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
    expect(distrusted(last)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('are found across seeds without a match', () => {
    const first = sideOf((column, row) =>
      row > 5 && row < 24 ? undefined : row < 20 ? 10 : column % 3 ? -20 : undefined,
    );
    const last = sideOf((column, row) => (row < 10 ? (column % 3 ? 20 : undefined) : -10));
    distrustLeaving(first, last);
    expect(first.trusted.subarray(0, 6 * COLUMNS)).not.toContain(0);
    expect(first.trusted.subarray(20 * COLUMNS)).not.toContain(1);
    expect(last.trusted.subarray(0, 10 * COLUMNS)).not.toContain(1);
  });

  it('are none when a thing moves against a pan inside the picture', () => {
    // The picture pans by 6 rows; a thing of rows 18..23 moves up to rows 10..15.
    const first = sideOf((column, row) =>
      column >= 6 && column < 14 && row >= 18 && row < 24 ? -8 : row < 24 ? 6 : undefined,
    );
    const last = sideOf((column, row) =>
      column >= 6 && column < 14 && row >= 10 && row < 16 ? 8 : row >= 6 ? -6 : undefined,
    );
    const before = [first.trusted.slice(), last.trusted.slice()];
    distrustLeaving(first, last);
    expect([first.trusted, last.trusted]).toEqual(before);
  });

  it('are none for a few chance matches beside a large thing that really moves far', () => {
    // The upper rows move down by 18 rows; three seeds below say up by 12.
    const first = sideOf((column, row) => (row < 12 ? 18 : row === 15 && column < 3 ? -12 : undefined));
    const last = sideOf((column, row) => (row >= 18 ? -18 : row === 3 && column < 3 ? 12 : undefined));
    distrustLeaving(first, last);
    expect(distrusted(first)).not.toContain(0);
    expect(distrusted(last)).not.toContain(29);
  });
});
