import { z } from 'zod';
import { LIMITS } from '../../../domain/model.ts';

/** DashScope's own words for first-and-last-frame video (Model Studio API reference; Python SDK 1.26.2). */

const text = z.string({ error: 'must be text' });
const media = z.object({ type: text, url: text });

/** The SDK sends `extend_prompt` and `function` beside these, and null for what was not given: both are let pass. */
export const createBody = z
  .object({
    model: z.string({ error: 'is required: the name of a model' }),
    input: z.object(
      {
        prompt: text.nullish().meta({ description: `Cut after ${LIMITS.promptLength} characters, as DashScope does.` }),
        negative_prompt: text.nullish().meta({ description: `Cut after ${LIMITS.negativePromptLength} characters.` }),
        first_frame_url: text.nullish().meta({ description: 'An http(s), data: or oss:// URL.' }),
        last_frame_url: text.nullish(),
        template: text.nullish().meta({ description: 'Effect templates are not offered.' }),
        media: z
          .array(media, { error: 'must be a list of objects with type and url' })
          .nullish()
          .meta({ description: 'Instead of the two URLs: one `first_frame` and one `last_frame`.' }),
      },
      { error: 'is required: an object with the frames' },
    ),
    parameters: z
      .object({
        resolution: text.nullish().meta({ example: '720P' }),
        duration: z
          .number({ error: `must be ${LIMITS.seconds}` })
          .nullish()
          .meta({ enum: [LIMITS.seconds] }),
        prompt_extend: z.boolean({ error: 'must be true or false' }).nullish(),
        watermark: z.boolean({ error: 'must be true or false' }).nullish(),
        seed: z
          .number({ error: `must be a whole number from 0 to ${LIMITS.seedMax}` })
          .nullish()
          .meta({ type: 'integer', minimum: 0, maximum: LIMITS.seedMax }),
      })
      .nullish(),
  })
  .meta({ id: 'DashScopeCreate' });
export type CreateAsk = z.output<typeof createBody>;

const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}$/)
  .meta({ description: 'In UTC+8.' });
export const TASK_STATUSES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED', 'UNKNOWN'] as const;

export const createdTask = z
  .object({
    output: z.object({ task_status: z.enum(TASK_STATUSES), task_id: z.string() }),
    request_id: z.string(),
  })
  .meta({ id: 'DashScopeCreated' });

export const taskObject = z
  .object({
    request_id: z.string(),
    output: z.object({
      task_id: z.string(),
      task_status: z.enum(TASK_STATUSES),
      submit_time: time.optional(),
      scheduled_time: time.optional(),
      end_time: time.optional(),
      video_url: z.url().optional(),
      orig_prompt: z.string().optional(),
      actual_prompt: z.string().optional(),
      code: z.string().optional(),
      message: z.string().optional(),
    }),
    usage: z
      .object({
        video_duration: z.int(),
        video_count: z.literal(1),
        SR: z.int(),
        video_ratio: z.string(),
      })
      .optional(),
  })
  .meta({ id: 'DashScopeTask' });
export type TaskObject = z.output<typeof taskObject>;

export const taskList = z
  .object({
    request_id: z.string(),
    total: z.int(),
    total_page: z.int(),
    page_no: z.int(),
    page_size: z.int(),
    data: z.array(
      z.object({
        api_key_id: z.string(),
        caller_parent_id: z.string(),
        caller_uid: z.string(),
        gmt_create: z.int(),
        start_time: z.int(),
        end_time: z.int().nullable(),
        model_name: z.string(),
        region: z.string(),
        request_id: z.string(),
        status: z.enum(TASK_STATUSES),
        task_id: z.string(),
        user_api_unique_key: z.string(),
      }),
    ),
  })
  .meta({ id: 'DashScopeTaskList' });
export type TaskList = z.output<typeof taskList>;

const stamp = z
  .string()
  .regex(/^\d{14}$/, 'must be YYYYMMDDhhmmss')
  .optional();
const count = (max: number, fallback: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,5}$/, `must be a whole number from 1 to ${max}`)
    .refine((number) => Number(number) <= max, `must be a whole number from 1 to ${max}`)
    .default(fallback)
    .meta({ type: 'integer', minimum: 1, maximum: max });
export const listQuery = z.object({
  task_id: z.string().optional(),
  start_time: stamp,
  end_time: stamp,
  model_name: z.string().optional(),
  status: z.enum(TASK_STATUSES, { error: `must be one of ${TASK_STATUSES.join(', ')}` }).optional(),
  page_no: count(100_000, '1'),
  page_size: count(100, '10'),
});

export const uploadQuery = z.object({
  action: z.literal('getPolicy', { error: 'must be getPolicy' }),
  model: z.string().optional(),
});
export const uploadPath = z.object({ owner: z.string(), folder: z.string() });
export const uploadPolicy = z
  .object({
    request_id: z.string(),
    data: z.object({
      policy: z.string(),
      signature: z.string(),
      upload_dir: z.string(),
      upload_host: z.url(),
      expire_in_seconds: z.int(),
      max_file_size_mb: z.int(),
      capacity_limit_mb: z.int(),
      oss_access_key_id: z.string(),
      x_oss_object_acl: z.string(),
      x_oss_forbid_overwrite: z.string(),
    }),
  })
  .meta({ id: 'DashScopeUploadPolicy' });
export type UploadPolicy = z.output<typeof uploadPolicy>;

export const dashscopeErrorObject = z
  .object({
    code: z.string().meta({ description: 'A stable word to switch on.', example: 'InvalidParameter' }),
    message: z.string().meta({ description: 'Names the field, the limit and the remedy.' }),
    request_id: z.string(),
  })
  .meta({ id: 'DashScopeError' });
export const cancelled = z.object({ request_id: z.string() }).meta({ id: 'DashScopeCancelled' });
export const taskPath = z.object({ id: z.string().meta({ description: 'The id of a task: of a video.' }) });
