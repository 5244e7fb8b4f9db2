import { setTimeout as pause } from 'node:timers/promises';

/** How long a wait may take, and how often it looks. */
export interface Patience {
  readonly limitMs?: number;
  readonly everyMs?: number;
}

/**
 * Looks until there is something to see, and gives it. Every wait ends: past its limit it fails with what was waited for
 * and with what `state` tells of how things stand.
 */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  { limitMs = 30_000, everyMs = 50 }: Patience = {},
  state: () => string = () => '',
): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms for ${what}. ${state()}`.trim());
    await pause(everyMs);
  }
}
