import { z } from 'zod';
import { budgetObject } from '../usage/schema.ts';

/** What may be asked of owners. The limits are held by `service/owners.ts`. */

const limit = z.number({ error: 'must be a whole number, or null' }).nullable().optional();
const amount = z
  .union([z.string(), z.number()], { error: 'must be an amount such as "12.50", or null' })
  .nullable()
  .optional();

const limits = {
  running: limit.meta({ description: 'Videos that are made at once, over all backends; null: any number.' }),
  queued: limit.meta({ description: 'Videos that wait for their first attempt; more get 429.' }),
  monthly_seconds: limit.meta({ description: 'Seconds of video in a month (UTC); more get 402.' }),
  monthly_cost: amount.meta({ description: 'Money in a month (UTC), in the currency of the server; more get 402.' }),
};

export const createOwnerBody = z
  .strictObject(
    {
      id: z
        .string({ error: (issue) => (issue.input === undefined ? 'is required: a name' : 'must be text') })
        .meta({ description: '1 to 63 lower-case letters, digits, - and _.', example: 'shop' }),
      ...limits,
    },
    { error: 'is not a field of a project' },
  )
  .meta({ id: 'CreateOwner' });

export const changeOwnerBody = z
  .strictObject(limits, { error: 'is not a limit of a project' })
  .meta({ id: 'ChangeOwner', description: 'What is absent stays; null takes the limit away.' });

export const ownerPath = z.object({
  owner: z.string().meta({ description: 'The name of a project.', example: 'shop' }),
});

const once = (what: string) => ({ error: `must be ${what}, given once` });
export const ownersQuery = z.strictObject(
  {
    limit: z
      .string(once('a whole number from 1 to 100'))
      .refine((value) => /^(?:[1-9]\d?|100)$/.test(value), 'must be a whole number from 1 to 100')
      .default('20')
      .meta({ type: 'integer', minimum: 1, maximum: 100, default: 20 }),
    after: z.string(once('the name of a project')).optional(),
  },
  { error: 'is not a filter of this list' },
);

export const ownerObject = z
  .object({
    id: z.string(),
    object: z.literal('owner'),
    created_at: z.int().meta({ description: 'Unix seconds.', format: 'int64' }),
    running: z.int().nullable(),
    queued: z.int().nullable(),
    monthly_seconds: z.int().nullable(),
    monthly_cost: z.string().nullable(),
    currency: z.string(),
    budget: budgetObject.optional().meta({ description: 'How it stands in this month; not in the list.' }),
  })
  .meta({ id: 'Owner', description: 'A project, with its limits; null: none.' });

export const ownerList = z
  .object({
    object: z.literal('list'),
    data: z.array(ownerObject),
    first_id: z.string().nullable(),
    last_id: z.string().nullable().meta({ description: 'Send it as `after` to get the next page.' }),
    has_more: z.boolean(),
  })
  .meta({ id: 'OwnerList' });
