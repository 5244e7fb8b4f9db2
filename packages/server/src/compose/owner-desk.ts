import { systemClock } from '../adapters/system/clock.ts';
import { systemIds } from '../adapters/system/ids.ts';
import type { Config } from '../config/config.ts';
import { type Caller, SCOPES } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import { DEFAULT_OWNER } from '../domain/id.ts';
import { USAGE_GROUPS } from '../domain/ledger.ts';
import { showMoney } from '../domain/money.ts';
import type { Owner } from '../domain/owner.ts';
import { readKey, showBudget, showUsage } from '../http/usage/show.ts';
import { createAudit } from '../service/audit.ts';
import { createOwners, type LimitsAsk, type OwnerState, type Spell } from '../service/owners.ts';
import { createUsageBooks } from '../service/usage.ts';
import { OPERATOR } from './key-desk.ts';
import { openStoreBeside } from './store-beside.ts';

export const GROUP_NAMES: readonly string[] = USAGE_GROUPS;

/** An owner as the command line shows it; null: no limit. */
export interface ShownOwner {
  readonly id: string;
  readonly created_at: string;
  readonly running: number | null;
  readonly queued: number | null;
  readonly monthly_seconds: number | null;
  readonly monthly_cost: string | null;
  readonly currency: string;
  readonly budget?: ReturnType<typeof showBudget>;
}

/** Limits as they are typed: a number or an amount, or `none`. */
export interface TypedLimits {
  readonly running?: string | undefined;
  readonly queued?: string | undefined;
  readonly monthlySeconds?: string | undefined;
  readonly monthlyCost?: string | undefined;
}

export interface UsageWish {
  readonly owner: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Names of groups separated by commas, or `none`. */
  readonly groupBy: string;
  readonly key?: string | undefined;
  readonly model?: string | undefined;
}

type Answer<T> = Promise<T | { readonly problem: string }>;

/** Owners and the books, from beside the servers, which may be running. */
export interface OwnerDesk {
  create(id: string, limits: TypedLimits): Answer<ShownOwner>;
  limit(id: string, limits: TypedLimits): Answer<ShownOwner>;
  show(id: string): Answer<ShownOwner>;
  list(): Promise<readonly ShownOwner[]>;
  usage(wish: UsageWish): Answer<ReturnType<typeof showUsage>>;
  close(): Promise<void>;
}

const PAGE = 100;
const ROWS_MAX = 100_000;

export async function openOwnerDesk(config: Config): Promise<OwnerDesk> {
  const store = await openStoreBeside(config);
  const { currency } = config.usage;
  const audit = createAudit({ store: store.audit, clock: systemClock, ids: systemIds });
  const owners = createOwners(store.keys, store.ledger, systemClock);
  const books = createUsageBooks(store.ledger, store.keys, systemClock);
  const shown = ({ owner, month, account }: OwnerState): ShownOwner => ({
    ...showOwner(owner, currency),
    budget: showBudget(month, account, owner.limits),
  });
  return {
    create: (id, limits) =>
      explained(async () => {
        const state = await owners.create(id, readLimits(limits), flagOf);
        await audit.note(OPERATOR, 'owner.created', state.owner.id, { limits: { ...state.owner.limits } });
        return shown(state);
      }),
    limit: (id, limits) =>
      explained(async () => {
        const state = await owners.limit(id, readLimits(limits), flagOf);
        const detail = { before: { ...state.before }, after: { ...state.owner.limits } };
        await audit.note(OPERATOR, 'owner.limited', state.owner.id, detail);
        return shown(state);
      }),
    show: (id) => explained(async () => shown(await owners.find(id))),
    async list() {
      const all: Owner[] = [];
      for (let after: string | undefined; ; after = all.at(-1)?.id) {
        const { items, hasMore } = await owners.list({ limit: PAGE, after });
        all.push(...items);
        if (!hasMore) return all.map((owner) => showOwner(owner, currency));
      }
    },
    usage: ({ owner, groupBy, key, ...wish }) =>
      explained(async () => {
        const words = groupBy === 'none' ? [] : groupBy.split(',').map((word) => word.trim());
        const unknown = words.find((word) => !GROUP_NAMES.includes(word));
        if (unknown !== undefined)
          throw new Fault(
            'invalid_request',
            `--group-by: there is no "${unknown}". Use ${GROUP_NAMES.join(', ')} or none.`,
          );
        const ask = { ...wish, owner, apiKey: readKey(key), limit: ROWS_MAX };
        const groups = USAGE_GROUPS.filter((group) => words.includes(group));
        return showUsage(await books.report(MASTER, { ...ask, groupBy: groups }), currency, true);
      }),
    close: () => store.close(),
  };
}

/** Whoever sits at the machine may read every owner's books. */
const MASTER: Caller = { owner: DEFAULT_OWNER, apiKey: null, scopes: SCOPES };

async function explained<T>(work: () => Promise<T>): Answer<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Fault) return { problem: error.message };
    throw error;
  }
}

/** `monthlySeconds` → `--monthly-seconds`. */
const flagOf: Spell = (member) => `--${member.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function readLimits({ running, queued, monthlySeconds, monthlyCost }: TypedLimits): LimitsAsk {
  const count = (text: string | undefined) => (text === undefined ? undefined : text === 'none' ? null : Number(text));
  return {
    running: count(running),
    queued: count(queued),
    monthlySeconds: count(monthlySeconds),
    monthlyCost: monthlyCost === 'none' ? null : monthlyCost,
  };
}

function showOwner({ id, createdAt, limits }: Owner, currency: string): ShownOwner {
  const { running, queued, monthlySeconds, monthlyMicroUnits } = limits;
  return {
    id,
    created_at: new Date(createdAt).toISOString(),
    running: running ?? null,
    queued: queued ?? null,
    monthly_seconds: monthlySeconds ?? null,
    monthly_cost: monthlyMicroUnits === undefined ? null : showMoney(monthlyMicroUnits),
    currency,
  };
}
