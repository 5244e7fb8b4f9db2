import { z } from 'zod';
import { baseUrl, duration } from '../parser.ts';

/** The fields that kinds of backends share. Every `describe` ends up in the schema file that editors read. */

/** The name of an environment variable. The file never holds a credential, only where one is. */
export const variable = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the name of an environment variable, such as DASHSCOPE_API_KEY');

export const address = z.string().transform((text, context) => {
  const read = baseUrl.read(text);
  if (read !== undefined) return read.value;
  context.addIssue(baseUrl.allowed);
  return z.NEVER;
});

/** A time such as `90s`, in milliseconds. */
export function time(min: string, max: string) {
  const parser = duration(min, max);
  return z.string().transform((text, context) => {
    const read = parser.read(text);
    if (read !== undefined) return read.value;
    context.addIssue(parser.allowed);
    return z.NEVER;
  });
}

const tier = z.enum(['480P', '720P', '1080P'], 'one of 480P, 720P, 1080P');
export const model = z.enum(['wan2.2-kf2v-flash', 'wan2.1-kf2v-plus'], 'one of wan2.2-kf2v-flash, wan2.1-kf2v-plus');

const header = z.union(
  [z.string(), z.strictObject({ env: variable.describe('The variable that holds the value.') })],
  'a text, or {env: NAME} for a value that is secret',
);
export const headers = z
  .record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'the name of an HTTP header'), header)
  .describe('Sent with every request to the backend. Secret values by reference: {env: NAME}.');

export const credential = variable.describe('The environment variable that holds the key or password.');
export const user = z.string().min(1).describe('With it, the credential is the password of basic authentication.');
const state = z
  .enum(['active', 'draining'], 'active or draining')
  .describe('draining: takes nothing new, and what it has accepted is followed to its end.');
const slots = z.int('a whole number').min(1, 'at least 1').max(1000, 'at most 1000');

export const instance = z.strictObject({
  name: z.string().min(1).max(80).optional().describe('Default: made from address and credential variable.'),
  url: address.describe('Origin, and path prefix if there is one.'),
  credential: credential.optional(),
  user: user.optional(),
  headers: headers.optional(),
  concurrency: slots.optional().describe('Videos made here at once.'),
  state: state.optional(),
});

/** What every kind of remote backend has. */
export const common = {
  url: address.optional().describe('Where it is: origin, and path prefix if there is one. Or list `instances`.'),
  instances: z
    .array(instance)
    .min(1)
    .optional()
    .describe('Several addresses or credentials that are used as one pool.'),
  credential: credential.optional(),
  user: user.optional(),
  headers: headers.optional(),
  state: state.optional(),
  concurrency: slots.optional().describe('Videos made at once over all processes; default: those of its instances.'),
  requestsPerSecond: z
    .number()
    .positive('more than 0')
    .max(1000)
    .optional()
    .describe('Starts a second over all processes.'),
  pollsPerSecond: z
    .number()
    .positive('more than 0')
    .max(10_000)
    .optional()
    .describe('Looks at running work a second over all processes; with much of it the pause between two looks grows.'),
  deadline: time('1m', '7d').optional().describe('How long one attempt may take in all.'),
  stallAfter: time('10s', '1d').optional().describe('Given up without progress for so long, where progress is told.'),
  pollEvery: time('100ms', '10m').optional().describe('Pause between two looks at running work.'),
  usualTime: time('1s', '1d').optional().describe('What a video takes here by and by; progress is estimated from it.'),
  billed: z
    .boolean()
    .optional()
    .describe('Whether videos cost money; then nothing that may have arrived is sent twice.'),
  sizes: z.array(tier).min(1).optional().describe('The sizes it makes.'),
  sides: z
    .strictObject({ min: z.int().min(1), max: z.int().max(16384) })
    .refine(({ min, max }) => min < max, 'min smaller than max')
    .optional()
    .describe('The sides in pixels it takes; both frames are rescaled equally into them.'),
  price: z
    .strictObject({ currency: z.string().min(1).max(8), perSecond: z.partialRecord(tier, z.number().nonnegative()) })
    .optional()
    .describe('What a second of video costs by size; shown in GET /v1/models.'),
  promptExtend: z
    .enum(['auto', 'chat', 'off'], 'auto, chat or off')
    .optional()
    .describe('Who rewrites prompts: auto takes the backend itself where it can, else the prompt writer; off: nobody.'),
  ignoredLastFrame: z
    .enum(['warn', 'fail'], 'warn or fail')
    .optional()
    .describe('What to do when the video does not end with the last frame. Billed results are always kept.'),
  matchTail: z.boolean().optional().describe('Shift the colours of the last frames to those of the last input.'),
  models: z.partialRecord(model, z.string().min(1).max(200)).optional().describe('What it calls our models.'),
} as const;
