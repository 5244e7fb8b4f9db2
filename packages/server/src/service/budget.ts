import type { Caller } from '../domain/api-key.ts';
import { type Charge, type Prices, reservationFor } from '../domain/charge.ts';
import { Fault } from '../domain/fault.ts';
import type { Generation } from '../domain/generation.ts';
import type { Account } from '../domain/ledger.ts';
import { showMoney } from '../domain/money.ts';
import { type Allowance, exceeded, hasBudget, type Refusal } from '../domain/owner.ts';
import { dayOf, monthOf, nextMonth } from '../domain/period.ts';
import type { Video } from '../domain/video.ts';
import type { SubmitParts } from './submit-ask.ts';

/** What a caller may have and what it has, in words. */
type BudgetParts = Pick<SubmitParts, 'ledger' | 'prices' | 'videos' | 'clock' | 'meter' | 'queue'>;

export const NO_PRICES: Prices = { currency: 'USD', perSecond: {} };

/** What is reserved for a video; null: nothing, and then nothing is written for it either. */
export function chargeFor(
  { prices = NO_PRICES }: Pick<BudgetParts, 'prices'>,
  { ownerLimits, limits }: Caller,
  generation: Pick<Generation, 'model' | 'size' | 'seconds'>,
): Charge | null {
  return reservationFor(generation, prices, hasBudget(ownerLimits) || hasBudget(limits));
}

/** What the store is to hold the video to; undefined: nothing. */
export function allowanceOf({ ownerLimits, limits }: Caller): Allowance | undefined {
  const within: Allowance = {
    ...(ownerLimits?.queued === undefined ? {} : { queued: ownerLimits.queued }),
    ...(hasBudget(ownerLimits) ? { owner: ownerLimits } : {}),
    ...(hasBudget(limits) ? { key: limits } : {}),
  };
  return Object.keys(within).length === 0 ? undefined : within;
}

/** Says beforehand what an insert would refuse; between the two others may use up what is left. @throws Fault */
export async function checkAllowance(
  parts: BudgetParts,
  caller: Caller,
  video: Pick<Video, 'backend' | 'charge'>,
): Promise<void> {
  const within = allowanceOf(caller);
  if (within === undefined) return;
  if (within.queued !== undefined) {
    const { pending, queued } = await parts.videos.counts(caller.owner);
    if (pending + queued >= within.queued)
      throw await refuse(parts, caller, video, { limit: 'queued', most: within.queued });
  }
  for (const holder of ['owner', 'key'] as const) {
    const account = await accountOf(parts, caller, holder);
    const limit = account && video.charge && exceeded(within[holder] ?? {}, account, video.charge);
    if (limit) throw await refuse(parts, caller, video, { limit, holder });
  }
}

/** The refusal in words: which limit, what is used, and what to do. */
export async function refuse(
  parts: BudgetParts,
  caller: Caller,
  video: Pick<Video, 'backend' | 'charge'>,
  refusal: Refusal,
): Promise<Fault> {
  if (refusal.limit === 'queued') {
    parts.meter.count('inbetween_refused_creates_total', { limit: 'queued', holder: 'owner' });
    const retryAfterMs = await parts.queue?.retryAfterMs(video.backend);
    return new Fault(
      'too_many_queued',
      `This project may have ${refusal.most} videos waiting at once, and it has them. Nothing was stored; try again when one of them has begun, or cancel one.`,
      { retryAfterMs: retryAfterMs ?? QUEUED_AGAIN_MS },
    );
  }
  const { limit, holder } = refusal;
  parts.meter.count('inbetween_refused_creates_total', { limit, holder });
  const now = parts.clock.now();
  const account = await accountOf(parts, caller, holder);
  const budget = (holder === 'owner' ? caller.ownerLimits : caller.limits) ?? {};
  const { currency } = parts.prices ?? NO_PRICES;
  const { seconds, microUnits } = video.charge ?? { seconds: 0, microUnits: 0 };
  const [most, used, needs] =
    limit === 'seconds'
      ? [`${budget.monthlySeconds} seconds of video`, `${account && spentSeconds(account)}`, `${seconds}`]
      : [
          `${showMoney(budget.monthlyMicroUnits ?? 0)} ${currency}`,
          showMoney(account === undefined ? 0 : spentMicroUnits(account)),
          showMoney(microUnits),
        ];
  const whose = holder === 'owner' ? 'this project' : 'this API key';
  return new Fault(
    'insufficient_balance',
    `The budget of ${whose} for ${monthOf(now)} is ${most}: ${used} are used or reserved, and this video needs ${needs}. Nothing was stored. The budget begins anew on ${dayOf(nextMonth(now))} (UTC); the operator of this server can raise it.`,
  );
}

const QUEUED_AGAIN_MS = 10_000;

async function accountOf(
  { ledger, clock }: BudgetParts,
  { owner, apiKey }: Caller,
  holder: 'owner' | 'key',
): Promise<Account | undefined> {
  const month = monthOf(clock.now());
  if (holder === 'owner') return ledger.account(owner, month);
  return apiKey === null ? undefined : ledger.account(owner, month, apiKey);
}

function spentSeconds({ reservedSeconds, settledSeconds }: Account): number {
  return reservedSeconds + settledSeconds;
}

function spentMicroUnits({ reservedMicroUnits, settledMicroUnits }: Account): number {
  return reservedMicroUnits + settledMicroUnits;
}
