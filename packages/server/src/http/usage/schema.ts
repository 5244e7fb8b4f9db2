import type { BudgetObject, UsageList, UsageObject } from '@inbetween/client';
import { z } from 'zod';
import { USAGE_GROUPS } from '../../domain/ledger.ts';

/** What may be asked about usage, and what is answered. */

const once = (what: string) => ({ error: `must be ${what}, given once` });
const groups = `some of ${USAGE_GROUPS.join(', ')}, separated by commas, or none`;
const listLimit = 'a whole number from 1 to 1000';

export const usageQuery = z.strictObject(
  {
    from: z
      .string(once('a day such as 2026-11-26'))
      .optional()
      .meta({ description: 'First day (UTC); absent: the first of the month of `to`.', format: 'date' }),
    to: z
      .string(once('a day such as 2026-11-26'))
      .optional()
      .meta({ description: 'Last day (UTC), included; absent: today.', format: 'date' }),
    group_by: z
      .string(once(groups))
      .refine(
        (text) => text === 'none' || text.split(',').every((word) => USAGE_GROUPS.some((group) => group === word)),
        `must be ${groups}`,
      )
      .default('day')
      .meta({ description: `What rows are by: ${groups}. \`none\`: one row over all.`, example: 'day,key,model' }),
    api_key: z
      .string(once('the id of a key'))
      .optional()
      .meta({ description: 'Only what was asked for with this key; `none`: without a stored one.' }),
    model: z.string(once('the name of a model')).optional(),
    limit: z
      .string(once(listLimit))
      .refine((text) => /^(?:[1-9]\d{0,2}|1000)$/.test(text), `must be ${listLimit}`)
      .default('100')
      .meta({ type: 'integer', minimum: 1, maximum: 1000, default: 100 }),
    after: z
      .string(once('the id of a row'))
      .refine((text) => /^[^|]{0,10}\|[^|]{0,80}\|[^|]{0,80}$/.test(text), 'must be the id of a row')
      .optional()
      .meta({ description: 'Continues behind this row; send the `last_id` of the page before.' }),
    owner: z.string(once('a project')).optional().meta({ description: 'Another project; needs the scope `admin`.' }),
  },
  { error: 'is not known here' },
);

const count = z.int().min(0);
const amount = z.string().meta({ description: 'A decimal number.', example: '0.1' });

export const usageObject = z
  .object({
    id: z.string(),
    object: z.literal('usage'),
    day: z.string().nullable().meta({
      description: 'UTC. Videos count on the day they were asked for, once they have ended.',
      example: '2026-11-26',
    }),
    api_key: z.string().nullable().meta({ description: '`none`: what was asked for without a stored key.' }),
    model: z.string().nullable(),
    succeeded: count,
    failed: count,
    cancelled: count,
    seconds: count.meta({ description: 'Of video that was charged.' }),
    cost: amount,
    upstream_cost: amount.nullable().meta({ description: 'What peers charged the operator; only with scope `admin`.' }),
  })
  .meta({ id: 'Usage', description: 'What is not grouped by is null.' }) satisfies z.ZodType<UsageObject>;

const line = <T extends z.ZodType>(value: T) => z.object({ limit: value.nullable(), reserved: value, settled: value });

export const budgetObject = z
  .object({ month: z.string().meta({ example: '2026-11' }), seconds: line(count), cost: line(amount) })
  .meta({ id: 'Budget', description: 'How a project stands in a month (UTC).' }) satisfies z.ZodType<BudgetObject>;

export const usageList = z
  .object({
    object: z.literal('list'),
    owner: z.string(),
    from: z.string(),
    to: z.string(),
    currency: z.string(),
    data: z.array(usageObject),
    first_id: z.string().nullable(),
    last_id: z.string().nullable().meta({ description: 'Send it as `after` to get the next page.' }),
    has_more: z.boolean(),
    budget: budgetObject,
  })
  .meta({ id: 'UsageList' }) satisfies z.ZodType<UsageList>;
