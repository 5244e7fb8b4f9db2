import { z } from 'zod';
import { WEBHOOK_EVENTS } from '../../domain/endpoint.ts';
import { ENDPOINT_LIMITS } from '../../service/endpoints.ts';

/** What may be asked of webhooks. The limits are held by `service/endpoints.ts`. */

const text = (what: string) => z.string({ error: `must be text: ${what}` });
const eventNames = WEBHOOK_EVENTS.join(', ');
const events = z
  .array(z.string({ error: 'must be text' }), { error: `must be a list of some of ${eventNames}` })
  .meta({ description: 'What to tell of. Unless named: how videos ended.', items: { enum: WEBHOOK_EVENTS } });
const description = text(`at most ${ENDPOINT_LIMITS.descriptionLength} characters`).meta({
  maxLength: ENDPOINT_LIMITS.descriptionLength,
});
const url = z
  .string({ error: (issue) => (issue.input === undefined ? 'is required: an http(s) URL' : 'must be text: a URL') })
  .meta({ description: 'Where to POST to.', format: 'uri', example: 'https://example.com/hooks/inbetween' });

export const createEndpointBody = z
  .strictObject(
    {
      url,
      events: events.optional(),
      description: description.optional(),
      only_this_key: z
        .boolean({ error: 'must be true or false' })
        .optional()
        .meta({ description: 'Tell only of videos made with the key that asks now.' }),
    },
    { error: 'is not a field of a webhook endpoint' },
  )
  .meta({ id: 'CreateWebhookEndpoint' });

export const changeEndpointBody = z
  .strictObject(
    {
      url: url.optional(),
      events: events.optional(),
      description: description.optional(),
      enabled: z.boolean({ error: 'must be true or false' }).optional(),
    },
    { error: 'is not a field of a webhook endpoint' },
  )
  .meta({ id: 'ChangeWebhookEndpoint' });

const OVERLAP_HOURS_MAX = ENDPOINT_LIMITS.overlapMs / 3_600_000;

export const rotateBody = z
  .strictObject(
    {
      overlap_hours: z
        .number({ error: 'must be a number' })
        .min(0, `must be 0 to ${OVERLAP_HOURS_MAX}`)
        .max(OVERLAP_HOURS_MAX, `must be 0 to ${OVERLAP_HOURS_MAX}`)
        .optional()
        .meta({ description: 'How long the old secret signs along.', default: 24 }),
    },
    { error: 'is not a field of a rotation' },
  )
  .meta({ id: 'RotateWebhookSecret' });

export const endpointPath = z.object({
  endpoint: z.string().meta({ description: 'The id of an endpoint.', example: 'whe_…' }),
});
export const deliveryPath = z.object({ delivery: z.string().meta({ description: 'The id of a delivery.' }) });

const once = (what: string) => ({ error: `must be ${what}, given once` });
const DELIVERY_STATES = ['waiting', 'delivered', 'failed'] as const;

export const deliveriesQuery = z.strictObject(
  {
    limit: z
      .string(once('a whole number from 1 to 100'))
      .refine((value) => /^(?:[1-9]\d?|100)$/.test(value), 'must be a whole number from 1 to 100')
      .default('20')
      .meta({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
    after: z.string(once('the id of a delivery')).optional(),
    state: z.enum(DELIVERY_STATES, { error: `must be one of ${DELIVERY_STATES.join(', ')}` }).optional(),
  },
  { error: 'is not a filter of this list' },
);

const unixSeconds = z.int().meta({ description: 'Unix seconds.', format: 'int64' });

export const endpointObject = z
  .object({
    id: z.string(),
    object: z.literal('webhook_endpoint'),
    kind: z.enum(['registered', 'callback']).meta({ description: '`callback` signs every `callback_url`.' }),
    url: z.string().nullable(),
    description: z.string(),
    events: z.array(z.enum(WEBHOOK_EVENTS)),
    only_key: z.string().nullable().meta({ description: 'The key whose videos it hears of; null: all.' }),
    enabled: z.boolean(),
    disabled_reason: z.string().nullable(),
    created_at: unixSeconds,
    secret: z
      .string()
      .optional()
      .meta({ description: 'Only in the answers to create and rotate. Keep it; it is not shown again.' }),
  })
  .meta({ id: 'WebhookEndpoint' });

export const endpointList = z
  .object({ object: z.literal('list'), data: z.array(endpointObject) })
  .meta({ id: 'WebhookEndpointList' });

export const deletedEndpoint = z
  .object({ id: z.string(), object: z.literal('webhook_endpoint.deleted'), deleted: z.literal(true) })
  .meta({ id: 'DeletedWebhookEndpoint' });

export const testOutcome = z
  .object({
    object: z.literal('webhook_test'),
    delivered: z.boolean(),
    status: z.int().nullable().meta({ description: 'What it answered; null: nothing.' }),
    problem: z.string().nullable(),
    ms: z.int(),
  })
  .meta({ id: 'WebhookTest' });

export const deliveryObject = z
  .object({
    id: z.string(),
    object: z.literal('webhook_delivery'),
    webhook_id: z.string().meta({ description: 'What the receiver sees as `webhook-id`, the same at each try.' }),
    endpoint: z.string(),
    video: z.string(),
    type: z.string(),
    url: z.string(),
    state: z.enum(DELIVERY_STATES),
    created_at: unixSeconds,
    next_try_at: unixSeconds.nullable(),
    tries: z.array(
      z.object({ at: unixSeconds, ms: z.int(), status: z.int().nullable(), problem: z.string().nullable() }),
    ),
  })
  .meta({ id: 'WebhookDelivery' });

export const deliveryList = z
  .object({
    object: z.literal('list'),
    data: z.array(deliveryObject),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
  .meta({ id: 'WebhookDeliveryList' });
