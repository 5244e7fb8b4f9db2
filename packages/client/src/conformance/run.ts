import { WebhookError } from '../webhook.ts';
import { type Check, type Context, createContext, type Hook, Mismatch, NotOffered } from './context.ts';
import { fullChecks } from './full-checks.ts';
import { dataUrl, makePicture } from './picture.ts';
import { seedChecks } from './seed-checks.ts';
import { webhookChecks } from './webhook-checks.ts';

export interface CheckResult {
  readonly group: 'seed' | 'full' | 'webhooks';
  readonly name: string;
  /** Null: the server does not offer it, which is no failure. */
  readonly passed: boolean | null;
  /** Why it did not pass. */
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
  /** Where webhooks are heard; without it their signatures are not checked. */
  readonly hook?: Hook | undefined;
  readonly fetch?: typeof globalThis.fetch;
  readonly onResult?: (result: CheckResult) => void;
}

const GROUPS = { seed: seedChecks, full: fullChecks, webhooks: webhookChecks } as const;

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
    hook: options.hook,
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
  });
  const results: CheckResult[] = [];
  for (const group of options.level === 'seed' ? (['seed'] as const) : (['seed', 'full', 'webhooks'] as const)) {
    for (const check of GROUPS[group]) {
      const began = Date.now();
      const outcome = await outcomeOf(check, at);
      const result = { group, name: check.name, ...outcome, ms: Date.now() - began };
      results.push(result);
      options.onResult?.(result);
    }
  }
  return results;
}

async function outcomeOf(check: Check, at: Context): Promise<Pick<CheckResult, 'passed' | 'reason'>> {
  try {
    await check.run(at);
    return { passed: true, reason: null };
  } catch (error) {
    if (error instanceof NotOffered) return { passed: null, reason: error.message };
    if (error instanceof Mismatch || error instanceof WebhookError) return { passed: false, reason: error.message };
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? ` (${cause.message})` : '';
    return { passed: false, reason: `the request failed: ${message}${why}` };
  }
}
