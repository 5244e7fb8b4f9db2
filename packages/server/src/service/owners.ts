import { Fault } from '../domain/fault.ts';
import { type OwnerId, readOwnerId } from '../domain/id.ts';
import type { Account } from '../domain/ledger.ts';
import { readMoney } from '../domain/money.ts';
import type { Owner, OwnerLimits } from '../domain/owner.ts';
import { monthOf } from '../domain/period.ts';
import type { Clock } from '../ports/clock.ts';
import type { LedgerStore } from '../ports/ledger.ts';
import type { Slice } from '../ports/slice.ts';
import type { KeyStore } from '../ports/store.ts';

/** Limits as an operator asked for them: absent members stay as they are, null ones are taken away. */
export interface LimitsAsk {
  readonly running?: number | null | undefined;
  readonly queued?: number | null | undefined;
  readonly monthlySeconds?: number | null | undefined;
  /** An amount such as `12.50`. */
  readonly monthlyCost?: string | null | undefined;
}

/** An owner and how it stands in this month. */
export interface OwnerState {
  readonly owner: Owner;
  readonly month: string;
  readonly account: Account;
}

/** Owners, for operators. What is changed here acts on every process within seconds. */
export interface Owners {
  /** @throws Fault `invalid_request`, `already_exists` */
  create(id: string, limits: LimitsAsk, spell: Spell): Promise<OwnerState>;
  /** By name. */
  list(page: { readonly limit: number; readonly after?: string | undefined }): Promise<Slice<Owner>>;
  /** @throws Fault `not_found` */
  find(id: string): Promise<OwnerState>;
  /** @throws Fault `not_found`, `invalid_request` */
  limit(id: string, limits: LimitsAsk, spell: Spell): Promise<OwnerState & { readonly before: OwnerLimits }>;
}

/** How the asker writes a member's name, such as `monthly_seconds` or `--monthly-seconds`. */
export type Spell = (member: keyof LimitsAsk) => string;

const VIDEOS_MAX = 1_000_000;
const SECONDS_MAX = 1_000_000_000;

export function createOwners(
  store: Pick<KeyStore, 'owner' | 'owners' | 'addOwner' | 'setLimits'>,
  ledger: Pick<LedgerStore, 'account'>,
  clock: Clock,
): Owners {
  async function stateOf(owner: Owner): Promise<OwnerState> {
    const month = monthOf(clock.now());
    return { owner, month, account: await ledger.account(owner.id, month) };
  }

  async function known(id: string): Promise<Owner> {
    const name = readOwnerId(id);
    const owner = name === undefined ? undefined : await store.owner(name);
    if (owner === undefined)
      throw new Fault('not_found', `There is no project "${id.slice(0, 63)}".`, { param: 'owner' });
    return owner;
  }

  return {
    async create(id, limits, spell) {
      const owner: Owner = { id: readName(id), createdAt: clock.now(), limits: changed({}, limits, spell) };
      if (!(await store.addOwner(owner))) {
        const words = `There is a project "${owner.id}" already. Change its limits instead.`;
        throw new Fault('already_exists', words, { param: 'owner' });
      }
      return stateOf(owner);
    },
    list: ({ limit, after }) => store.owners({ limit, after: after as OwnerId | undefined }),
    find: async (id) => stateOf(await known(id)),
    async limit(id, asked, spell) {
      const owner = await known(id);
      const limits = changed(owner.limits, asked, spell);
      await store.setLimits(owner.id, limits);
      return { ...(await stateOf({ ...owner, limits })), before: owner.limits };
    },
  };
}

function readName(id: string): OwnerId {
  const name = readOwnerId(id);
  if (name !== undefined) return name;
  const words = 'owner has 1 to 63 lower-case letters, digits, - and _, starting with a letter or digit.';
  throw new Fault('invalid_request', words, { param: 'owner' });
}

/** @throws Fault that names the member */
function changed(before: OwnerLimits, asked: LimitsAsk, spell: Spell): OwnerLimits {
  const limits: Record<keyof OwnerLimits, number | undefined> = {
    running: settle('running', before.running, asked.running, VIDEOS_MAX, spell),
    queued: settle('queued', before.queued, asked.queued, VIDEOS_MAX, spell),
    monthlySeconds: settle('monthlySeconds', before.monthlySeconds, asked.monthlySeconds, SECONDS_MAX, spell),
    monthlyMicroUnits:
      asked.monthlyCost === undefined
        ? before.monthlyMicroUnits
        : asked.monthlyCost === null
          ? undefined
          : readCost(asked.monthlyCost, spell('monthlyCost')),
  };
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined));
}

function settle(
  member: keyof LimitsAsk,
  before: number | undefined,
  asked: number | null | undefined,
  most: number,
  spell: Spell,
): number | undefined {
  if (asked === undefined) return before;
  return asked === null ? undefined : readCount(asked, most, spell(member));
}

/** @throws Fault `invalid_request` */
export function readCount(value: number, most: number, param: string): number {
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new Fault('invalid_request', `${param} must be a whole number from 0 to ${most}.`, { param });
}

/** @throws Fault `invalid_request` */
export function readCost(text: string, param: string): number {
  const microUnits = readMoney(text);
  if (microUnits !== undefined) return microUnits;
  throw new Fault('invalid_request', `${param} must be an amount such as 12.50, with at most six decimals.`, { param });
}
