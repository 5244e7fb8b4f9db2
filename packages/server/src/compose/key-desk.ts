import { systemClock } from '../adapters/system/clock.ts';
import { systemIds } from '../adapters/system/ids.ts';
import type { Config } from '../config/config.ts';
import { type ApiKey, SCOPES, type Scope } from '../domain/api-key.ts';
import { type ApiKeyId, readOwnerId } from '../domain/id.ts';
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
  }): Promise<(ShownKey & { readonly secret: string }) | { readonly problem: string }>;
  list(owner: string | undefined): Promise<readonly ShownKey[]>;
  revoke(id: string): Promise<boolean>;
  close(): Promise<void>;
}

export async function openKeyDesk(config: Config): Promise<KeyDesk> {
  const store = await openStoreBeside(config);
  const keys = createKeys({ store: store.keys, clock: systemClock, ids: systemIds, fixedKey: undefined });
  return {
    async create({ owner, name, scopes }) {
      const id = readOwnerId(owner);
      if (id === undefined)
        return {
          problem: `--owner "${owner}": use 1 to 63 lower-case letters, digits, - and _, starting with a letter or digit.`,
        };
      const wanted = scopes?.split(',').map((scope) => scope.trim());
      const unknown = wanted?.find((scope) => !SCOPE_NAMES.includes(scope));
      if (unknown !== undefined)
        return { problem: `--scopes: there is no scope "${unknown}". Use ${SCOPE_NAMES.join(', ')}.` };
      const made = await keys.create({
        owner: id,
        name,
        ...(wanted === undefined ? {} : { scopes: wanted as readonly Scope[] }),
      });
      return { ...shown(made.key), secret: made.secret };
    },
    async list(owner) {
      const id = owner === undefined ? undefined : readOwnerId(owner);
      if (owner !== undefined && id === undefined) return [];
      return (await keys.list(id)).map(shown);
    },
    revoke: (id) => keys.revoke(id as ApiKeyId),
    close: () => store.close(),
  };
}

function shown({ id, owner, name, prefix, scopes, createdAt, lastUsedAt, revokedAt }: ApiKey): ShownKey {
  const instant = (at: number | null) => (at === null ? null : new Date(at).toISOString());
  return {
    id,
    owner,
    name,
    prefix,
    scopes,
    created_at: new Date(createdAt).toISOString(),
    last_used_at: instant(lastUsedAt),
    revoked_at: instant(revokedAt),
  };
}
