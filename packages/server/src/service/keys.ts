import { hash, timingSafeEqual } from 'node:crypto';
import { type ApiKey, type Caller, isUsable, type KeyLimits, SCOPES } from '../domain/api-key.ts';
import { Fault } from '../domain/fault.ts';
import { type ApiKeyId, DEFAULT_OWNER, type OwnerId } from '../domain/id.ts';
import { type Owner, type OwnerLimits, widens } from '../domain/owner.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { KeyStore } from '../ports/store.ts';
import type { KeyWish } from './key-wish.ts';

/** Keys: who may ask. */
export interface Keys {
  /**
   * Who asks with a key that was checked within the last seconds, at once; undefined: ask `authenticate`. Callers poll,
   * and for them this saves half of what checking a key costs (5 of 10 µs).
   */
  recall(secret: string): Caller | undefined;
  /** @throws Fault `invalid_api_key`, the same for unknown, revoked and expired */
  authenticate(secret: string): Promise<Caller>;
  /** The secret is returned once and kept nowhere. @throws Fault when the key would be wider than its owner */
  create(wish: KeyWish): Promise<{ readonly key: ApiKey; readonly secret: string }>;
  list(owner?: OwnerId): Promise<readonly ApiKey[]>;
  revoke(id: ApiKeyId): Promise<boolean>;
  /** Writes the last uses noted since the last call; called by the sweep, so that no request waits for a write. */
  flushUses(): Promise<void>;
}

interface KeysParts {
  readonly store: KeyStore;
  readonly clock: Clock;
  readonly ids: Ids;
  /** The operator's own key from the environment: all scopes, owner `default`. */
  readonly fixedKey: string | undefined;
}

interface Believed {
  readonly key: ApiKey;
  readonly caller: Caller;
  readonly until: number;
}

/** A checked key is believed this long, so revocation acts within seconds on every process. */
const BELIEVED_MS = 3_000;
const BELIEVED_MAX = 10_000;

const WRONG = 'The API key is not valid. Send a key of this server as "Authorization: Bearer <key>".';

export function createKeys({ store, clock, ids, fixedKey }: KeysParts): Keys {
  const fixedHash = fixedKey === undefined ? undefined : digest(fixedKey);
  const fixedCaller: Caller = { owner: DEFAULT_OWNER, apiKey: null, scopes: SCOPES };
  let fixed: { readonly caller: Caller; readonly until: number } = { caller: fixedCaller, until: 0 };
  const believed = new Map<string, Believed>();
  const uses = new Map<ApiKeyId, number>();

  function recall(hashed: string): Caller | undefined {
    // Both sides are digests of equal length: neither the length nor a common prefix of the secret shows in the time.
    if (isFixed(hashed)) return fixed.until > clock.now() ? fixed.caller : undefined;
    const known = believed.get(hashed);
    if (known === undefined) return undefined;
    const now = clock.now();
    if (known.until <= now || !isUsable(known.key, now)) {
      believed.delete(hashed);
      return undefined;
    }
    uses.set(known.key.id, now);
    return known.caller;
  }

  function isFixed(hashed: string): boolean {
    return fixedHash !== undefined && timingSafeEqual(Buffer.from(hashed), Buffer.from(fixedHash));
  }

  /** The operator's own key opens while the store does not answer, too: then its owner's limits are those last known. */
  async function lookUpFixed(): Promise<Caller> {
    try {
      const until = clock.now() + BELIEVED_MS;
      fixed = { caller: withLimits(fixedCaller, await store.owner(DEFAULT_OWNER)), until };
    } catch {
      // Whatever needs the store will say so itself.
    }
    return fixed.caller;
  }

  async function lookUp(hashed: string): Promise<Caller> {
    if (isFixed(hashed)) return lookUpFixed();
    const now = clock.now();
    const key = await store.byHash(hashed);
    if (key === undefined || !isUsable(key, clock.now())) throw new Fault('invalid_api_key', WRONG);
    const { owner, id, scopes, limits } = key;
    const narrowed: Caller = { owner, apiKey: id, scopes, ...(isEmpty(limits) ? {} : { limits }) };
    const caller = withLimits(narrowed, await store.owner(owner));
    if (believed.size >= BELIEVED_MAX) believed.clear();
    believed.set(hashed, { key, caller, until: now + BELIEVED_MS });
    uses.set(key.id, now);
    return caller;
  }

  return {
    recall: (secret) => recall(digest(secret)),
    async authenticate(secret) {
      const hashed = digest(secret);
      return recall(hashed) ?? lookUp(hashed);
    },
    async create({ owner, name, scopes, limits, expiresAt }) {
      const secret = ids.secret();
      const now = clock.now();
      const key: ApiKey = {
        id: ids.apiKey(),
        owner,
        name,
        prefix: secret.slice(0, 8),
        hash: digest(secret),
        scopes: scopes ?? SCOPES,
        limits: limits ?? {},
        createdAt: now,
        expiresAt: expiresAt ?? null,
        revokedAt: null,
        lastUsedAt: null,
      };
      const wider = widens(key.limits, (await store.owner(owner))?.limits ?? {});
      if (wider !== undefined) {
        const which = wider === 'monthlySeconds' ? 'seconds' : 'money';
        const words = `The monthly budget of this key is more ${which} than its project has; a key may only narrow its project.`;
        throw new Fault('invalid_request', words);
      }
      await store.addOwner({ id: owner, createdAt: now, limits: {} });
      await store.add(key);
      return { key, secret };
    },
    list: (owner) => store.list(owner),
    async revoke(id) {
      believed.clear();
      return store.revoke(id, clock.now());
    },
    async flushUses() {
      if (uses.size === 0) return;
      const noted = new Map(uses);
      uses.clear();
      try {
        await store.touch(noted);
      } catch (error) {
        // Kept for the next time, unless the key was used again meanwhile.
        for (const [id, at] of noted) if (!uses.has(id)) uses.set(id, at);
        throw error;
      }
    },
  };
}

function withLimits(caller: Caller, owner: Owner | undefined): Caller {
  return owner === undefined || isEmpty(owner.limits) ? caller : { ...caller, ownerLimits: owner.limits };
}

function isEmpty(limits: KeyLimits | OwnerLimits): boolean {
  return Object.keys(limits).length === 0;
}

function digest(secret: string): string {
  return hash('sha256', secret, 'hex');
}
