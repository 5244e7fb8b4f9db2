import { z } from 'zod';
import { SCOPES } from '../../domain/api-key.ts';
import { AUDITED } from '../../domain/audit.ts';

/** What may be asked of the operator's routes. The limits are held by `service/key-wish.ts`. */

const texts = (what: string) => z.array(z.string({ error: 'must be text' }), { error: `must be a list of ${what}` });
const perMinute = z.number({ error: 'must be a whole number of at least 1' });

export const createKeyBody = z
  .strictObject(
    {
      owner: z
        .string({ error: (issue) => (issue.input === undefined ? 'is required: a project' : 'must be text') })
        .meta({ description: 'The project the key belongs to; made if new.', example: 'default' }),
      name: z.string({ error: 'must be text' }).optional(),
      scopes: texts('scopes')
        .optional()
        .meta({ description: 'Absent: all.', items: { enum: SCOPES } }),
      models: texts('models').optional().meta({ description: 'The models it may ask for; absent: all.' }),
      addresses: texts('addresses')
        .optional()
        .meta({ description: 'Where it may be used from; absent: anywhere.', example: ['203.0.113.0/24'] }),
      requests_per_minute: perMinute.optional(),
      creates_per_minute: perMinute.optional(),
      monthly_seconds: z
        .number({ error: 'must be a whole number' })
        .optional()
        .meta({ description: 'Seconds of video in a month (UTC); not more than the project may have.' }),
      monthly_cost: z
        .union([z.string(), z.number()], { error: 'must be an amount such as "12.50"' })
        .optional()
        .meta({ description: 'Money in a month (UTC), in the currency of the server.' }),
      expires_at: z.number({ error: 'must be Unix seconds' }).optional().meta({ description: 'Unix seconds.' }),
    },
    { error: 'is not a field of a key' },
  )
  .meta({ id: 'CreateKey' });

export const keyPath = z.object({ key: z.string().meta({ description: 'The id of a key.', example: 'key_…' }) });

const once = (what: string) => ({ error: `must be ${what}, given once` });
export const keysQuery = z.strictObject(
  { owner: z.string(once('a project')).optional() },
  { error: 'is not a filter of this list' },
);
export const auditQuery = z.strictObject(
  {
    limit: z
      .string(once('a whole number from 1 to 100'))
      .refine((value) => /^(?:[1-9]\d?|100)$/.test(value), 'must be a whole number from 1 to 100')
      .default('20')
      .meta({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
    after: z
      .string(once('the id of an entry'))
      .refine((value) => /^audit_[0-9a-z]{26}$/.test(value), 'must be the id of an entry')
      .optional(),
  },
  { error: 'is not a filter of this list' },
);

const unixSeconds = z.int().meta({ description: 'Unix seconds.', format: 'int64' });

export const keyObject = z
  .object({
    id: z.string(),
    object: z.literal('api_key'),
    owner: z.string(),
    name: z.string(),
    prefix: z.string().meta({ description: 'The first characters of the secret, to recognise it by.' }),
    scopes: z.array(z.enum(SCOPES)),
    models: z.array(z.string()).nullable(),
    addresses: z.array(z.string()).nullable(),
    requests_per_minute: z.int().nullable(),
    creates_per_minute: z.int().nullable(),
    monthly_seconds: z.int().nullable(),
    monthly_cost: z.string().nullable(),
    created_at: unixSeconds,
    expires_at: unixSeconds.nullable(),
    revoked_at: unixSeconds.nullable(),
    last_used_at: unixSeconds.nullable(),
    secret: z.string().optional().meta({ description: 'Only in the answer to create; only its hash is kept.' }),
  })
  .meta({ id: 'ApiKey' });

export const keyList = z.object({ object: z.literal('list'), data: z.array(keyObject) }).meta({ id: 'ApiKeyList' });

export const revokedKey = z
  .object({ id: z.string(), object: z.literal('api_key.revoked'), revoked: z.literal(true) })
  .meta({ id: 'RevokedApiKey' });

export const auditEntry = z
  .object({
    id: z.string(),
    object: z.literal('audit_entry'),
    at: unixSeconds,
    actor: z.string().meta({ description: 'The key that acted, or `environment key` or `command line`.' }),
    address: z.string().nullable(),
    request: z.string().nullable(),
    action: z.enum(AUDITED),
    subject: z.string(),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditEntry' });

export const auditList = z
  .object({ object: z.literal('list'), data: z.array(auditEntry), has_more: z.boolean() })
  .meta({ id: 'AuditList' });
