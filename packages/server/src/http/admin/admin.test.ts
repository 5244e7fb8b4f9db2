import { describe, expect, it } from 'vitest';
import { ASK, bearer, type TestApp, testApp } from '../app.fixture.ts';
import { errorObject } from '../error-object.ts';
import { auditList, keyList, keyObject, revokedKey } from './schema.ts';

async function call(test: TestApp, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object, key = test.alice) {
  const answer = await test.app.inject({ method, url, headers: bearer(key), ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>(), headers: answer.headers };
}

const create = async (test: TestApp, ask: object = {}) =>
  keyObject.parse((await call(test, 'POST', '/v1/admin/keys', { owner: 'team', ...ask })).body);
const list = (test: TestApp, secret: string | undefined) => call(test, 'GET', '/v1/videos', undefined, secret);

describe('keys over HTTP', () => {
  it('are made, used, listed without secrets, and revoked within seconds', async () => {
    await using test = await testApp();
    const made = await create(test, { name: 'ci', scopes: ['videos:read'] });
    expect(made).toMatchObject({ owner: 'team', name: 'ci', scopes: ['videos:read'], models: null, expires_at: null });
    expect((await list(test, made.secret)).status).toBe(200);
    const { data } = keyList.parse((await call(test, 'GET', '/v1/admin/keys?owner=team')).body);
    expect(data).toEqual([{ ...made, secret: undefined }]);
    expect(revokedKey.parse((await call(test, 'DELETE', `/v1/admin/keys/${made.id}`)).body).id).toBe(made.id);
    test.advance(5_000);
    expect((await list(test, made.secret)).status).toBe(401);
    expect((await call(test, 'DELETE', `/v1/admin/keys/${made.id}`)).status).toBe(404);
    expect((await call(test, 'DELETE', `/v1/admin/keys/${encodeURIComponent("' or 1=1")}`)).status).toBe(404);
  });

  it('end when they were to end', async () => {
    await using test = await testApp();
    const made = await create(test, { expires_at: 1_800_000_060 });
    expect((await list(test, made.secret)).status).toBe(200);
    test.advance(60_000);
    expect((await list(test, made.secret)).status).toBe(401);
  });

  it('may be held to models', async () => {
    await using test = await testApp();
    const made = await create(test, { models: ['wan2.1-kf2v-plus'] });
    const ask = (model: string) => call(test, 'POST', '/v1/videos', { ...ASK, model }, made.secret);
    expect((await ask('wan2.1-kf2v-plus')).status).toBe(200);
    const refused = await ask('wan2.2-kf2v-flash');
    expect([refused.status, errorObject.parse(refused.body).error.code]).toEqual([403, 'model_not_allowed']);
  });

  it('may be held to addresses, whatever a header claims', async () => {
    await using test = await testApp();
    const from = async (addresses: string[], remoteAddress: string) => {
      const { secret = '' } = await create(test, { addresses });
      const headers = { ...bearer(secret), 'x-forwarded-for': '10.1.2.3', forwarded: 'for=10.1.2.3' };
      return (await test.app.inject({ url: '/v1/videos', headers, remoteAddress })).statusCode;
    };
    expect(await from(['10.0.0.0/8'], '10.9.9.9')).toBe(200);
    expect(await from(['10.0.0.0/8'], '::ffff:10.9.9.9')).toBe(200);
    expect(await from(['10.0.0.0/8'], '192.0.2.1')).toBe(403);
    expect(await from(['2001:db8::/32', '192.0.2.7'], '2001:db8:1::1')).toBe(200);
    expect(await from(['2001:db8::/32', '192.0.2.7'], '192.0.2.7')).toBe(200);
    expect(await from(['2001:db8::/32', '192.0.2.7'], '192.0.2.8')).toBe(403);
    expect(await from([], '10.1.2.3')).toBe(403);
  });

  it('may be held to requests a minute, and say so in headers', async () => {
    await using test = await testApp();
    const { secret } = await create(test, { requests_per_minute: 2 });
    const first = await list(test, secret);
    expect(first.headers).toMatchObject({
      ratelimit: '"requests";r=1;t=30',
      'ratelimit-policy': '"requests";q=2;w=60',
      'x-ratelimit-remaining-requests': '1',
    });
    await list(test, secret);
    const third = await list(test, secret);
    expect([third.status, errorObject.parse(third.body).error.code]).toEqual([429, 'rate_limited']);
    expect(third.headers['retry-after']).toBe('30');
    expect((await list(test, test.alice)).headers['ratelimit']).toBeUndefined();
    test.advance(30_000);
    expect((await list(test, secret)).status).toBe(200);
  });

  it('may be held to creates a minute', async () => {
    await using test = await testApp();
    const { secret } = await create(test, { creates_per_minute: 1 });
    const ask = () => call(test, 'POST', '/v1/videos', ASK, secret);
    const first = await ask();
    expect(first.status).toBe(200);
    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"creates";q=1;w=60',
      ratelimit: '"creates";r=0;t=60',
      'x-ratelimit-limit-creates': '1',
    });
    const second = await ask();
    expect([second.status, second.headers['ratelimit']]).toEqual([429, '"creates";r=0;t=60']);
    expect((await list(test, secret)).status).toBe(200);
    test.advance(60_000);
    expect((await ask()).status).toBe(200);
  });

  it('may be held to both, told in one list', async () => {
    await using test = await testApp();
    const { secret } = await create(test, { creates_per_minute: 3, requests_per_minute: 6 });
    const { headers } = await call(test, 'POST', '/v1/videos', ASK, secret);
    expect(headers['ratelimit-policy']).toBe('"requests";q=6;w=60, "creates";q=3;w=60');
    expect(headers['ratelimit']).toBe('"requests";r=5;t=10, "creates";r=2;t=20');
    expect((await list(test, secret)).headers['ratelimit']).toBe('"requests";r=4;t=20');
  });

  it.each([
    [{ owner: undefined }, 'owner'],
    [{ owner: 'No Name' }, 'owner'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'a\u0000b' }, 'name'],
    [{ scopes: ['everything'] }, 'scopes'],
    [{ scopes: [] }, 'scopes'],
    [{ models: ['sora'] }, 'models'],
    [{ addresses: ['10.0.0.0/33'] }, 'addresses'],
    [{ addresses: ['somewhere'] }, 'addresses'],
    [{ addresses: ['10.0.0.1/8/9'] }, 'addresses'],
    [{ requests_per_minute: 0 }, 'requests_per_minute'],
    [{ creates_per_minute: 1.5 }, 'creates_per_minute'],
    [{ expires_at: 1 }, 'expires_at'],
    [{ secret: 'mine' }, 'secret'],
    [{ hash: 'x' }, 'hash'],
  ])('refuse %j', async (ask, param) => {
    await using test = await testApp();
    const { status, body } = await call(test, 'POST', '/v1/admin/keys', { owner: 'team', ...ask });
    expect([status, errorObject.parse(body).error.param]).toEqual([400, param]);
  });
});

