import type { Parser } from './parser.ts';

/** The headings of the reference page, in its order. */
export const GROUPS = [
  'Server',
  'Access',
  'Usage and prices',
  'Data',
  'Backends',
  'Scaling out',
  'Rendering',
  'Life of a video',
  'Logs and metrics',
] as const;
export type Group = (typeof GROUPS)[number];

/** One variable, declared once. Its key in the table gives every name it has: see the functions below. */
export interface Setting<T> {
  readonly group: Group;
  readonly parser: Parser<T>;
  /** The default as one would write it; undefined: unset. */
  readonly fallback: string | undefined;
  /** What happens while it is unset, for the reference page. */
  readonly unset?: string;
  readonly description: string;
  readonly example: string;
  /** Also read without `INBETWEEN_` in front. Only for names that can hardly mean anything else in our process. */
  readonly short: boolean;
  /** Read from the environment only, so that it stands in no process list and no file, and never shown. */
  readonly secret: boolean;
  /** Empty is a mistake, not unset: what it protects must not lose its protection to a blank line in a file. */
  readonly neverEmpty: boolean;
}

type Declaration<T> = Omit<Setting<T>, 'fallback' | 'unset' | 'short' | 'secret' | 'neverEmpty'> & {
  readonly short?: boolean;
  readonly secret?: boolean;
  readonly neverEmpty?: boolean;
};

/** A setting that always has a value. */
export function setting<T>(declaration: Declaration<T> & { readonly fallback: string }): Setting<T> {
  return { short: true, secret: false, neverEmpty: false, ...declaration };
}

/** A setting that may be unset. */
export function optional<T>(declaration: Declaration<T> & { readonly unset: string }): Setting<T | undefined> {
  return { short: true, secret: false, neverEmpty: false, fallback: undefined, ...declaration };
}

/** `dataDir` → `DATA_DIR`. */
export function shortName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

/** `dataDir` → `INBETWEEN_DATA_DIR`: wins over the short name. */
export function longName(key: string): string {
  return `INBETWEEN_${shortName(key)}`;
}

/** `dataDir` → `data-dir`, written `--data-dir`. */
export function flagName(key: string): string {
  return shortName(key).toLowerCase().replaceAll('_', '-');
}

/** The name a reader knows the setting by. */
export function usualName(key: string, { short }: Pick<Setting<unknown>, 'short'>): string {
  return short ? shortName(key) : longName(key);
}
