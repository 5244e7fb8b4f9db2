import type { DeletedVideo, ListObject, ModelList, ModelObject, VideoObject, VideoWarning } from '@inbetween/client';
import { z } from 'zod';
import { SIZE_TIERS } from '../../../domain/model.ts';
import { STATUSES } from '../../../domain/video.ts';

/**
 * What is answered in the native dialect. Nothing is checked against these at run time: the compiler holds the
 * translation to the same types, the tests hold every answer to these schemas, and `/openapi.json` is made of them.
 */

const unixSeconds = z.int().meta({ description: 'Unix seconds.', format: 'int64' });
const address = z.url().nullable().meta({ description: 'A signed address that needs no key; null until succeeded.' });
const PHASES = ['fetching', 'upstream_queued', 'generating', 'retrying', 'storing'] as const;

export const warning = z
  .object({
    code: z.string().meta({ example: 'last_frame_cropped' }),
    message: z.string(),
  })
  .meta({
    id: 'VideoWarning',
    description: 'Worth knowing; does not fail the video.',
  }) satisfies z.ZodType<VideoWarning>;

const metadata = z
  .looseObject({
    url: address,
    backend: z.string().meta({ description: 'Who makes the pixels.', example: 'renderer' }),
    phase: z.enum(PHASES).nullable(),
    fps: z.number().nullable(),
    frames: z.int().nullable(),
    duration: z.number().nullable().meta({ description: 'Measured length in seconds.' }),
    queue_position: z.int().nullable().meta({ description: 'Videos due before this one; told for one queued video.' }),
    eta: unixSeconds.nullable().meta({ description: 'When it will probably be finished, Unix seconds.' }),
    events_url: z.url().nullable().meta({
      description: 'A signed address of its server-sent events, for browsers; null in a final status.',
    }),
    cost: z
      .object({
        currency: z.string(),
        amount: z.string().meta({ description: 'A decimal number.', example: '0.1' }),
        state: z.enum(['reserved', 'settled', 'released']).meta({
          description: '`reserved` until it ends, then `settled` (charged) or `released` (free).',
        }),
      })
      .nullable()
      .meta({ description: 'What it costs; null: it has no price.' }),
    warnings: z.array(warning),
  })
  .meta({ id: 'VideoMetadata', description: 'Facts beside the fields; a backend adds entries of its own.' });

const exampleId = 'video_06f2x0ntjrx9h4q1vwbs8m3d7k';
const exampleUrl = `http://127.0.0.1:8080/v1/videos/${exampleId}/content?exp=1798765200&kid=a&sig=Zm9v`;

export const videoObject = z
  .object({
    id: z.string(),
    task_id: z.string().meta({ description: 'The same as `id`.' }),
    object: z.literal('video'),
    model: z.string(),
    status: z.enum(STATUSES).meta({ description: 'Only ever moves to the right; the last three are final.' }),
    progress: z.int().min(0).max(100).meta({ description: 'Percent; never falls, 100 exactly when succeeded.' }),
    created_at: unixSeconds,
    seconds: z.string(),
    size: z.enum(SIZE_TIERS),
    width: z.int().nullable(),
    height: z.int().nullable(),
    seed: z.int(),
    prompt: z.string(),
    actual_prompt: z.string().nullable().meta({ description: 'The prompt that was really used, where it is known.' }),
    completed_at: unixSeconds.nullable(),
    expires_at: unixSeconds.nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable().meta({ description: 'Why it failed.' }),
    url: address,
    video_url: address,
    tags: z.record(z.string(), z.string()),
    metadata,
  })
  .meta({
    id: 'Video',
    description: 'A video, from the ask to the file. Every field is always there; null: not known, or not yet.',
    examples: [
      {
        id: exampleId,
        task_id: exampleId,
        object: 'video',
        model: 'wan2.2-kf2v-flash',
        status: 'succeeded',
        progress: 100,
        created_at: 1798675200,
        seconds: '5',
        size: '720P',
        width: 1280,
        height: 720,
        seed: 1734029,
        prompt:
          'Realistic style, a black kitten curiously looking at the sky, camera moving up from eye level to top-down',
        actual_prompt: null,
        completed_at: 1798675221,
        expires_at: null,
        error: null,
        url: exampleUrl,
        video_url: exampleUrl,
        tags: {},
        metadata: {
          url: exampleUrl,
          backend: 'renderer',
          phase: null,
          fps: 30,
          frames: 150,
          duration: 5,
          queue_position: null,
          eta: null,
          events_url: null,
          cost: { currency: 'USD', amount: '0.1', state: 'settled' },
          warnings: [],
        },
      },
    ],
  }) satisfies z.ZodType<VideoObject>;

export const videoList = z
  .object({
    object: z.literal('list'),
    data: z.array(videoObject),
    first_id: z.string().nullable(),
    last_id: z.string().nullable().meta({ description: 'Send it as `after` to get the next page.' }),
    has_more: z.boolean(),
  })
  .meta({ id: 'VideoList' }) satisfies z.ZodType<ListObject<VideoObject>>;

export const deletedVideo = z
  .object({ id: z.string(), object: z.literal('video.deleted'), deleted: z.literal(true) })
  .meta({ id: 'DeletedVideo' }) satisfies z.ZodType<DeletedVideo>;

export const modelObject = z
  .object({
    id: z.string(),
    object: z.literal('model'),
    created: unixSeconds.meta({ description: 'Since when this server offers it, Unix seconds.' }),
    owned_by: z.string(),
    sizes: z.array(z.enum(SIZE_TIERS)),
    default_size: z.enum(SIZE_TIERS),
    seconds: z.array(z.string()),
    price: z
      .object({ currency: z.string(), per_second: z.record(z.string(), z.string()) })
      .nullable()
      .meta({ description: 'What you pay for a second of video, by size, as decimal numbers; null: nothing.' }),
    backend: z.string().meta({ description: 'Who makes the pixels now.' }),
    ready: z.boolean(),
    problems: z.array(z.string()).meta({ description: 'What is missing, in words; empty when ready.' }),
    capabilities: z.object({
      sizes: z.array(z.enum(SIZE_TIERS)),
      honours_seed: z.boolean(),
      honours_negative_prompt: z.boolean(),
      generative: z.boolean().meta({ description: 'Imagines new pixels; false: moves between the two pictures only.' }),
      billed: z.boolean(),
      cancel: z.boolean().meta({ description: 'Cancelling ends the work at once.' }),
    }),
    backends: z
      .array(
        z.object({
          name: z.string(),
          ready: z.boolean(),
          billed: z.boolean(),
          sizes: z.array(z.enum(SIZE_TIERS)),
          price: z
            .object({ currency: z.string(), per_second: z.record(z.string(), z.number()) })
            .nullable()
            .meta({
              description:
                'What its peer charges the operator for a second of video by size, as far as the operator says.',
            }),
        }),
      )
      .meta({ description: 'All who make it here, the best first.' }),
  })
  .meta({ id: 'Model' }) satisfies z.ZodType<ModelObject>;

export const modelList = z
  .object({ object: z.literal('list'), data: z.array(modelObject) })
  .meta({ id: 'ModelList' }) satisfies z.ZodType<ModelList>;
