import type { OwnerId } from './id.ts';
import type { Account } from './ledger.ts';

/** What may be used up in a month (UTC). What is absent is not limited. */
export interface Budget {
  /** Seconds of video. */
  readonly monthlySeconds?: number;
  /** Money, in micro-units. */
  readonly monthlyMicroUnits?: number;
}

/** What an owner may have. What is absent is not limited. */
export interface OwnerLimits extends Budget {
  /** Videos that are being made at once, over all backends. */
  readonly running?: number;
  /** Videos that wait for their first attempt. */
  readonly queued?: number;
}

/** A named project: videos, files, endpoints, idempotency keys, ledger, limits and fairness belong to it. */
export interface Owner {
  readonly id: OwnerId;
  readonly createdAt: number;
  /** Set by the operator; empty: none. */
  readonly limits: OwnerLimits;
}

/** What a new video of a caller must stay within; the owner's budget and the key's own, each counted by itself. */
export interface Allowance {
  readonly queued?: number | undefined;
  readonly owner?: Budget | undefined;
  readonly key?: Budget | undefined;
}

/** Why a video was not accepted. */
export type Refusal =
  | { readonly limit: 'queued'; readonly most: number }
  | { readonly limit: 'seconds' | 'money'; readonly holder: 'owner' | 'key' };

export function hasBudget(budget: Budget | undefined): boolean {
  return budget?.monthlySeconds !== undefined || budget?.monthlyMicroUnits !== undefined;
}

/** A member of a key's budget that is more than its owner's; undefined: it only narrows. */
export function widens(key: Budget, owner: Budget): keyof Budget | undefined {
  const more = (member: keyof Budget) => (key[member] ?? 0) > (owner[member] ?? Number.POSITIVE_INFINITY);
  return (['monthlySeconds', 'monthlyMicroUnits'] as const).find(more);
}

/** What of a budget another video would exceed; undefined: it fits. */
export function exceeded(
  { monthlySeconds, monthlyMicroUnits }: Budget,
  account: Account,
  ask: { readonly seconds: number; readonly microUnits: number },
): 'seconds' | 'money' | undefined {
  const seconds = account.reservedSeconds + account.settledSeconds + ask.seconds;
  if (monthlySeconds !== undefined && seconds > monthlySeconds) return 'seconds';
  const microUnits = account.reservedMicroUnits + account.settledMicroUnits + ask.microUnits;
  if (monthlyMicroUnits !== undefined && microUnits > monthlyMicroUnits) return 'money';
  return undefined;
}
