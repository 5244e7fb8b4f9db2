import type { Caller } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import { type OwnerId, readOwnerId } from '../domain/id.ts';
import { type Account, USAGE_GROUPS, type UsageGroup, type UsagePlace } from '../domain/ledger.ts';
import type { OwnerLimits } from '../domain/owner.ts';
import { dayOf, isDay, monthOf } from '../domain/period.ts';
import type { Clock } from '../ports/clock.ts';
import type { LedgerStore, UsageRow } from '../ports/ledger.ts';
import type { Slice } from '../ports/slice.ts';
import type { KeyStore } from '../ports/store.ts';

/** What a caller wants to know; days such as `2026-11-26`. */
export interface UsageAsk {
  /** Another owner, for operators. */
  readonly owner?: string | undefined;
  /** Absent: the first day of this month. */
  readonly from?: string | undefined;
  /** Inclusive. Absent: today. */
  readonly to?: string | undefined;
  readonly groupBy?: readonly UsageGroup[] | undefined;
  readonly apiKey?: string | undefined;
  readonly model?: string | undefined;
  readonly limit: number;
  readonly after?: UsagePlace | undefined;
}

export interface UsageReport {
  readonly owner: OwnerId;
  readonly from: string;
  readonly to: string;
  readonly groupBy: readonly UsageGroup[];
  readonly rows: Slice<UsageRow>;
  /** How the owner stands in this month. */
  readonly month: string;
  readonly account: Account;
  readonly limits: OwnerLimits;
}

export interface UsageBooks {
  /** @throws Fault `invalid_request`, `insufficient_scope` or `not_found` */
  report(caller: Caller, ask: UsageAsk): Promise<UsageReport>;
}

/** What one answer may look at. */
const DAYS_MAX = 400;
const DAY_MS = 86_400_000;

export function createUsageBooks(
  ledger: Pick<LedgerStore, 'usage' | 'account'>,
  keys: Pick<KeyStore, 'owner'>,
  clock: Clock,
): UsageBooks {
  return {
    async report(caller, { groupBy: asked = USAGE_GROUPS, apiKey, model, limit, after, ...ask }) {
      const owner = whose(caller, ask.owner);
      const known = await keys.owner(owner);
      if (known === undefined && owner !== caller.owner)
        throw new Fault('not_found', `There is no project "${owner}".`, { param: 'owner' });
      const now = clock.now();
      const month = monthOf(now);
      const to = readDay(ask.to ?? dayOf(now), 'to');
      // Without a beginning an end in an earlier month begins with that month.
      const from = readDay(ask.from ?? `${monthOf(Date.parse(to))}-01`, 'from');
      if (from > to)
        throw new Fault('invalid_request', `from: ${from} is after to, which is ${to}.`, { param: 'from' });
      if (Date.parse(to) - Date.parse(from) >= DAYS_MAX * DAY_MS)
        throw new Fault('invalid_request', `from: at most ${DAYS_MAX} days can be asked for at once.`, {
          param: 'from',
        });
      const groupBy = USAGE_GROUPS.filter((group) => asked.includes(group));
      const rows = await ledger.usage(owner, { from, to, groupBy, apiKey, model, limit, after });
      const account = await ledger.account(owner, month);
      return { owner, from, to, groupBy, rows, month, account, limits: known?.limits ?? {} };
    },
  };
}

/** @throws Fault `insufficient_scope` */
function whose(caller: Caller, asked: string | undefined): OwnerId {
  if (asked === undefined || asked === caller.owner) return caller.owner;
  if (!caller.scopes.includes('admin')) {
    const words = 'owner: this API key sees its own project only; another one needs the scope "admin".';
    throw new Fault('insufficient_scope', words, { param: 'owner' });
  }
  const owner = readOwnerId(asked);
  if (owner === undefined)
    throw new Fault('not_found', `There is no project "${asked.slice(0, 63)}".`, { param: 'owner' });
  return owner;
}

function readDay(text: string, param: string): string {
  if (isDay(text)) return text;
  throw new Fault('invalid_request', `${param} must be a day such as 2026-11-26.`, { param });
}