describe('the audit log', () => {
  it('tells who did what, without secrets, and has its own reading in it', async () => {
    await using test = await testApp();
    const made = await create(test, { name: 'ci' });
    test.advance(1);
    await call(test, 'DELETE', `/v1/admin/keys/${made.id}`);
    test.advance(1);
    await call(test, 'GET', '/v1/admin/keys');
    test.advance(1);
    const first = auditList.parse((await call(test, 'GET', '/v1/admin/audit')).body);
    expect(first.data.map(({ action, subject }) => [action, subject])).toEqual([
      ['keys.listed', ''],
      ['key.revoked', made.id],
      ['key.created', made.id],
    ]);
    const [alice] = await test.store.keys.list('alice' as never);
    expect(first.data[1]).toMatchObject({
      actor: alice?.id,
      address: '127.0.0.1',
      request: expect.stringMatching(/^req_/),
    });
    expect(JSON.stringify(first)).not.toContain(made.secret);
    test.advance(1);
    const again = auditList.parse((await call(test, 'GET', '/v1/admin/audit?limit=1')).body);
    expect(again.data[0]?.action).toBe('audit.listed');
    expect(again.has_more).toBe(true);
    const next = auditList.parse((await call(test, 'GET', `/v1/admin/audit?limit=1&after=${again.data[0]?.id}`)).body);
    expect(next.data[0]?.action).toBe('keys.listed');
  });

  it('is for operators alone', async () => {
    await using test = await testApp();
    const reader = await test.keyOf('alice', ['videos:read', 'videos:create', 'videos:delete']);
    for (const url of ['/v1/admin/audit', '/v1/admin/keys', '/v1/admin/owners', '/v1/admin/owners/alice']) {
      expect((await call(test, 'GET', url, undefined, reader)).status).toBe(403);
    }
  });
});
