import type { BudgetObject, UsageList, UsageObject } from '@inbetween/client';
import type { Account, UsagePlace } from '../../domain/ledger.ts';
import { showMoney } from '../../domain/money.ts';
import type { OwnerLimits } from '../../domain/owner.ts';
import type { UsageReport } from '../../service/usage.ts';

/** The word for what was asked for without a stored key. */
const NO_KEY = 'none';

/** How an owner stands in a month. */
export function showBudget(month: string, account: Account, limits: OwnerLimits): BudgetObject {
  const { monthlySeconds, monthlyMicroUnits } = limits;
  return {
    month,
    seconds: { limit: monthlySeconds ?? null, reserved: account.reservedSeconds, settled: account.settledSeconds },
    cost: {
      limit: monthlyMicroUnits === undefined ? null : showMoney(monthlyMicroUnits),
      reserved: showMoney(account.reservedMicroUnits),
      settled: showMoney(account.settledMicroUnits),
    },
  };
}

/** A page of usage. @param upstream whether the asker may see what peers charge */
export function showUsage(report: UsageReport, currency: string, upstream: boolean): UsageList {
  const { owner, from, to, groupBy, rows, month, account, limits } = report;
  const data = rows.items.map((row): UsageObject => {
    const { succeeded, failed, cancelled, seconds } = row;
    return {
      id: `${row.day}|${row.apiKey}|${row.model}`,
      object: 'usage',
      day: groupBy.includes('day') ? row.day : null,
      api_key: groupBy.includes('key') ? row.apiKey || NO_KEY : null,
      model: groupBy.includes('model') ? row.model : null,
      succeeded,
      failed,
      cancelled,
      seconds,
      cost: showMoney(row.microUnits),
      upstream_cost: upstream ? showMoney(row.upstreamMicroUnits) : null,
    };
  });
  return {
    object: 'list',
    owner,
    from,
    to,
    currency,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: rows.hasMore,
    budget: showBudget(month, account, limits),
  };
}

/** The place of a row, from its id. */
export function readPlace(id: string | undefined): UsagePlace | undefined {
  if (id === undefined) return undefined;
  const [day = '', apiKey = '', model = ''] = id.split('|');
  return { day, apiKey, model };
}

/** The key that is meant; undefined: any. */
export function readKey(asked: string | undefined): string | undefined {
  return asked === NO_KEY ? '' : asked;
}
