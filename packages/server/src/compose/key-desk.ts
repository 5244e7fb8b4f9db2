import { isIP } from 'node:net';
import { systemClock } from '../adapters/system/clock.ts';
import { systemIds } from '../adapters/system/ids.ts';
import type { Config } from '../config/config.ts';
import { type ApiKey, type KeyLimits, SCOPES } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import { type ApiKeyId, readOwnerId } from '../domain/id.ts';
import { type Actor, createAudit } from '../service/audit.ts';
import { checkKeyAsk, type KeyAsk } from '../service/key-wish.ts';
import { createKeys } from '../service/keys.ts';
import { openStoreBeside } from './store-beside.ts';

export const SCOPE_NAMES: readonly string[] = SCOPES;

/** A key as the command line shows it. */
export interface ShownKey {
  readonly id: string;
  readonly owner: string;
  readonly name: string;
  readonly prefix: string;
  readonly scopes: readonly string[];
  readonly limits: KeyLimits;
  readonly expires_at: string | null;
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
}

/** Keys, from beside the servers, which may be running. */
export interface KeyDesk {
  create(wish: {
    readonly owner: string;
    readonly name: string;
    readonly scopes: string | undefined;
    readonly models?: string | undefined;
    readonly addresses?: string | undefined;
    readonly requestsPerMinute?: string | undefined;
    readonly createsPerMinute?: string | undefined;
    readonly monthlySeconds?: string | undefined;
    /** An amount such as `12.50`. */
    readonly monthlyCost?: string | undefined;
    /** Days, or a date such as `2027-01-31`. */
    readonly expires?: string | undefined;
  }): Promise<(ShownKey & { readonly secret: string }) | { readonly problem: string }>;
  list(owner: string | undefined): Promise<readonly ShownKey[]>;
  revoke(id: string): Promise<boolean>;
  close(): Promise<void>;
}

export async function openKeyDesk(config: Config): Promise<KeyDesk> {
  const store = await openStoreBeside(config);
  const audit = createAudit({ store: store.audit, clock: systemClock, ids: systemIds });
  const keys = createKeys({ store: store.keys, clock: systemClock, ids: systemIds, fixedKey: undefined });
  return {
    async create(asked) {
      try {
        const wish = checkKeyAsk(readAsk(asked), { now: systemClock.now(), spell: flagOf, family: isIP });
        const made = await keys.create(wish);
        const { owner, name, scopes, limits, expiresAt } = made.key;
        await audit.note(OPERATOR, 'key.created', made.key.id, {
          owner,
          name,
          scopes,
          limits: { ...limits },
          expiresAt,
        });
        return { ...shown(made.key), secret: made.secret };
      } catch (error) {
        if (error instanceof Fault) return { problem: error.message };
        throw error;
      }
    },
    async list(owner) {
      const id = owner === undefined ? undefined : readOwnerId(owner);
      if (owner !== undefined && id === undefined) return [];
      return (await keys.list(id)).map(shown);
    },
    async revoke(id) {
      const revoked = await keys.revoke(id as ApiKeyId);
      if (revoked) await audit.note(OPERATOR, 'key.revoked', id, {});
      return revoked;
    },
    close: () => store.close(),
  };
}

/** Who acts at the command line. */
export const OPERATOR: Actor = { name: 'command line', address: null, request: null };

/** `createsPerMinute` → `--creates-per-minute`; the instant is asked for as `--expires`. */
function flagOf(member: keyof KeyAsk): string {
  if (member === 'expiresAt') return '--expires';
  return `--${member.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function readAsk(asked: Parameters<KeyDesk['create']>[0]): KeyAsk {
  const list = (text: string | undefined) => text?.split(',').map((item) => item.trim());
  const count = (text: string | undefined) => (text === undefined ? undefined : Number(text));
  return {
    owner: asked.owner,
    name: asked.name,
    scopes: list(asked.scopes),
    models: list(asked.models),
    addresses: list(asked.addresses),
    requestsPerMinute: count(asked.requestsPerMinute),
    createsPerMinute: count(asked.createsPerMinute),
    monthlySeconds: count(asked.monthlySeconds),
    monthlyCost: asked.monthlyCost,
    expiresAt: asked.expires === undefined ? undefined : readExpiry(asked.expires),
  };
}

/** `30d` from now, or a date; NaN, which no instant is after, for anything else. */
function readExpiry(text: string): number {
  const days = /^(\d{1,5})d$/.exec(text)?.[1];
  return days === undefined ? Date.parse(text) : systemClock.now() + Number(days) * 86_400_000;
}

function shown({
  id,
  owner,
  name,
  prefix,
  scopes,
  limits,
  expiresAt,
  createdAt,
  lastUsedAt,
  revokedAt,
}: ApiKey): ShownKey {
  const instant = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    id,
    owner,
    name,
    prefix,
    scopes,
    limits,
    expires_at: instant(expiresAt),
    created_at: new Date(createdAt).toISOString(),
    last_used_at: instant(lastUsedAt),
    revoked_at: instant(revokedAt),
  };
}
