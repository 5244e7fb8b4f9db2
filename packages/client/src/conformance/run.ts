import { type Check, type Context, createContext, Mismatch } from './context.ts';
import { fullChecks } from './full-checks.ts';
import { dataUrl, makePicture } from './picture.ts';
import { seedChecks } from './seed-checks.ts';

export interface CheckResult {
  readonly group: 'seed' | 'full';
  readonly name: string;
  readonly passed: boolean;
  /** Why not. */
  readonly reason: string | null;
  readonly ms: number;
}

export interface ConformanceOptions {
  /** Where the server is; a trailing `/v1` is understood. */
  readonly url: string;
  readonly key?: string | undefined;
  /** Default `wan2.2-kf2v-flash`. */
  readonly model?: string | undefined;
  /** `seed`: what the API page states. `full`: and what this project settles beyond it. Default `full`. */
  readonly level?: 'seed' | 'full' | undefined;
  /** How long one video may take. Default ten minutes. */
  readonly patienceMs?: number | undefined;
  readonly fetch?: typeof globalThis.fetch;
  readonly onResult?: (result: CheckResult) => void;
}

const GROUPS = { seed: seedChecks, full: fullChecks } as const;

/**
 * Checks a `/v1/videos` server against the contract, one check after the other. It makes about a dozen videos and lets one
 * of them finish; the others are deleted at once. Never run it against a server where videos cost money you don't mean to
 * spend.
 */
export async function checkConformance(options: ConformanceOptions): Promise<readonly CheckResult[]> {
  const [first, last] = await Promise.all([
    makePicture(640, 384, { x: 0.3, y: 0.5 }),
    makePicture(640, 384, { x: 0.7, y: 0.5 }),
  ]);
  const at = createContext({
    url: options.url,
    key: options.key,
    model: options.model ?? 'wan2.2-kf2v-flash',
    patienceMs: options.patienceMs ?? 600_000,
    frames: { first, last },
    images: [dataUrl(first), dataUrl(last)],
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  });
  const results: CheckResult[] = [];
  for (const group of options.level === 'seed' ? (['seed'] as const) : (['seed', 'full'] as const)) {
    for (const check of GROUPS[group]) {
      const began = Date.now();
      const reason = await reasonOf(check, at);
      const result = { group, name: check.name, passed: reason === null, reason, ms: Date.now() - began };
      results.push(result);
      options.onResult?.(result);
    }
  }
  return results;
}

async function reasonOf(check: Check, at: Context): Promise<string | null> {
  try {
    await check.run(at);
    return null;
  } catch (error) {
    if (error instanceof Mismatch) return error.message;
    const { message, cause } = error as Error;
    return `the request failed: ${message}${cause instanceof Error ? ` (${cause.message})` : ''}`;
  }
}
