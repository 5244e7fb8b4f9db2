import type { ApiKeyId, OwnerId } from './id.ts';
import type { Budget, OwnerLimits } from './owner.ts';

/** What a key may do. `admin` includes the operator's routes; it does not include other owners' videos. */
export const SCOPES = ['videos:create', 'videos:read', 'videos:delete', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** What narrows a key beyond its scopes. What is absent does not narrow. Its budget counts what was asked for with it. */
export interface KeyLimits extends Budget {
  /** Names of the models it may ask for. */
  readonly models?: readonly string[];
  /** Addresses and networks it may be used from, such as `203.0.113.7` or `2001:db8::/32`. */
  readonly addresses?: readonly string[];
  /** Requests of any kind. Each API process counts for itself. */
  readonly requestsPerMinute?: number;
  /** Videos asked for. Each API process counts for itself. */
  readonly createsPerMinute?: number;
}

/** A key belongs to exactly one owner and may only narrow it. Its secret is kept as a hash. */
export interface ApiKey {
  readonly id: ApiKeyId;
  readonly owner: OwnerId;
  readonly name: string;
  /** The first characters of the secret, to recognise it by. */
  readonly prefix: string;
  /** SHA-256 of the whole secret, lower-case hex. The secret has ≥ 160 random bits, so no slow hash is needed. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly limits: KeyLimits;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
}

/** Who is asking, once a key has been checked. */
export interface Caller {
  readonly owner: OwnerId;
  readonly apiKey: ApiKeyId | null;
  readonly scopes: readonly Scope[];
  /** What narrows the key; absent: nothing does. */
  readonly limits?: KeyLimits | undefined;
  /** What its owner may have, as it was a few seconds ago; absent: nothing limits it. */
  readonly ownerLimits?: OwnerLimits | undefined;
}

/** Whether a key opens anything at all now. */
export function isUsable(key: ApiKey, now: number): boolean {
  return key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now);
}
