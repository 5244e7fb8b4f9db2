import { z } from 'zod';
import { common } from '../fields.ts';

const path = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_-]*(\[\d+\])?(\.[A-Za-z_][A-Za-z0-9_-]*(\[\d+\])?)*$/,
    'a field, such as images[1] or metadata.input.last_frame_url',
  );

/** Any gateway that speaks `POST /v1/videos` and takes two frames. */
export const openaiVideos = z.strictObject({
  kind: z.literal('openai-videos'),
  ...common,
  dialect: z
    .enum(['inbetween', 'powertokens', 'new-api', 'custom'], 'inbetween, powertokens, new-api or custom')
    .describe('How it names things. custom needs `fields`.'),
  fields: z
    .strictObject({
      first: path.describe('The field for the first frame.'),
      last: path.describe(
        'The field for the last frame. Required: a gateway that is not told of one drops it silently.',
      ),
      negativePrompt: path.optional(),
      seed: path.optional(),
      promptExtend: path.optional(),
      watermark: path.optional(),
      size: path.optional(),
      seconds: path.optional(),
    })
    .optional()
    .describe('Where each thing goes in the request, over what the dialect says.'),
  frames: z.enum(['data-url', 'base64'], 'data-url or base64').optional().describe('How frames are written.'),
  idempotencyKey: z
    .boolean()
    .optional()
    .describe('The gateway honours Idempotency-Key, so that an unanswered start can be sent again safely.'),
});
