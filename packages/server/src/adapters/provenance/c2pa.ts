import { z } from 'zod';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Provenance } from '../../ports/provenance.ts';
import { askChild } from '../system/ask-child.ts';
import { type ChildLimits, entryBeside } from '../system/child.ts';
import { PACKAGE } from './library.ts';
import { sourceTypeOf } from './manifest.ts';
import type { SentAnswer, SentOrder } from './protocol.ts';

export interface C2paOptions {
  /** PEM files: the certificate with those above it, and its private key. */
  readonly certificate: string;
  readonly key: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Another library than the real one, for tests. */
  readonly library?: string;
}

/** C2PA signing was asked for and cannot be done; the message tells the operator why. */
export class ProvenanceError extends Error {
  override readonly name = 'ProvenanceError';
}

// The library holds the file in memory a few times over; a file of ours has tens of megabytes.
const LIMITS: ChildLimits = { memoryBytes: 1_500 << 20, wallMs: 60_000 };

const answer: z.ZodType<SentAnswer> = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('signed'), signer: z.string().max(200) }),
  z.object({ kind: z.literal('problem'), reason: z.string().max(2_000) }),
]);

/**
 * Signs in a child of its own, because the library works synchronously for up to a tenth of a second and is native code
 * that holds a private key.
 */
export function createC2pa(options: C2paOptions): Provenance & { check(signal: AbortSignal): Promise<void> } {
  const { certificate, key, clock, log, library = PACKAGE } = options;
  const common = () => ({ certificate, key, library, now: clock.now() });
  return {
    /** Signs a picture of one pixel. @throws ProvenanceError */
    async check(signal) {
      const signer = await run({ kind: 'check', ...common() }, log, signal);
      log.info({ signer }, 'finished videos are signed (C2PA)');
    },
    async sign({ video, input, output, generative }, signal) {
      const sourceType = sourceTypeOf(generative);
      const signer = await run({ kind: 'sign', video, sourceType, input, output, ...common() }, log, signal);
      return { signer, sourceType };
    },
  };
}

async function run(order: SentOrder, log: Log, signal: AbortSignal): Promise<string> {
  const told = await askChild(
    {
      name: 'sign',
      entry: entryBeside(import.meta.url, 'child'),
      limits: LIMITS,
      log,
      order,
      answer,
      unanswered: (end) => new ProvenanceError('the signing child ended without an answer', { cause: end }),
    },
    signal,
  );
  if (told.kind === 'signed') return told.signer;
  throw new ProvenanceError(`C2PA: ${told.reason}`);
}
