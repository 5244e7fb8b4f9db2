import { loadavg } from 'node:os';

/** One measured number against its target. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Absent: for information. */
  readonly target?: { readonly kind: 'is' | 'atMost' | 'atLeast'; readonly value: number };
}

export function met({ value, target }: Figure): boolean | undefined {
  switch (target?.kind) {
    case undefined:
      return undefined;
    case 'is':
      return value === target.value;
    case 'atMost':
      return value <= target.value;
    case 'atLeast':
      return value >= target.value;
  }
}

/** The figures for a person. */
export function table(figures: readonly Figure[]): string {
  const signs = { is: '=', atMost: '≤', atLeast: '≥' };
  const rows = figures.map((figure) => [
    figure.name,
    `${figure.value} ${figure.unit}`.trim(),
    figure.target === undefined ? '' : `${signs[figure.target.kind]} ${figure.target.value}`,
    { true: 'ok', false: 'MISSED', undefined: '' }[`${met(figure)}`],
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (cell ?? '').padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

export function round(value: number, digits = 2): number {
  return Number(value.toFixed(digits));
}

/** How busy the machine is, itself included: mean number of runnable threads over the last minute. */
export function load(): number {
  return round(loadavg()[0] ?? Number.NaN);
}
