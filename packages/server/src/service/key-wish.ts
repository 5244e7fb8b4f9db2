import { type KeyLimits, SCOPES, type Scope } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import { type OwnerId, readOwnerId } from '../domain/id.ts';
import { MODELS } from '../domain/model.ts';
import { readMoney } from '../domain/money.ts';

/** A key as an operator asked for it, not yet checked. */
export interface KeyAsk {
  readonly owner: string;
  readonly name?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly models?: readonly string[] | undefined;
  readonly addresses?: readonly string[] | undefined;
  readonly requestsPerMinute?: number | undefined;
  readonly createsPerMinute?: number | undefined;
  readonly monthlySeconds?: number | undefined;
  /** An amount such as `12.50`. */
  readonly monthlyCost?: string | undefined;
  /** An instant in milliseconds. */
  readonly expiresAt?: number | undefined;
}

/** A checked wish for a key. */
export interface KeyWish {
  readonly owner: OwnerId;
  readonly name: string;
  readonly scopes?: readonly Scope[] | undefined;
  readonly limits?: KeyLimits | undefined;
  readonly expiresAt?: number | null | undefined;
}

const NAME_MAX = 100;
const PER_MINUTE_MAX = 1_000_000;
const ADDRESSES_MAX = 100;
const MONTHLY_SECONDS_MAX = 1_000_000_000;

/** What a check needs to know of the world. */
export interface KeyCheck {
  readonly now: number;
  /** How the asker writes a member's name, such as `creates_per_minute` or `--creates-per-minute`. */
  spell(member: keyof KeyAsk): string;
  /** 4 or 6 for an IP address, 0 for any other text: `isIP` of `node:net`. */
  family(text: string): number;
}

/**
 * Holds a wish to what a key can be.
 * @throws Fault `invalid_request` that names the member
 */
export function checkKeyAsk(ask: KeyAsk, { now, spell, family }: KeyCheck): KeyWish {
  const refuse = (member: keyof KeyAsk, problem: string): never => {
    const param = spell(member);
    throw new Fault('invalid_request', `${param} ${problem}`, { param });
  };
  const owner = readOwnerId(ask.owner);
  if (owner === undefined)
    return refuse('owner', 'has 1 to 63 lower-case letters, digits, - and _, starting with a letter or digit.');
  const name = ask.name ?? '';
  if (name.length > NAME_MAX || !name.isWellFormed() || /\p{Cc}/u.test(name))
    refuse('name', `has at most ${NAME_MAX} characters, and no control characters.`);
  if (ask.expiresAt !== undefined && !(ask.expiresAt > now)) refuse('expiresAt', 'must lie in the future.');

  const scopes = oneOf(ask.scopes, SCOPES, (text) => refuse('scopes', `has no "${text}". Use ${SCOPES.join(', ')}.`));
  const known = MODELS.map((model) => model.name);
  const models = oneOf(ask.models, known, (text) => refuse('models', `has no "${text}". Use ${known.join(', ')}.`));
  for (const member of ['requestsPerMinute', 'createsPerMinute'] as const) {
    const rate = ask[member];
    if (rate !== undefined && !(Number.isInteger(rate) && rate >= 1 && rate <= PER_MINUTE_MAX))
      refuse(member, `must be a whole number from 1 to ${PER_MINUTE_MAX}.`);
  }
  const { monthlySeconds, monthlyCost } = ask;
  if (monthlySeconds !== undefined && !isCount(monthlySeconds, MONTHLY_SECONDS_MAX))
    refuse('monthlySeconds', `must be a whole number from 0 to ${MONTHLY_SECONDS_MAX}.`);
  const monthlyMicroUnits = monthlyCost === undefined ? undefined : readMoney(monthlyCost);
  if (monthlyCost !== undefined && monthlyMicroUnits === undefined)
    refuse('monthlyCost', 'must be an amount such as 12.50, with at most six decimals.');
  const addresses = ask.addresses ?? [];
  const wrong = addresses.find((text) => !isNetwork(text, family));
  if (wrong !== undefined || addresses.length > ADDRESSES_MAX)
    refuse('addresses', `holds up to ${ADDRESSES_MAX} addresses or networks, such as 203.0.113.7 or 2001:db8::/32.`);

  const limits: KeyLimits = {
    ...(models === undefined ? {} : { models }),
    ...(ask.addresses === undefined ? {} : { addresses }),
    ...(ask.requestsPerMinute === undefined ? {} : { requestsPerMinute: ask.requestsPerMinute }),
    ...(ask.createsPerMinute === undefined ? {} : { createsPerMinute: ask.createsPerMinute }),
    ...(monthlySeconds === undefined ? {} : { monthlySeconds }),
    ...(monthlyMicroUnits === undefined ? {} : { monthlyMicroUnits }),
  };
  return { owner, name, scopes, limits, expiresAt: ask.expiresAt ?? null };
}

function isCount(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

/** A list that was given and is empty would open nothing at all, or look as if it narrowed nothing. */
function oneOf<T extends string>(
  asked: readonly string[] | undefined,
  known: readonly T[],
  refuse: (text: string) => never,
): readonly T[] | undefined {
  if (asked === undefined) return undefined;
  const wrong = asked.find((text) => !known.some((one) => one === text));
  if (wrong !== undefined || asked.length === 0) refuse((wrong ?? '').slice(0, 60));
  return known.filter((one) => asked.includes(one));
}

/** `address` or `address/bits`. */
function isNetwork(text: string, familyOf: KeyCheck['family']): boolean {
  const [address = '', bits, more] = text.split('/');
  const family = familyOf(address);
  if (family === 0 || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}
