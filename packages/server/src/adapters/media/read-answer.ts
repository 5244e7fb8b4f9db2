import { z } from 'zod';
import { FAULTS, type FaultCode } from '../../domain/fault.ts';
import type { MediaAnswer } from './protocol.ts';

/**
 * The child decodes hostile bytes and may be taken over by them, so the parent reads its words like a stranger's.
 * This stays out of `protocol.ts`, which the child loads, too: it needs no schemas.
 */
const size = z.object({ width: z.int().positive(), height: z.int().positive() });
const prepared = z.object({
  source: size,
  crop: z.object({ scaled: size, left: z.int().nonnegative(), top: z.int().nonnegative(), lost: z.number() }),
});
const file = z.object({
  width: z.int().positive(),
  height: z.int().positive(),
  fps: z.number().positive(),
  frames: z.int().positive(),
  durationMs: z.number().positive(),
  codec: z.string().max(100),
  faststart: z.boolean(),
});
const fault = z.object({
  code: z.custom<FaultCode>((code) => typeof code === 'string' && Object.hasOwn(FAULTS, code)),
  message: z.string().max(2000),
  param: z.string().max(200).exactOptional(),
  cause: z.string(),
});
const answer = z.discriminatedUnion('kind', [
  z.object({
    id: z.int(),
    kind: z.literal('prepared'),
    pair: z.object({ size, first: prepared, last: prepared, identical: z.boolean() }),
  }),
  z.object({ id: z.int(), kind: z.literal('rescaled') }),
  z.object({ id: z.int(), kind: z.literal('inspected'), file }),
  z.object({ id: z.int(), kind: z.literal('fault'), fault }),
]);

/** Reads what the media child sent; undefined for what no honest child sends. */
export function readAnswer(body: unknown): MediaAnswer | undefined {
  return answer.safeParse(body).data;
}
