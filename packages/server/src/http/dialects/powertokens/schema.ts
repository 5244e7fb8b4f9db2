import { z } from 'zod';
import { PICTURE_LIMITS } from '../../../domain/frame.ts';
import { LIMITS, MODELS, SIZE_TIERS } from '../../../domain/model.ts';
import { STATUSES } from '../../../domain/video.ts';
import { VARIANTS } from '../../../service/content.ts';
import { WAIT_MAX_S } from '../../prefer-wait.ts';

/**
 * What may be asked in the native dialect. The schemas check types; the limits they document are held by
 * `domain/generation.ts`, for every dialect alike. Refusals are worded as predicates: the field's name goes before them.
 */

const modelNames = MODELS.map((model) => model.name);
const required = (what: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? `is required: ${what}` : `must be ${what}`;

const text = (what: string) => z.string({ error: `must be text (${what})` });
const flag = () => z.boolean({ error: 'must be true or false' }).optional();

const fields = {
  model: z.string({ error: required(`the name of a model, one of ${modelNames.join(', ')}`) }).meta({
    description: 'The model that makes the video. `wan2.1-kf2v-plus` makes 720P only.',
    enum: modelNames,
  }),
  prompt: text(`at most ${LIMITS.promptLength} characters`).optional().meta({
    description: 'What happens between the two frames. Chinese and English. Unicode code points are counted.',
    maxLength: LIMITS.promptLength,
  }),
  seconds: z
    .union([z.string(), z.number()], { error: `must be "${LIMITS.seconds}"` })
    .optional()
    .meta({
      description: `Length of the video. Fixed at "${LIMITS.seconds}"; the number ${LIMITS.seconds} is read too.`,
      default: String(LIMITS.seconds),
      enum: [String(LIMITS.seconds), LIMITS.seconds],
    }),
  size: text(`one of ${SIZE_TIERS.join(', ')}`)
    .optional()
    .meta({
      description: 'Tier of output area, in upper or lower case. The aspect ratio follows the first frame.',
      default: '720P',
      enum: SIZE_TIERS,
    }),
  prompt_extend: flag().meta({ description: 'Whether the prompt may be rewritten.', default: true }),
  watermark: flag().meta({ description: 'Whether a visible watermark is drawn, lower right.', default: false }),
  seed: z
    .number({ error: `must be a whole number from 0 to ${LIMITS.seedMax}` })
    .optional()
    .meta({
      description: 'Absent: one is drawn and told. 0 is a seed like any other.',
      type: 'integer',
      minimum: 0,
      maximum: LIMITS.seedMax,
    }),
  negative_prompt: text(`at most ${LIMITS.negativePromptLength} characters`).optional().meta({
    description: 'What the video should not show. Unicode code points are counted.',
    maxLength: LIMITS.negativePromptLength,
  }),
  tags: z
    .record(z.string(), z.string({ error: 'must be text' }), { error: 'must be an object of texts' })
    .optional()
    .meta({
      description: `Up to ${LIMITS.tags} pairs of yours, given back everywhere and usable as a filter in the list.`,
      maxProperties: LIMITS.tags,
      example: { project: 'cats' },
    }),
  callback_url: text('an http(s) URL').optional().meta({
    description:
      'An address that is told how the video ended: one signed POST, repeated until it answers 2xx. See the webhooks.',
    format: 'uri',
    example: 'https://example.com/hooks/inbetween',
  }),
};

const pictureRules =
  `JPEG, PNG, WEBP or BMP; each side ${PICTURE_LIMITS.minSide} to ${PICTURE_LIMITS.maxSide} px, at most ` +
  `${PICTURE_LIMITS.maxBytes} bytes, aspect up to ${PICTURE_LIMITS.maxAspect}:1`;
const twoImages = {
  description:
    'Exactly two: `images[0]` is the first frame, `images[1]` the last frame, which is cropped to the aspect of the ' +
    'first. Each is an http(s) URL, a `data:` URL, base64, `sample_first`, `sample_last`, or ' +
    `\`<video id>:output_last_frame\`. ${pictureRules}.`,
  minItems: 2,
  maxItems: 2,
};
const imagesError = required('a list of exactly two pictures, the first frame and the last frame');

/** `POST /v1/videos` as JSON. */
export const createVideoBody = z
  .object({
    model: fields.model,
    images: z
      .array(z.string({ error: 'must be text: a URL, a data: URL, base64 or a name' }), { error: imagesError })
      .meta(twoImages),
    prompt: fields.prompt,
    seconds: fields.seconds,
    size: fields.size,
    prompt_extend: fields.prompt_extend,
    watermark: fields.watermark,
    seed: fields.seed,
    negative_prompt: fields.negative_prompt,
    tags: fields.tags,
    callback_url: fields.callback_url,
  })
  .meta({ id: 'CreateVideo', description: 'Two frames and what should happen between them.' });

/** A file of a form has become bytes; everything else has the type it has in JSON. */
const image = z.custom<string | Uint8Array>((value) => typeof value === 'string' || value instanceof Uint8Array);

/** The same out of a form; the parts were put into the shape of the JSON body before. */
export const createVideoForm = z
  .object({ ...createVideoBody.shape, images: z.array(image, { error: imagesError }) })
  .meta({ id: 'CreateVideoFormRead' });

/** How a form is described: parts named `images[]` are files or texts, the others texts. */
export const createVideoFormDoc = z
  .object({
    ...createVideoBody.shape,
    images: z.unknown().meta({
      ...twoImages,
      description: `Two parts named \`images[]\`, \`images\`, or \`images[0]\` and \`images[1]\`, each a file or a text. ${twoImages.description}`,
      type: 'array',
      items: { type: 'string', format: 'binary' },
    }),
    tags: z
      .unknown()
      .optional()
      .meta({
        description: 'One part `tags[<key>]` for each pair.',
        type: 'object',
        additionalProperties: { type: 'string' },
      }),
  })
  .meta({ id: 'CreateVideoForm', description: 'The same fields as in JSON; true, false and numbers as text.' });

export type CreateVideo = z.output<typeof createVideoForm>;

const idempotencyKey = z
  .string()
  .optional()
  .meta({
    description:
      'Any text of yours that names this one ask. Sent again with the same ask, it gives the same video instead of a ' +
      'second one; with another ask it is refused.',
    minLength: 1,
    maxLength: LIMITS.idempotencyKeyLength,
  });
export const createQuery = z.object({
  dry_run: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .meta({
      description:
        '`true`: everything is checked as for a create, the frames are fetched and prepared, and the answer says what the ' +
        'video would be and cost. Nothing is made or kept.',
      type: 'boolean',
      default: false,
    }),
});

export const createHeaders = z.object({ 'Idempotency-Key': idempotencyKey });

export const videoPath = z.object({ id: z.string().meta({ description: 'The id of a video.', example: 'video_…' }) });
export const modelPath = z.object({ name: z.string().meta({ description: 'The name of a model.' }) });

const once = (what: string) => ({ error: `must be ${what}, given once` });
const listLimit = 'a whole number from 1 to 100';

/** `GET /v1/videos`. A filter that is not known would silently select everything, so it is refused. */
export const listQuery = z.strictObject(
  {
    limit: z
      .string(once(listLimit))
      .refine((text) => /^(?:[1-9]\d?|100)$/.test(text), `must be ${listLimit}`)
      .default('20')
      .meta({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
    after: z
      .string(once('the id of a video'))
      .optional()
      .meta({ description: 'Continues behind this video; send the `last_id` of the page before.' }),
    order: z
      .enum(['asc', 'desc'], { error: 'must be asc or desc' })
      .default('desc')
      .meta({ description: 'By creation: `desc` has the newest first.' }),
    status: z.enum(STATUSES, { error: `must be one of ${STATUSES.join(', ')}` }).optional(),
    model: z.string(once('the name of a model')).optional(),
    tag: z
      .string(once('<key>:<value>'))
      .regex(/^[^:]+:/, 'must be <key>:<value>')
      .optional()
      .meta({ description: '`<key>:<value>`: only videos that carry this pair.', example: 'project:cats' }),
  },
  {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? 'is not known here; the list knows limit, after, order, status, model and tag'
        : undefined,
  },
);

export const contentQuery = z.object({
  variant: z
    .enum(VARIANTS, { error: `must be one of ${VARIANTS.join(', ')}` })
    .default('video')
    .meta({
      description:
        'Which file: the MP4, a WEBP still, 16 small frames in one WEBP (4 a row), the two prepared inputs (from `queued` on), or the last frame of the output.',
    }),
});

/** For the description only: `signature.ts` reads these three. */
export const signature = z.object({
  exp: z.string().optional().meta({ description: 'When a signed address ends, Unix seconds.' }),
  kid: z.string().optional().meta({ description: 'Which secret signed it.' }),
  sig: z.string().optional().meta({ description: 'The signature; with it no key is needed.' }),
});
export const signedQuery = contentQuery.extend(signature.shape);

/** For the description only: `prefer-wait.ts` reads these two. */
export const waitQuery = z.object({
  wait: z.string().optional().meta({
    description: 'Answer when the status changes, at the latest after so many seconds.',
    type: 'integer',
    minimum: 0,
    maximum: WAIT_MAX_S,
  }),
});
export const waitHeaders = z.object({
  Prefer: z
    .string()
    .optional()
    .meta({ description: '`wait=<seconds>`, the same as a preference.', example: 'wait=30' }),
  'If-None-Match': z.string().optional(),
});
