import { isIP } from 'node:net';
import type { z } from 'zod';
import type { ApiKey } from '../../domain/api-key.ts';
import type { AuditEntry } from '../../domain/audit.ts';
import { Fault } from '../../domain/fault.ts';
import { type ApiKeyId, readOwnerId } from '../../domain/id.ts';
import { showMoney } from '../../domain/money.ts';
import { checkKeyAsk, type KeyAsk } from '../../service/key-wish.ts';
import { readJsonBody } from '../bodies.ts';
import type { AppParts } from '../parts.ts';
import type { Route } from '../route.ts';
import { unixSeconds } from '../unix-seconds.ts';
import { read } from '../validation.ts';
import { actorOf } from './actor.ts';
import { docs } from './docs.ts';
import { ownerRoutes } from './owner-routes.ts';
import { type auditEntry, auditQuery, createKeyBody, type keyObject, keysQuery } from './schema.ts';

const operator = { dialect: 'powertokens', body: 'none' } as const;

/** What operators do over HTTP. Each act is in the audit log before it is answered. */
export function adminRoutes(parts: AppParts): readonly Route[] {
  const { keys, audit, clock } = parts;
  return [
    {
      ...operator,
      method: 'POST',
      path: '/v1/admin/keys',
      access: 'admin',
      body: 'json',
      doc: docs.createKey,
      async answer(request, _reply, caller) {
        const asked = read(createKeyBody, readJsonBody(request));
        const wish = checkKeyAsk(askOf(asked), { now: clock.now(), spell, family: isIP });
        const { key, secret } = await keys.create(wish);
        const { hash: _hash, prefix: _prefix, ...told } = key;
        await audit.note(actorOf(request, caller), 'key.created', key.id, {
          owner: told.owner,
          name: told.name,
          scopes: told.scopes,
          limits: { ...told.limits },
          expiresAt: told.expiresAt,
        });
        return showKey(key, secret);
      },
    },
    {
      ...operator,
      method: 'GET',
      path: '/v1/admin/keys',
      access: 'admin',
      doc: docs.listKeys,
      async answer(request, _reply, caller) {
        const { owner } = read(keysQuery, request.query);
        const id = owner === undefined ? undefined : readOwnerId(owner);
        if (owner !== undefined && id === undefined) return { object: 'list', data: [] };
        await audit.note(actorOf(request, caller), 'keys.listed', '', { owner: owner ?? null });
        const found = await keys.list(id);
        return { object: 'list', data: found.map((key) => showKey(key)) };
      },
    },
    {
      ...operator,
      method: 'DELETE',
      path: '/v1/admin/keys/:key',
      access: 'admin',
      body: 'ignored',
      doc: docs.revokeKey,
      async answer(request, _reply, caller) {
        const id = (request.params as Readonly<Record<string, string>>)['key'] ?? '';
        if (!(await keys.revoke(id as ApiKeyId))) {
          throw new Fault('not_found', `There is no key "${id.slice(0, 60)}" that is not revoked.`, { param: 'key' });
        }
        await audit.note(actorOf(request, caller), 'key.revoked', id, {});
        return { id, object: 'api_key.revoked', revoked: true };
      },
    },
    {
      ...operator,
      method: 'GET',
      path: '/v1/admin/audit',
      access: 'admin',
      doc: docs.audit,
      async answer(request, _reply, caller) {
        const { limit, after } = read(auditQuery, request.query);
        const { items, hasMore } = await audit.list({ limit: Number(limit), after });
        await audit.note(actorOf(request, caller), 'audit.listed', '', {});
        return { object: 'list', data: items.map(showEntry), has_more: hasMore };
      },
    },
    ...ownerRoutes(parts),
  ];
}

function askOf(asked: z.output<typeof createKeyBody>): KeyAsk {
  return {
    owner: asked.owner,
    name: asked.name,
    scopes: asked.scopes,
    models: asked.models,
    addresses: asked.addresses,
    requestsPerMinute: asked.requests_per_minute,
    createsPerMinute: asked.creates_per_minute,
    monthlySeconds: asked.monthly_seconds,
    monthlyCost: asked.monthly_cost === undefined ? undefined : String(asked.monthly_cost),
    expiresAt: asked.expires_at === undefined ? undefined : asked.expires_at * 1000,
  };
}

/** `createsPerMinute` → `creates_per_minute`. */
function spell(member: keyof KeyAsk): string {
  return member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

function showKey(key: ApiKey, secret?: string): z.output<typeof keyObject> {
  const { limits } = key;
  return {
    id: key.id,
    object: 'api_key',
    owner: key.owner,
    name: key.name,
    prefix: key.prefix,
    scopes: [...key.scopes],
    models: limits.models === undefined ? null : [...limits.models],
    addresses: limits.addresses === undefined ? null : [...limits.addresses],
    requests_per_minute: limits.requestsPerMinute ?? null,
    creates_per_minute: limits.createsPerMinute ?? null,
    monthly_seconds: limits.monthlySeconds ?? null,
    monthly_cost: limits.monthlyMicroUnits === undefined ? null : showMoney(limits.monthlyMicroUnits),
    created_at: unixSeconds(key.createdAt),
    expires_at: key.expiresAt === null ? null : unixSeconds(key.expiresAt),
    revoked_at: key.revokedAt === null ? null : unixSeconds(key.revokedAt),
    last_used_at: key.lastUsedAt === null ? null : unixSeconds(key.lastUsedAt),
    ...(secret === undefined ? {} : { secret }),
  };
}

function showEntry({ at, detail, ...entry }: AuditEntry): z.output<typeof auditEntry> {
  return { ...entry, object: 'audit_entry', at: unixSeconds(at), detail: { ...detail } };
}
