import { z } from 'zod';
import { common } from '../fields.ts';

/** Alibaba Cloud Model Studio. */
export const dashscope = z.strictObject({
  kind: z.literal('dashscope'),
  ...common,
  region: z
    .enum(['cn', 'intl'], 'cn or intl')
    .optional()
    .describe(
      'Beijing or Singapore: decides the address and what the models are called there. Keys belong to one region.',
    ),
  upload: z
    .enum(['inline', 'temporary'], 'inline or temporary')
    .optional()
    .describe('inline: frames in the request. temporary: through the 48-hour upload (region cn only).'),
  workspace: z.string().min(1).max(200).optional().describe('Sent as X-DashScope-WorkSpace.'),
});
