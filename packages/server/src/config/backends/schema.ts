import { z } from 'zod';
import { amount } from '../money.ts';
import { address, credential, headers, model, time, user } from './fields.ts';
import { dashscope } from './kinds/dashscope.ts';
import { comfyui, lightx2v, sdcpp } from './kinds/engines.ts';
import { openaiVideos } from './kinds/openai-videos.ts';

/** The name of the backend that needs nothing: it is always there and cannot be configured here. */
export const RENDERER = 'renderer';

export const backendName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,39}$/, 'a name of lower-case letters, digits and dashes')
  .refine((name) => name !== RENDERER, `another name than ${RENDERER}, which is the built-in one`);

export const backend = z.discriminatedUnion('kind', [dashscope, comfyui, sdcpp, lightx2v, openaiVideos], {
  error: 'one of dashscope, comfyui, sdcpp, lightx2v, openai-videos',
});

export const promptWriter = z.strictObject({
  url: address.describe('The base of an OpenAI-compatible API, such as http://127.0.0.1:11434/v1.'),
  model: z.string().min(1).max(200).describe('A model that sees pictures.'),
  credential: credential.optional(),
  user: user.optional(),
  headers: headers.optional(),
  timeout: time('1s', '10m').optional().describe('Afterwards the prompt is used as it is. Default 30s.'),
});

const price = z.union([z.number(), z.string()]).transform((value, context) => {
  const read = amount.read(String(value));
  if (read !== undefined) return read.value;
  context.addIssue(amount.allowed);
  return z.NEVER;
});

/** What a second of video costs its owner. */
export const prices = z.partialRecord(
  model,
  z.union([price, z.partialRecord(z.enum(['480P', '720P', '1080P']), price)], 'an amount, or one for each size'),
);

/** The sections of the configuration file beside the settings. */
export const sections = {
  backends: z.record(backendName, backend).optional().describe('Who can make videos, by names of your choice.'),
  models: z
    .partialRecord(model, z.array(z.string()).min(1, 'at least one backend'))
    .optional()
    .describe('For each model the backends that make it, the best first; `renderer` is the built-in one.'),
  prices: prices
    .optional()
    .describe('What a second of video costs its owner, by model: an amount, or one for each size. See docs/usage.md.'),
  promptWriter: promptWriter
    .optional()
    .describe('Who rewrites prompts for backends that do not: a chat model that is shown both frames.'),
  negativePrompt: z
    .string()
    .max(500, 'at most 500 characters')
    .optional()
    .describe('Sent to engines that want a negative prompt when the caller gave none. Empty: none.'),
} as const;

export type SectionName = keyof typeof sections;
export type BackendEntry = z.infer<typeof backend>;
export type PromptWriterEntry = z.infer<typeof promptWriter>;

export { model };
