import { describe, expect, it } from 'vitest';
import { createFakeClock } from '../../../../test/support/clock.ts';
import { createFakeIds } from '../../../../test/support/fakes.ts';
import { createMemoryStore } from '../adapters/stores/memory/store.ts';
import { SCOPES } from '../domain/api-key.ts';
import { DEFAULT_OWNER, type OwnerId } from '../domain/id.ts';
import { createKeys } from './keys.ts';

const TEAM = 'team' as OwnerId;

function opened(fixedKey?: string) {
  const clock = createFakeClock();
  const { keys: store } = createMemoryStore();
  const ids = createFakeIds();
  let asked = 0;
  const counting: typeof store = {
    ...store,
    byHash: (hash) => {
      asked += 1;
      return store.byHash(hash);
    },
  };
  const open = () => createKeys({ store: counting, clock, ids, fixedKey });
  return { clock, store: counting, keys: open(), another: open(), asked: () => asked };
}

const wrong = { code: 'invalid_api_key', kind: 'unauthenticated' };

describe('a key', () => {
  it('is told once, kept as a hash, and opens what its owner has', async () => {
    const { keys, store } = opened();
    const { key, secret } = await keys.create({ owner: TEAM, name: 'ci', scopes: ['videos:read'] });
    expect(await keys.authenticate(secret)).toEqual({ owner: TEAM, apiKey: key.id, scopes: ['videos:read'] });
    expect(JSON.stringify(await store.list())).not.toContain(secret);
    expect(key.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(secret.startsWith(key.prefix)).toBe(true);
    expect((await store.owner(TEAM))?.id).toBe(TEAM);
    expect((await keys.create({ owner: TEAM, name: 'all' })).key.scopes).toEqual(SCOPES);
    expect(await keys.list(TEAM)).toHaveLength(2);
    expect(await keys.list(DEFAULT_OWNER)).toEqual([]);
  });

  it('that is unknown, revoked or expired is one and the same answer', async () => {
    const { keys, clock, store } = opened();
    const { key, secret } = await keys.create({ owner: TEAM, name: 'a' });
    await keys.revoke(key.id);
    const brief = await keys.create({ owner: TEAM, name: 'b' });
    const replaced = {
      ...brief.key,
      id: 'key_x' as typeof key.id,
      hash: 'a'.repeat(64),
      expiresAt: clock.now() + 1_000,
    };
    await store.add(replaced);
    const byHash = store.byHash;
    store.byHash = async (hash) => (hash === brief.key.hash ? replaced : byHash(hash));
    expect((await keys.authenticate(brief.secret)).apiKey).toBe(replaced.id);
    await clock.advance(1_000);
    const answers = [secret, brief.secret, 'nonsense', ''].map((text) =>
      keys.authenticate(text).catch((error: unknown) => error),
    );
    const [first, ...others] = await Promise.all(answers);
    expect(first).toMatchObject(wrong);
    for (const other of others) expect(other).toEqual(first);
  });

  it('that is revoked stops at once here and within three seconds elsewhere', async () => {
    const { keys, another, clock } = opened();
    const { key, secret } = await keys.create({ owner: TEAM, name: 'a' });
    await keys.authenticate(secret);
    await another.authenticate(secret);
    expect(await keys.revoke(key.id)).toBe(true);
    expect(await keys.revoke(key.id)).toBe(false);
    await expect(keys.authenticate(secret)).rejects.toMatchObject(wrong);
    await clock.advance(3_000);
    await expect(another.authenticate(secret)).rejects.toMatchObject(wrong);
  });

  it('is believed for a moment, so that the store is not asked for every request', async () => {
    const { keys, clock, asked } = opened();
    const { secret } = await keys.create({ owner: TEAM, name: 'a' });
    for (let count = 0; count < 50; count += 1) await keys.authenticate(secret);
    expect(asked()).toBe(1);
    await clock.advance(3_000);
    await keys.authenticate(secret);
    expect(asked()).toBe(2);
  });

  it('that is unknown is never believed', async () => {
    const { keys, asked } = opened();
    for (let count = 0; count < 3; count += 1) await expect(keys.authenticate('wrong')).rejects.toMatchObject(wrong);
    expect(asked()).toBe(3);
  });

  it('is noted with its last use, once for many', async () => {
    const { keys, store, clock } = opened();
    const { key, secret } = await keys.create({ owner: TEAM, name: 'a' });
    let touches = 0;
    const { touch } = store;
    store.touch = (uses) => {
      touches += 1;
      return touch(uses);
    };
    await keys.flushUses();
    expect(touches).toBe(0);
    await keys.authenticate(secret);
    await clock.advance(500);
    await keys.authenticate(secret);
    expect((await keys.list())[0]?.lastUsedAt).toBeNull();
    await keys.flushUses();
    await keys.flushUses();
    expect(touches).toBe(1);
    expect((await keys.list())[0]).toMatchObject({ id: key.id, lastUsedAt: clock.now() });
  });

  it('has its use noted later when the store does not answer now', async () => {
    const { keys, store, clock } = opened();
    const { secret } = await keys.create({ owner: TEAM, name: 'a' });
    await keys.authenticate(secret);
    const { touch } = store;
    store.touch = () => Promise.reject(new Error('connection refused'));
    await expect(keys.flushUses()).rejects.toThrow('connection refused');
    store.touch = touch;
    await keys.flushUses();
    expect((await keys.list())[0]?.lastUsedAt).toBe(clock.now());
  });
});

describe('the fixed key of the operator', () => {
  it('opens everything of the default owner without the store', async () => {
    const { keys, asked } = opened('from the environment');
    expect(await keys.authenticate('from the environment')).toEqual({
      owner: DEFAULT_OWNER,
      apiKey: null,
      scopes: SCOPES,
    });
    expect(asked()).toBe(0);
    await keys.flushUses();
  });

  it('is compared as a whole', async () => {
    const { keys } = opened('secret');
    for (const text of ['', 'secre', 'secret ', 'SECRET', 'secretsecret']) {
      await expect(keys.authenticate(text)).rejects.toMatchObject(wrong);
    }
  });

  it('is nothing when none is set', async () => {
    const { keys } = opened();
    await expect(keys.authenticate('undefined')).rejects.toMatchObject(wrong);
    await expect(keys.authenticate('')).rejects.toMatchObject(wrong);
  });
});

describe("an owner's limits", () => {
  it('come with its keys, and act within seconds on every process', async () => {
    const { keys, another, clock, store } = opened();
    const { secret } = await keys.create({ owner: TEAM, name: 'a' });
    expect((await keys.authenticate(secret)).ownerLimits).toBeUndefined();
    expect((await another.authenticate(secret)).ownerLimits).toBeUndefined();
    await store.setLimits(TEAM, { queued: 3 });
    await clock.advance(3_000);
    for (const one of [keys, another]) expect((await one.authenticate(secret)).ownerLimits).toEqual({ queued: 3 });
  });

  it('hold the key of the environment too, which opens while the store does not answer', async () => {
    const { keys, clock, store } = opened('the key of the operator');
    expect(await keys.authenticate('the key of the operator')).toEqual({
      owner: DEFAULT_OWNER,
      apiKey: null,
      scopes: SCOPES,
    });
    await store.addOwner({ id: DEFAULT_OWNER, createdAt: 0, limits: { monthlySeconds: 5 } });
    await clock.advance(3_000);
    expect((await keys.authenticate('the key of the operator')).ownerLimits).toEqual({ monthlySeconds: 5 });
    expect(keys.recall('the key of the operator')?.ownerLimits).toEqual({ monthlySeconds: 5 });
    store.owner = async () => {
      throw new Error('away');
    };
    await clock.advance(3_000);
    expect((await keys.authenticate('the key of the operator')).ownerLimits).toEqual({ monthlySeconds: 5 });
  });

  it('are never widened by a key', async () => {
    const { keys, store } = opened();
    await store.addOwner({ id: TEAM, createdAt: 0, limits: { monthlyMicroUnits: 100 } });
    const wish = (monthlyMicroUnits: number) => keys.create({ owner: TEAM, name: 'a', limits: { monthlyMicroUnits } });
    await expect(wish(101)).rejects.toMatchObject({ code: 'invalid_request' });
    expect((await wish(100)).key.limits).toEqual({ monthlyMicroUnits: 100 });
  });
});
