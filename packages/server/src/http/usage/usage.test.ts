import { describe, expect, it } from 'vitest';
import type { KeyLimits } from '../../domain/api-key.ts';
import type { OwnerId } from '../../domain/id.ts';
import type { OwnerLimits } from '../../domain/owner.ts';
import { ownerList, ownerObject } from '../admin/owner-schema.ts';
import { ASK, bearer, png, type TestApp, testApp } from '../app.fixture.ts';
import { videoObject } from '../dialects/powertokens/objects.ts';
import { quoteObject } from '../dialects/powertokens/quote.ts';
import { errorObject } from '../error-object.ts';
import { usageList } from './schema.ts';

const FLASH = 'wan2.2-kf2v-flash';
const PRICES = { currency: 'USD', perSecond: { [FLASH]: { '720P': 20_000 } } };
/** The tests begin on this day. */
const DAY = '2027-01-15';
const DAY_MS = 86_400_000;

async function call(test: TestApp, method: 'GET' | 'POST', url: string, payload?: object, key = test.alice) {
  const answer = await test.app.inject({ method, url, headers: bearer(key), ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>(), headers: answer.headers };
}
const make = async (test: TestApp, key?: string, ask: object = ASK) =>
  videoObject.parse((await call(test, 'POST', '/v1/videos', ask, key)).body);
const usage = async (test: TestApp, query = '', key?: string) =>
  usageList.parse((await call(test, 'GET', `/v1/usage${query}`, undefined, key)).body);
const limitOwner = (test: TestApp, limits: OwnerLimits) => test.store.keys.setLimits('alice' as OwnerId, limits);
const codeOf = (body: unknown) => errorObject.parse(body).error.code;

describe('what a video costs', () => {
  it('is reserved, then settled, and told in its metadata', async () => {
    await using test = await testApp({}, { prices: PRICES });
    const video = await make(test);
    expect(video.metadata.cost).toEqual({ currency: 'USD', amount: '0.1', state: 'reserved' });
    await test.worker.succeed(video.id);
    const done = await call(test, 'GET', `/v1/videos/${video.id}`);
    expect(videoObject.parse(done.body).metadata.cost).toMatchObject({ amount: '0.1', state: 'settled' });
    const failed = await make(test);
    await test.worker.fail(failed.id);
    const { body } = await call(test, 'GET', `/v1/videos/${failed.id}`);
    expect(videoObject.parse(body).metadata.cost).toMatchObject({ state: 'released' });
  });

  it('is told with the model', async () => {
    await using test = await testApp({}, { prices: PRICES });
    const { data } = (await call(test, 'GET', '/v1/models')).body as { data: { id: string; price: unknown }[] };
    expect(data.map(({ id, price }) => [id, price])).toEqual([
      [FLASH, { currency: 'USD', per_second: { '720P': '0.02' } }],
      ['wan2.1-kf2v-plus', null],
    ]);
  });

  it('is null where nothing has a price', async () => {
    await using test = await testApp();
    expect((await make(test)).metadata.cost).toBeNull();
    await using priced = await testApp({}, { prices: PRICES });
    expect((await make(priced, undefined, { ...ASK, size: '480P' })).metadata.cost).toBeNull();
  });
});

describe('a budget', () => {
  it('answers 402 with what is used, when it begins anew, and who can raise it; another month is open again', async () => {
    await using test = await testApp({}, { prices: PRICES });
    await limitOwner(test, { monthlyMicroUnits: 250_000 });
    test.advance(5_000);
    await make(test);
    const second = await make(test);
    const { status, body } = await call(test, 'POST', '/v1/videos', ASK);
    expect([status, codeOf(body)]).toEqual([402, 'insufficient_balance']);
    expect(errorObject.parse(body).error.message).toBe(
      'The budget of this project for 2027-01 is 0.25 USD: 0.2 are used or reserved, and this video needs 0.1. Nothing was stored. The budget begins anew on 2027-02-01 (UTC); the operator of this server can raise it.',
    );
    await call(test, 'POST', `/v1/videos/${second.id}/cancel`);
    expect((await call(test, 'POST', '/v1/videos', ASK)).status).toBe(200);
    expect((await call(test, 'POST', '/v1/videos', ASK)).status).toBe(402);
    test.advance(17 * DAY_MS);
    expect((await call(test, 'POST', '/v1/videos', ASK)).status).toBe(200);
  });

  it('in seconds needs no price, and of a key counts what is asked for with it', async () => {
    await using test = await testApp();
    const limits: KeyLimits = { monthlySeconds: 5 };
    const key = await test.keyOf('alice', undefined, limits);
    await make(test, key);
    const refused = await call(test, 'POST', '/v1/videos', ASK, key);
    expect([refused.status, codeOf(refused.body)]).toEqual([402, 'insufficient_balance']);
    expect(errorObject.parse(refused.body).error.message).toContain('this API key for 2027-01 is 5 seconds of video');
    await make(test);
  });

  it('holds in every dialect', async () => {
    await using test = await testApp();
    await limitOwner(test, { monthlySeconds: 4 });
    test.advance(5_000);
    const openai = { prompt: 'p', model: FLASH, images: ['sample_first', 'sample_last'] };
    expect((await call(test, 'POST', '/openai/v1/videos', openai)).status).toBe(402);
  });
});

describe('a bound on what waits', () => {
  it('answers 429 with a time to come back', async () => {
    await using test = await testApp();
    await limitOwner(test, { queued: 1 });
    test.advance(5_000);
    const { id } = await make(test);
    const { status, body, headers } = await call(test, 'POST', '/v1/videos', ASK);
    expect([status, codeOf(body)]).toEqual([429, 'too_many_queued']);
    expect(Number(headers['retry-after'])).toBeGreaterThan(0);
    expect((await call(test, 'POST', '/v1/videos', ASK, test.bob)).status).toBe(200);
    await test.worker.run(id);
    expect((await call(test, 'POST', '/v1/videos', ASK)).status).toBe(200);
  });
});

describe('usage', () => {
  it('is told by day, key and model, to its owner', async () => {
    await using test = await testApp({}, { prices: PRICES });
    const { id } = await make(test);
    await test.worker.succeed(id);
    await test.worker.fail((await make(test)).id);
    const held = await make(test);
    const key = (await test.store.keys.list('alice' as OwnerId))[0]?.id ?? '';
    const found = await usage(test, '?group_by=day,key,model');
    expect(found).toMatchObject({ owner: 'alice', from: '2027-01-01', to: DAY, currency: 'USD', has_more: false });
    expect(found.data).toEqual([
      {
        id: `${DAY}|${key}|${FLASH}`,
        object: 'usage',
        day: DAY,
        api_key: key,
        model: FLASH,
        succeeded: 1,
        failed: 1,
        cancelled: 0,
        seconds: 5,
        cost: '0.1',
        upstream_cost: '0',
      },
    ]);
    expect(found.budget).toEqual({
      month: '2027-01',
      seconds: { limit: null, reserved: 5, settled: 5 },
      cost: { limit: null, reserved: '0.1', settled: '0.1' },
    });
    expect(held.status).toBe('pending');
    expect((await usage(test, '?group_by=none')).data).toMatchObject([{ day: null, api_key: null, model: null }]);
    expect((await usage(test, `?api_key=${key}`)).data).toHaveLength(1);
    expect((await usage(test, '?api_key=none')).data).toEqual([]);
    expect((await usage(test, '', test.bob)).data).toEqual([]);
  });

  it('is paged', async () => {
    await using test = await testApp();
    for (let day = 0; day < 3; day += 1) {
      await test.worker.succeed((await make(test)).id);
      test.advance(DAY_MS);
    }
    const first = await usage(test, '?limit=2');
    expect([first.data.map(({ day }) => day), first.has_more]).toEqual([['2027-01-17', '2027-01-16'], true]);
    const rest = await usage(test, `?limit=2&after=${encodeURIComponent(first.last_id ?? '')}`);
    expect([rest.data.map(({ day }) => day), rest.has_more]).toEqual([[DAY], false]);
  });

  it('of another owner is for operators, and what peers charge too', async () => {
    await using test = await testApp();
    await test.worker.succeed((await make(test)).id);
    const reader = await test.keyOf('bob', ['videos:read']);
    const refused = await call(test, 'GET', '/v1/usage?owner=alice', undefined, reader);
    expect([refused.status, codeOf(refused.body)]).toEqual([403, 'insufficient_scope']);
    expect((await usage(test, '?owner=alice', test.bob)).data).toHaveLength(1);
    expect((await usage(test, '', await test.keyOf('alice', ['videos:read']))).data[0]?.upstream_cost).toBeNull();
    expect((await call(test, 'GET', '/v1/usage?owner=nobody')).status).toBe(404);
    expect((await call(test, 'GET', "/v1/usage?owner='%20or%201=1")).status).toBe(404);
  });

  it.each([
    ['from=2026-02-30', 'from'],
    ['from=yesterday', 'from'],
    ['from=2027-01-10&to=2027-01-09', 'from'],
    ['from=2025-01-01', 'from'],
    ['group_by=colour', 'group_by'],
    ['group_by=day&group_by=key', 'group_by'],
    ['limit=0', 'limit'],
    ['limit=1001', 'limit'],
    ['after=x', 'after'],
    ['colour=red', 'colour'],
  ])('refuses %s and names %s', async (query, param) => {
    await using test = await testApp();
    const { status, body } = await call(test, 'GET', `/v1/usage?${query}`);
    expect([status, errorObject.parse(body).error.param]).toEqual([400, param]);
  });
});

describe('owners over HTTP', () => {
  it('are made, listed, shown and limited, and each act is in the audit log', async () => {
    await using test = await testApp();
    const made = await call(test, 'POST', '/v1/admin/owners', { id: 'shop', running: 2, monthly_cost: 12.5 });
    expect(ownerObject.parse(made.body)).toMatchObject({ id: 'shop', running: 2, queued: null, monthly_cost: '12.5' });
    const again = await call(test, 'POST', '/v1/admin/owners', { id: 'shop' });
    expect([again.status, codeOf(again.body)]).toEqual([409, 'already_exists']);
    const changed = await call(test, 'POST', '/v1/admin/owners/shop', {
      running: null,
      queued: 7,
      monthly_seconds: 60,
    });
    expect(ownerObject.parse(changed.body)).toMatchObject({
      running: null,
      queued: 7,
      monthly_seconds: 60,
      monthly_cost: '12.5',
      budget: { month: '2027-01', seconds: { limit: 60, reserved: 0, settled: 0 } },
    });
    expect(ownerObject.parse((await call(test, 'GET', '/v1/admin/owners/shop')).body).queued).toBe(7);
    const { data, last_id } = ownerList.parse((await call(test, 'GET', '/v1/admin/owners?limit=2')).body);
    expect([data.map(({ id }) => id), last_id]).toEqual([['alice', 'bob'], 'bob']);
    const rest = ownerList.parse((await call(test, 'GET', '/v1/admin/owners?limit=2&after=bob')).body);
    expect([rest.data.map(({ id }) => id), rest.has_more]).toEqual([['shop'], false]);
    const { items } = await test.store.audit.list({ limit: 10 });
    expect(items.map(({ action, subject }) => `${action} ${subject}`).toSorted()).toEqual([
      'owner.created shop',
      'owner.limited shop',
      'owners.listed ',
      'owners.listed ',
      'owners.listed shop',
    ]);
    expect(items.find(({ action }) => action === 'owner.limited')?.detail).toEqual({
      before: { running: 2, monthlyMicroUnits: 12_500_000 },
      after: { queued: 7, monthlySeconds: 60, monthlyMicroUnits: 12_500_000 },
    });
  });

  it.each([
    [{ running: -1 }, 'running'],
    [{ running: 1.5 }, 'running'],
    [{ queued: '7' }, 'queued'],
    [{ monthly_cost: '1.0000001' }, 'monthly_cost'],
    [{ monthly_cost: -1 }, 'monthly_cost'],
    [{ scopes: [] }, 'scopes'],
  ])('refuse %j and name %s', async (limits, param) => {
    await using test = await testApp();
    const { status, body } = await call(test, 'POST', '/v1/admin/owners/alice', limits);
    expect([status, errorObject.parse(body).error.param]).toEqual([400, param]);
    expect((await test.store.keys.owner('alice' as OwnerId))?.limits).toEqual({});
  });

  it('that are not there are 404, and their names are held to a shape', async () => {
    await using test = await testApp();
    for (const name of ['nobody', '..%2f..%2fetc', "'%20or%201=1"])
      expect((await call(test, 'POST', `/v1/admin/owners/${name}`, { running: 1 })).status).toBe(404);
    expect((await call(test, 'POST', '/v1/admin/owners', { id: 'A b' })).status).toBe(400);
  });

  it('are narrowed by their keys, never widened', async () => {
    await using test = await testApp();
    await limitOwner(test, { monthlySeconds: 60 });
    const key = (limits: object) => call(test, 'POST', '/v1/admin/keys', { owner: 'alice', ...limits });
    expect((await key({ monthly_seconds: 61 })).status).toBe(400);
    expect((await key({ monthly_seconds: 60, monthly_cost: '1' })).body).toMatchObject({
      monthly_seconds: 60,
      monthly_cost: '1',
    });
    expect((await key({ monthly_cost: 'much' })).status).toBe(400);
  });
});

describe('a dry run', () => {
  const dry = (test: TestApp, ask: object = ASK, headers: object = {}, key = test.alice) =>
    test.app.inject({
      method: 'POST',
      url: '/v1/videos?dry_run=true',
      headers: { ...bearer(key), ...headers },
      payload: ask,
    });

  it('says what the video would be and cost, and keeps nothing', async () => {
    await using test = await testApp({}, { prices: PRICES });
    const answer = await dry(test, { ...ASK, seed: 3, fps: 1 }, { 'idempotency-key': 'k' });
    expect(answer.statusCode).toBe(200);
    const quote = quoteObject.parse(answer.json());
    expect(quote).toMatchObject({
      model: FLASH,
      size: '720P',
      width: 1280,
      height: 720,
      seed: 3,
      backend: 'renderer',
      cost: { currency: 'USD', amount: '0.1' },
      frames: [
        { width: 1280, height: 720, cropped: 0 },
        { width: 1280, height: 720, cropped: 0 },
      ],
      replays: null,
    });
    expect(quote.warnings.map(({ code }) => code)).toEqual(['unknown_field', 'built_in_renderer', 'identical_frames']);
    expect((await call(test, 'GET', '/v1/videos')).body).toMatchObject({ data: [] });
    for await (const { key } of test.artifacts.list('')) throw new Error(`${key} was left`);
    expect(await test.store.videos.findByKey('alice' as OwnerId, 'k')).toBeUndefined();
    expect((await usage(test)).budget.cost.reserved).toBe('0');
  });

  it('has the errors of a create', async () => {
    await using test = await testApp({}, { prices: PRICES });
    const code = async (ask: object, headers: object = {}) => {
      const made = await test.app.inject({
        method: 'POST',
        url: '/v1/videos',
        headers: { ...bearer(test.alice), ...headers },
        payload: ask,
      });
      const quoted = await dry(test, ask, headers);
      expect([quoted.statusCode, quoted.json()]).toEqual([made.statusCode, made.json()]);
      return codeOf(quoted.json());
    };
    expect(await code({ ...ASK, model: 'sora' })).toBe('unknown_model');
    expect(await code({ ...ASK, images: ['http://127.0.0.1/a.png', 'sample_last'] })).toBe('url_not_allowed');
    expect(await code({ ...ASK, images: ['nonsense', 'sample_last'] })).toBe('invalid_image');
    expect(await code({ ...ASK, callback_url: 'http://10.0.0.1/' })).toBe('url_not_allowed');
    expect(await code(ASK, { 'idempotency-key': 'ü' })).toBe('invalid_request');
    await limitOwner(test, { monthlyMicroUnits: 1 });
    test.advance(5_000);
    expect(await code(ASK)).toBe('insufficient_balance');
    await limitOwner(test, { queued: 0 });
    test.advance(5_000);
    expect(await code(ASK)).toBe('too_many_queued');
    expect((await call(test, 'POST', '/v1/videos?dry_run=yes', ASK)).status).toBe(400);
  });

  it('of an ask that was made before names its video, and another ask under its key is refused', async () => {
    await using test = await testApp();
    const headers = { 'idempotency-key': 'k' };
    const made = await test.app.inject({
      method: 'POST',
      url: '/v1/videos',
      headers: { ...bearer(test.alice), ...headers },
      payload: ASK,
    });
    const again = quoteObject.parse((await dry(test, ASK, headers)).json());
    expect(again).toMatchObject({ replays: made.json<{ id: string }>().id, cost: null, frames: null });
    expect((await dry(test, { ...ASK, prompt: 'other' }, headers)).statusCode).toBe(422);
  });

  it('fetches the frames, and answers with the fault a video would fail with', async () => {
    const { Fault } = await import('../../domain/fault.ts');
    await using test = await testApp(
      {},
      {
        fetcher: {
          check: () => undefined,
          fetch: async () => {
            throw new Fault('image_unreachable', 'The server at this address answered 404.');
          },
        },
      },
    );
    const answer = await dry(test, { ...ASK, images: ['sample_first', 'https://example.com/b.png'] });
    expect([answer.statusCode, errorObject.parse(answer.json()).error]).toMatchObject([
      400,
      { code: 'image_unreachable', param: 'images[1]' },
    ]);
  });

  it('is made four at once, and a fifth is told to come back', async () => {
    const held: (() => void)[] = [];
    const fetch = () =>
      new Promise<{ bytes: Uint8Array; type: string }>((resolve) =>
        held.push(() => resolve({ bytes: png(1280, 720), type: 'image/png' })),
      );
    await using test = await testApp({}, { fetcher: { check: () => undefined, fetch } });
    const ask = { ...ASK, images: ['https://example.com/a.png', 'sample_last'] };
    const four = Array.from({ length: 4 }, () => dry(test, ask));
    while (held.length < 4) await new Promise(setImmediate);
    const fifth = await dry(test, ask);
    expect([fifth.statusCode, fifth.headers['retry-after']]).toEqual([503, '2']);
    for (const answer of held) answer();
    expect((await Promise.all(four)).map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
    const sixth = dry(test, ask);
    while (held.length < 5) await new Promise(setImmediate);
    held[4]?.();
    expect((await sixth).statusCode).toBe(200);
  });

  it('counts against the creates a minute of its key', async () => {
    await using test = await testApp();
    const key = await test.keyOf('alice', undefined, { createsPerMinute: 1 });
    expect((await dry(test, ASK, {}, key)).statusCode).toBe(200);
    expect((await dry(test, ASK, {}, key)).statusCode).toBe(429);
  });
});
