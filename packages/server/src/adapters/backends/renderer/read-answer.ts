import { z } from 'zod';
import type { RenderAnswer } from './protocol.ts';

const answer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), fraction: z.number().min(0).max(1) }),
  z.object({
    kind: z.literal('rendered'),
    report: z.object({
      mode: z.enum(['morph', 'camera', 'transition', 'still']),
      matchConfidence: z.number().min(0).max(1),
      honoured: z.record(z.string(), z.string()),
      ignored: z.array(z.string()),
      encoder: z.string(),
      generative: z.literal(false),
    }),
  }),
  z.object({ kind: z.literal('checked'), problem: z.string().nullable() }),
  z.object({ kind: z.literal('storage-full') }),
]);

/**
 * Reads what a render child sent; undefined for what no honest child sends. Its words end up in callers' answers, and
 * it decodes pictures: like the media child, it is read as a stranger.
 */
export function readAnswer(body: unknown): RenderAnswer | undefined {
  return answer.safeParse(body).data;
}
