import type { UsageList } from '@inbetween/client';
import { USAGE_GROUPS } from '../../domain/ledger.ts';
import { jsonAnswer } from '../json-answer.ts';
import type { AppParts } from '../parts.ts';
import type { Route, RouteDoc } from '../route.ts';
import { read } from '../validation.ts';
import { usageList, usageQuery } from './schema.ts';
import { readKey, readPlace, showUsage } from './show.ts';

const doc = {
  id: 'listUsage',
  summary: 'What was made and what it cost',
  description:
    'Sums by day, key and model, the latest first, and how the project stands in this month. Videos count once they have ' +
    'ended; what is held for those under way is in `budget`.',
  query: usageQuery,
  answers: { 200: jsonAnswer(usageList, 'A page of sums.') },
  faults: ['invalid_request', 'not_found'],
} as const satisfies RouteDoc;

/** Usage, of one's own project; operators may name another. */
export function usageRoutes({ usage, prices: { currency } }: AppParts): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/usage',
      access: 'videos:read',
      dialect: 'powertokens',
      body: 'none',
      doc,
      async answer(request, _reply, caller): Promise<UsageList> {
        const { group_by, api_key, limit, after, ...asked } = read(usageQuery, request.query);
        const report = await usage.report(caller, {
          ...asked,
          groupBy: USAGE_GROUPS.filter((group) => group_by.split(',').includes(group)),
          apiKey: readKey(api_key),
          limit: Number(limit),
          after: readPlace(after),
        });
        return showUsage(report, currency, caller.scopes.includes('admin'));
      },
    },
  ];
}
