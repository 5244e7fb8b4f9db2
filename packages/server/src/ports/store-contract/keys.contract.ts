import { expect, it } from 'vitest';
import type { ApiKey } from '../../domain/api-key.ts';
import type { ApiKeyId, OwnerId } from '../../domain/id.ts';
import { ALICE, BOB, NOW } from './fixtures.contract.ts';
import { type OpenStore, subject } from './subject.contract.ts';

const keyId = (n: number) => `key_${n}` as ApiKeyId;

function apiKey(n: number, owner: OwnerId = ALICE): ApiKey {
  return {
    id: keyId(n),
    owner,
    name: `key № ${n}`,
    prefix: 'inb_1234',
    hash: `hash-${n}`,
    scopes: ['videos:create', 'videos:read'],
    limits: n === 2 ? { models: ['wan2.1-kf2v-plus'], addresses: ['10.0.0.0/8'], requestsPerMinute: 9 } : {},
    createdAt: NOW + n,
    expiresAt: n === 2 ? NOW + 100 : null,
    revokedAt: null,
    lastUsedAt: null,
  };
}

export function keysContract(open: OpenStore): void {
  const at = subject(open);

  it('adds an owner once and keeps its first record', async () => {
    expect(await at.store.keys.owner(ALICE)).toBeUndefined();
    const alice = { id: ALICE, createdAt: NOW, limits: { running: 2, monthlyMicroUnits: 5 } };
    expect(await at.store.keys.addOwner(alice)).toBe(true);
    expect(await at.store.keys.addOwner({ id: ALICE, createdAt: NOW + 1, limits: {} })).toBe(false);
    expect(await at.store.keys.owner(ALICE)).toStrictEqual(alice);
  });

  it('lists owners by name, page by page, and changes their limits', async () => {
    expect(await at.store.keys.setLimits(BOB, { queued: 1 })).toBe(false);
    for (const id of ['c', 'a', 'b'] as OwnerId[]) await at.store.keys.addOwner({ id, createdAt: NOW, limits: {} });
    expect(await at.store.keys.setLimits('b' as OwnerId, { queued: 1 })).toBe(true);
    const first = await at.store.keys.owners({ limit: 2 });
    expect([first.items.map(({ id, limits }) => [id, limits]), first.hasMore]).toEqual([
      [
        ['a', {}],
        ['b', { queued: 1 }],
      ],
      true,
    ]);
    const rest = await at.store.keys.owners({ limit: 2, after: 'b' as OwnerId });
    expect([rest.items.map(({ id }) => id), rest.hasMore]).toEqual([['c'], false]);
    expect(await at.store.keys.setLimits('b' as OwnerId, {})).toBe(true);
    expect((await at.store.keys.owner('b' as OwnerId))?.limits).toEqual({});
  });

  it('finds a key by its hash, and only so', async () => {
    await at.store.keys.add(apiKey(1));
    await at.store.keys.add(apiKey(2));
    expect(await at.store.keys.byHash('hash-2')).toStrictEqual(apiKey(2));
    expect(await at.store.keys.byHash('HASH-2')).toBeUndefined();
    expect(await at.store.keys.byHash('hash-_')).toBeUndefined();
  });

  it('refuses a second key of the same hash', async () => {
    await at.store.keys.add(apiKey(1));
    await expect(at.store.keys.add({ ...apiKey(2), hash: 'hash-1' })).rejects.toThrow();
    expect((await at.store.keys.byHash('hash-1'))?.id).toBe(keyId(1));
  });

  it('lists keys by creation, of one owner or of all', async () => {
    for (const key of [apiKey(3), apiKey(1), apiKey(2, BOB)]) await at.store.keys.add(key);
    expect(await at.store.keys.list()).toStrictEqual([apiKey(1), apiKey(2, BOB), apiKey(3)]);
    expect(await at.store.keys.list(ALICE)).toStrictEqual([apiKey(1), apiKey(3)]);
    expect(await at.store.keys.list('nobody' as OwnerId)).toEqual([]);
  });

  it('revokes once', async () => {
    await at.store.keys.add(apiKey(1));
    expect(await at.store.keys.revoke(keyId(1), NOW + 5)).toBe(true);
    expect(await at.store.keys.revoke(keyId(1), NOW + 6)).toBe(false);
    expect(await at.store.keys.revoke(keyId(9), NOW + 6)).toBe(false);
    expect(await at.store.keys.byHash('hash-1')).toStrictEqual({ ...apiKey(1), revokedAt: NOW + 5 });
  });

  it('notes last uses and never goes back', async () => {
    await at.store.keys.add(apiKey(1));
    await at.store.keys.add(apiKey(2));
    await at.store.keys.touch(new Map());
    await at.store.keys.touch(
      new Map([
        [keyId(1), NOW + 9],
        [keyId(2), NOW + 8],
        [keyId(9), NOW + 8],
      ]),
    );
    await at.store.keys.touch(new Map([[keyId(1), NOW + 3]]));
    const uses = (await at.store.keys.list()).map((key) => key.lastUsedAt);
    expect(uses).toEqual([NOW + 9, NOW + 8]);
  });

  it('keeps the first secret of a name, also when many ask at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) => at.store.secrets.ensure('url', `fresh-${n}`, NOW)),
    );
    expect(new Set(answers).size).toBe(1);
    expect(await at.store.secrets.ensure('url', 'later', NOW + 1)).toBe(answers[0]);
    expect(await at.store.secrets.ensure('other', 'its own', NOW + 1)).toBe('its own');
  });

  it('answers a ping until it is closed', async () => {
    await at.store.ping();
    await at.store.close();
    await expect(at.store.ping()).rejects.toThrow();
    await at.store.close();
  });
}
