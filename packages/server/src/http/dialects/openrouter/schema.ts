import { z } from 'zod';
import { LIMITS, SIZE_TIERS } from '../../../domain/model.ts';

/** What is asked and answered in the words of OpenRouter's video API (its typescript-sdk `cb9393a8`). */

const text = z.string({ error: 'must be text' });
const flag = z.boolean({ error: 'must be true or false' });

const frameImage = z.object(
  {
    type: z.literal('image_url', { error: 'must be image_url' }),
    image_url: z.object({ url: text }, { error: 'must be an object with url' }),
    frame_type: z.enum(['first_frame', 'last_frame'], { error: 'must be first_frame or last_frame' }),
  },
  { error: 'must be an object with image_url and frame_type' },
);

/** Other names are let pass and told in the native object's warnings. */
export const createBody = z
  .object({
    model: z.string({ error: 'is required: the name of a model' }),
    prompt: text.nullish().meta({ maxLength: LIMITS.promptLength }),
    frame_images: z
      .array(frameImage, { error: 'must be a list of a first_frame and a last_frame' })
      .nullish()
      .meta({ description: 'One `first_frame` and one `last_frame`.', minItems: 2, maxItems: 2 }),
    resolution: text.nullish().meta({
      enum: SIZE_TIERS.map((tier) => tier.toLowerCase()),
      default: '720p',
    }),
    size: text.nullish().meta({
      description: '`<width>x<height>` in place of `resolution`: the tier of the nearest area.',
    }),
    duration: z
      .number({ error: `must be ${LIMITS.seconds}` })
      .nullish()
      .meta({ enum: [LIMITS.seconds] }),
    seed: z
      .number({ error: `must be a whole number from 0 to ${LIMITS.seedMax}` })
      .nullish()
      .meta({ type: 'integer', minimum: 0, maximum: LIMITS.seedMax }),
    generate_audio: flag.nullish().meta({ description: 'Videos are silent: `true` is refused.' }),
    callback_url: text.nullish().meta({ description: 'Not offered here; the native API has webhooks.' }),
    negative_prompt: text.nullish().meta({ maxLength: LIMITS.negativePromptLength }),
    prompt_extend: flag.nullish(),
    watermark: flag.nullish(),
  })
  .meta({ id: 'OpenRouterCreateVideo' });
export type CreateAsk = z.output<typeof createBody>;

export const openrouterErrorObject = z
  .object({
    error: z.object({
      code: z.int().meta({ description: 'The HTTP status.' }),
      message: z.string().meta({ description: 'Names the field, the limit and the remedy.' }),
      metadata: z.object({
        code: z.string().meta({ description: 'A stable word to switch on.', example: 'invalid_image' }),
        param: z.string().optional().meta({ example: 'frame_images last_frame' }),
      }),
    }),
  })
  .meta({ id: 'OpenRouterError' });

export const openrouterVideo = z
  .object({
    id: z.string(),
    polling_url: z.string().meta({ description: 'Where to look again, a path of this server.' }),
    status: z.enum(['pending', 'in_progress', 'completed', 'failed', 'cancelled', 'expired']),
    error: z.string().optional(),
    unsigned_urls: z
      .array(z.url())
      .optional()
      .meta({ description: 'The MP4, for the key that made it; when it is completed.' }),
    urls: z.array(z.url()).optional().meta({ description: 'The same, signed, without a key.' }),
  })
  .meta({ id: 'OpenRouterVideo' });
export type OpenrouterVideo = z.output<typeof openrouterVideo>;

export const contentQuery = z.object({
  index: z.literal('0', { error: 'must be 0: there is one file' }).default('0'),
});

export const videoPath = z.object({ id: z.string().meta({ description: 'The id of a video.' }) });
