import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** The names callers may use instead of pictures of their own. */
export type SampleName = 'sample_first' | 'sample_last';

/**
 * Reads a sample frame that ships with the renderer (PNG, already of an output size).
 * `require.resolve` finds the renderer as the package manager placed it, in a clone and when published.
 */
export function readSample(name: SampleName): Promise<Uint8Array> {
  const renderer = createRequire(import.meta.url).resolve('@inbetween/renderer');
  return readFile(join(renderer, '..', '..', 'assets', `${name}.png`));
}
