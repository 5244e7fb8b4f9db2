import type { VideoQuote } from '@inbetween/client';
import { z } from 'zod';
import { FRAME_ROLES } from '../../../domain/frame.ts';
import { SIZE_TIERS } from '../../../domain/model.ts';
import { showMoney } from '../../../domain/money.ts';
import type { Quote } from '../../../service/quote.ts';
import { warning } from './objects.ts';

/** The answer of a create with `dry_run=true`. */
export const quoteObject = z
  .object({
    object: z.literal('video.quote'),
    model: z.string(),
    size: z.enum(SIZE_TIERS),
    seconds: z.string(),
    width: z.int().nullable(),
    height: z.int().nullable(),
    seed: z.int().nullable().meta({ description: 'Null: one would be drawn.' }),
    backend: z.string().meta({ description: 'Who would make the pixels.' }),
    cost: z
      .object({ currency: z.string(), amount: z.string().meta({ example: '0.1' }) })
      .nullable()
      .meta({ description: 'What it would be charged with when it succeeds; null: it has no price.' }),
    frames: z
      .array(
        z.object({
          width: z.int(),
          height: z.int(),
          cropped: z.number().min(0).max(1).meta({ description: 'The share of the picture that is cut away.' }),
        }),
      )
      .nullable()
      .meta({ description: 'The pictures as they were sent, upright, the first one first; null with `replays`.' }),
    replays: z.string().nullable().meta({
      description: 'The video that a create with this Idempotency-Key would answer with; null: it would make one.',
    }),
    warnings: z.array(warning),
  })
  .meta({ id: 'VideoQuote', description: 'What a create would make and cost.' }) satisfies z.ZodType<VideoQuote>;

export function showQuote({ ask, backend, size, frames, charge, replays, warnings }: Quote): VideoQuote {
  const price = charge === null || charge.currency === null ? null : { ...charge, currency: charge.currency };
  return {
    object: 'video.quote',
    model: ask.model,
    size: ask.size,
    seconds: String(ask.seconds),
    width: size?.width ?? null,
    height: size?.height ?? null,
    seed: ask.seed ?? null,
    backend,
    cost: price && { currency: price.currency, amount: showMoney(price.microUnits) },
    frames:
      frames === undefined
        ? null
        : FRAME_ROLES.map((role) => {
            const { source, lost } = frames[role];
            return { width: source.width, height: source.height, cropped: Math.round(lost * 10_000) / 10_000 };
          }),
    replays: replays?.id ?? null,
    warnings: warnings.map(({ code, message }) => ({ code, message })),
  };
}
