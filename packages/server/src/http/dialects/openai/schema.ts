import { z } from 'zod';
import { LIMITS, SIZE_TIERS } from '../../../domain/model.ts';

/** What is asked and answered in the words of the OpenAI Videos API (openai-openapi `f85dbe22`). */

const text = (what: string) => z.string({ error: `must be ${what}` });
const reference = z.union(
  [z.string(), z.looseObject({ image_url: z.string().optional(), file_id: z.string().optional() })],
  { error: 'must be a picture, or an object with image_url or file_id' },
);
/** A file of a form has become bytes. */
const image = z.custom<string | Uint8Array>((value) => typeof value === 'string' || value instanceof Uint8Array, {
  error: 'must be text or a file',
});

const fields = {
  prompt: text('text').optional().meta({ maxLength: LIMITS.promptLength }),
  model: text('the name of a model').optional().meta({
    description: 'Absent: the first model of this server. Other names are known only where its operator set aliases.',
  }),
  seconds: z
    .union([z.string(), z.number()], { error: `must be "${LIMITS.seconds}"` })
    .optional()
    .meta({ default: String(LIMITS.seconds), enum: [String(LIMITS.seconds), LIMITS.seconds] }),
  size: text('<width>x<height>')
    .optional()
    .meta({
      description: `\`<width>x<height>\` chooses the tier of the nearest area; the shape follows the first frame. ${SIZE_TIERS.join(', ')} are read too.`,
      example: '1280x720',
    }),
  negative_prompt: text('text').optional().meta({ maxLength: LIMITS.negativePromptLength }),
  prompt_extend: z.boolean({ error: 'must be true or false' }).optional(),
  watermark: z.boolean({ error: 'must be true or false' }).optional(),
  seed: z
    .number({ error: `must be a whole number from 0 to ${LIMITS.seedMax}` })
    .optional()
    .meta({ type: 'integer', minimum: 0, maximum: LIMITS.seedMax }),
  tags: z.record(z.string(), text('text'), { error: 'must be an object of texts' }).optional(),
};

const TWO = 'Two pictures: the first frame, then the last.';

/** `POST /videos` as JSON. */
export const createBody = z
  .object({
    ...fields,
    images: z
      .array(image, { error: 'must be a list of two pictures' })
      .optional()
      .meta({ description: `${TWO} Not in OpenAI's API, which knows one picture.`, minItems: 2, maxItems: 2 }),
    input_reference: z
      .union([reference, z.array(reference)])
      .optional()
      .meta({ description: `${TWO} Used where \`images\` is absent.` }),
  })
  .meta({ id: 'OpenAiCreateVideo' });

/** How a form is described. */
export const createFormDoc = z
  .object({
    ...fields,
    'images[]': z.unknown().meta({ description: TWO, type: 'array', items: { type: 'string', format: 'binary' } }),
    input_reference: z
      .unknown()
      .optional()
      .meta({ description: 'The same, sent twice.', type: 'string', format: 'binary' }),
  })
  .meta({ id: 'OpenAiCreateVideoForm' });

export type CreateAsk = z.output<typeof createBody>;

const unixSeconds = z.int().meta({ format: 'int64' });

/** The video of the OpenAI API, all fields always there, and `metadata` beside them. */
export const openaiVideo = z
  .object({
    id: z.string(),
    object: z.literal('video'),
    model: z.string(),
    status: z.enum(['queued', 'in_progress', 'completed', 'failed']),
    progress: z.int().min(0).max(100),
    created_at: unixSeconds,
    completed_at: unixSeconds.nullable(),
    expires_at: unixSeconds.nullable(),
    prompt: z.string().nullable(),
    size: z.string().regex(/^\d+x\d+$/),
    seconds: z.string(),
    remixed_from_video_id: z.null(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
    metadata: z.object({
      url: z.url().nullable().meta({ description: 'A signed address of the MP4 that needs no key.' }),
      backend: z.string(),
      warnings: z.array(z.object({ code: z.string(), message: z.string() })),
    }),
  })
  .meta({ id: 'OpenAiVideo' });
export type OpenaiVideo = z.output<typeof openaiVideo>;

export const openaiList = z
  .object({
    object: z.literal('list'),
    data: z.array(openaiVideo),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .meta({ id: 'OpenAiVideoList' });
export type OpenaiList = z.output<typeof openaiList>;

export const openaiDeleted = z
  .object({ id: z.string(), object: z.literal('video.deleted'), deleted: z.literal(true) })
  .meta({ id: 'OpenAiDeletedVideo' });

export const openaiModel = z
  .object({ id: z.string(), object: z.literal('model'), created: unixSeconds, owned_by: z.string() })
  .meta({ id: 'OpenAiModel' });
export const openaiModels = z
  .object({ object: z.literal('list'), data: z.array(openaiModel) })
  .meta({ id: 'OpenAiModelList' });

/** Names that are not known are let pass: SDKs may grow one. */
export const listQuery = z.object({
  limit: text('a whole number from 0 to 100, given once')
    .refine((limit) => /^(?:\d{1,2}|100)$/.test(limit), 'must be a whole number from 0 to 100')
    .default('20')
    .meta({ type: 'integer', minimum: 0, maximum: 100, default: 20 }),
  after: text('the id of a video, given once').optional(),
  order: z.enum(['asc', 'desc'], { error: 'must be asc or desc' }).default('desc'),
});

export const contentQuery = z.object({
  variant: z
    .enum(['video', 'thumbnail', 'spritesheet'], { error: 'must be one of video, thumbnail, spritesheet' })
    .default('video'),
});

export const videoPath = z.object({ id: z.string().meta({ description: 'The id of a video.' }) });
