import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { presenting } from '../../compose/webhooks.ts';
import type { VideoId } from '../../domain/id.ts';
import { ASK, bearer, type TestApp, testApp } from '../app.fixture.ts';
import { videoObject } from '../dialects/powertokens/objects.ts';
import { surroundings } from '../dialects/powertokens/surroundings.ts';
import { errorObject } from '../error-object.ts';
import { deletedEndpoint, deliveryList, endpointList, endpointObject, testOutcome } from './schema.ts';

const HOOK = 'https://example.com/hooks';

async function call(test: TestApp, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object, key = test.alice) {
  const answer = await test.app.inject({ method, url, headers: bearer(key), ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
}

const create = async (test: TestApp, ask: object = {}) => {
  const { body } = await call(test, 'POST', '/v1/webhook_endpoints', { url: HOOK, ...ask });
  return endpointObject.parse(body);
};

describe('webhook endpoints', () => {
  it('are made with a secret that is shown once', async () => {
    await using test = await testApp();
    const made = await create(test, { description: 'mine' });
    expect(made).toMatchObject({ kind: 'registered', url: HOOK, enabled: true, description: 'mine', only_key: null });
    expect(made.events).toEqual(['video.succeeded', 'video.failed', 'video.cancelled']);
    expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    const found = await call(test, 'GET', `/v1/webhook_endpoints/${made.id}`);
    expect(found.body).toEqual({ ...made, secret: undefined });
    const listed = endpointList.parse((await call(test, 'GET', '/v1/webhook_endpoints')).body);
    expect(JSON.stringify(listed)).not.toContain('whsec_');
  });

  it('are changed, disabled, enabled and deleted', async () => {
    await using test = await testApp();
    const { id } = await create(test);
    const change = (payload: object) => call(test, 'POST', `/v1/webhook_endpoints/${id}`, payload);
    expect((await change({ events: ['video.deleted', 'video.running'] })).body).toMatchObject({
      events: ['video.running', 'video.deleted'],
    });
    expect((await change({ enabled: false })).body).toMatchObject({ enabled: false });
    expect((await change({ enabled: true, url: `${HOOK}/2` })).body).toMatchObject({ enabled: true, url: `${HOOK}/2` });
    const gone = await call(test, 'DELETE', `/v1/webhook_endpoints/${id}`);
    expect(deletedEndpoint.parse(gone.body).id).toBe(id);
    expect((await change({})).status).toBe(404);
  });

  it('rotate their secret with an overlap', async () => {
    await using test = await testApp();
    const made = await create(test);
    const rotated = await call(test, 'POST', `/v1/webhook_endpoints/${made.id}/rotate_secret`, { overlap_hours: 1 });
    const fresh = endpointObject.parse(rotated.body).secret ?? '';
    expect(fresh).not.toBe(made.secret);
    await call(test, 'POST', `/v1/webhook_endpoints/${made.id}/test`);
    const signatures = () => test.sent.at(-1)?.post.headers['webhook-signature']?.split(' ') ?? [];
    expect(signatures()).toHaveLength(2);
    test.advance(3_600_000);
    await call(test, 'POST', `/v1/webhook_endpoints/${made.id}/test`);
    expect(signatures()).toHaveLength(1);
    const without = await test.app.inject({
      method: 'POST',
      url: `/v1/webhook_endpoints/${made.id}/rotate_secret`,
      headers: bearer(test.alice),
    });
    expect(without.statusCode).toBe(200);
  });

  it('are tested by one signed event', async () => {
    await using test = await testApp();
    const made = await create(test);
    const { body } = await call(test, 'POST', `/v1/webhook_endpoints/${made.id}/test`);
    expect(testOutcome.parse(body)).toMatchObject({ delivered: true, status: 200, problem: null });
    const [sent] = test.sent;
    expect(sent?.url).toBe(HOOK);
    const { 'webhook-id': id = '', 'webhook-timestamp': at, 'webhook-signature': signature } = sent?.post.headers ?? {};
    const text = sent?.post.body ?? '';
    expect(JSON.parse(text)).toMatchObject({ type: 'webhook.test', data: { endpoint: made.id } });
    expect(new Webhook(made.secret ?? '').sign(id, new Date(Number(at) * 1000), text)).toBe(signature);
  });

  it.each([
    [{}, 'missing_field', 'url'],
    [{ url: 7 }, 'invalid_request', 'url'],
    [{ url: 'http://127.0.0.1/' }, 'url_not_allowed', 'url'],
    [{ url: 'http://169.254.169.254/latest' }, 'url_not_allowed', 'url'],
    [{ url: 'gopher://example.com/' }, 'url_not_allowed', 'url'],
    [{ url: 'https://user:pass@example.com/' }, 'url_not_allowed', 'url'],
    [{ url: `https://example.com/${'x'.repeat(2_000)}` }, 'invalid_request', 'url'],
    [{ url: HOOK, events: [] }, 'invalid_request', 'events'],
    [{ url: HOOK, events: ['video.progress'] }, 'invalid_request', 'events'],
    [{ url: HOOK, events: 'video.failed' }, 'invalid_request', 'events'],
    [{ url: HOOK, description: 'x'.repeat(257) }, 'invalid_request', 'description'],
    [{ url: HOOK, secret: '' }, 'invalid_request', 'secret'],
    [{ url: HOOK, owner: 'bob' }, 'invalid_request', 'owner'],
  ])('refuse %j', async (ask, code, param) => {
    await using test = await testApp();
    const { status, body } = await call(test, 'POST', '/v1/webhook_endpoints', ask);
    const { error } = errorObject.parse(body);
    expect([status, error.code, error.param]).toEqual([400, code, param]);
    expect((await call(test, 'GET', '/v1/webhook_endpoints')).body).toMatchObject({ data: [] });
  });

  it('are bounded in number', async () => {
    await using test = await testApp();
    for (let n = 0; n < 100; n += 1) await create(test);
    const { status, body } = await call(test, 'POST', '/v1/webhook_endpoints', { url: HOOK });
    expect([status, errorObject.parse(body).error.code]).toEqual([409, 'limit_reached']);
  });

  it('are their owner’s alone: what is not there and what is not yours is one answer', async () => {
    await using test = await testApp();
    const { id } = await create(test);
    const video = await cancelled(test);
    const delivery = `${video}:2:${id}`;
    const asks = [
      ['GET', '/v1/webhook_endpoints/ID'],
      ['POST', '/v1/webhook_endpoints/ID'],
      ['DELETE', '/v1/webhook_endpoints/ID'],
      ['POST', '/v1/webhook_endpoints/ID/rotate_secret'],
      ['POST', '/v1/webhook_endpoints/ID/test'],
      ['GET', '/v1/webhook_endpoints/ID/deliveries'],
      ['POST', '/v1/webhook_deliveries/ID/replay'],
    ] as const;
    for (const [method, path] of asks) {
      const own = path.includes('deliveries/ID') ? delivery : id;
      const answers: string[] = [];
      for (const [name, key] of [
        [own, test.bob],
        [own.replace(/.$/, (last) => (last === '0' ? '1' : '0')).replace(/video_./, 'video_9'), test.alice],
        ["' or 1=1 --", test.alice],
        ['../../etc/passwd', test.alice],
        ['%', test.alice],
      ] as const) {
        const url = path.replace('ID', encodeURIComponent(name));
        const payload = method === 'POST' ? {} : undefined;
        const { status, body } = await call(test, method, url, payload, key);
        expect(status, `${method} ${url}`).toBe(404);
        answers.push(JSON.stringify(body).replace(JSON.stringify(name).slice(1, -1), 'ID'));
      }
      expect(new Set(answers).size, path).toBe(1);
    }
    expect((await call(test, 'GET', '/v1/webhook_endpoints', undefined, test.bob)).body).toMatchObject({ data: [] });
  });
});

async function cancelled(test: TestApp, ask: object = {}): Promise<string> {
  const { body } = await call(test, 'POST', '/v1/videos', { ...ASK, ...ask });
  await call(test, 'POST', `/v1/videos/${body['id']}/cancel`);
  return String(body['id']);
}

describe('deliveries', () => {
  it('are listed for an endpoint and sent again when asked', async () => {
    await using test = await testApp();
    const { id } = await create(test);
    const video = await cancelled(test);
    const path = `/v1/webhook_endpoints/${id}/deliveries`;
    const { data } = deliveryList.parse((await call(test, 'GET', path)).body);
    expect(data).toMatchObject([{ webhook_id: `${video}:2`, type: 'video.cancelled', state: 'waiting', tries: [] }]);
    const [known] = (await test.store.webhooks.list('alice' as never, { limit: 1 })).items;
    if (known === undefined) throw new Error('nothing was owed');
    await test.store.webhooks.swap(known, { ...known, state: 'failed', dueAt: null });
    const replay = `/v1/webhook_deliveries/${known.id}/replay`;
    expect((await call(test, 'POST', replay)).body).toMatchObject({ state: 'waiting' });
    expect((await call(test, 'GET', `${path}?state=failed`)).body).toMatchObject({ data: [] });
    await test.store.webhooks.swap(
      { ...known, dueAt: test.parts.clock.now() },
      { ...known, state: 'failed', dueAt: null },
    );
    await call(test, 'POST', `/v1/webhook_endpoints/${id}`, { enabled: false });
    expect((await call(test, 'POST', replay)).status).toBe(409);
  });

  it.each(['limit=0', 'limit=1&limit=2', 'after=nonsense', 'state=lost', 'owner=bob'])('refuse ?%s', async (query) => {
    await using test = await testApp();
    const { id } = await create(test);
    expect((await call(test, 'GET', `/v1/webhook_endpoints/${id}/deliveries?${query}`)).status).toBe(400);
  });

  it('carry the video as every call answers it', async () => {
    await using test = await testApp();
    const id = await cancelled(test, { prompt: 'a cat' });
    const video = await test.store.videos.find(id as VideoId);
    if (video === undefined) throw new Error('no video');
    const body = presenting(surroundings(test.parts))(video, 'video.cancelled', 1_800_000_000_000);
    expect(body).toMatchObject({ type: 'video.cancelled', timestamp: '2027-01-15T08:00:00.000Z' });
    expect(videoObject.parse((body as { data: unknown }).data)).toMatchObject({ id, prompt: 'a cat' });
    expect(JSON.stringify(body).length).toBeLessThan(20_000);
  });
});

describe('callback_url', () => {
  it('is told how the video ended, signed by the callback record', async () => {
    await using test = await testApp();
    await cancelled(test, { callback_url: `${HOOK}/cb?token=1` });
    await cancelled(test, { callback_url: `${HOOK}/cb?token=2` });
    await cancelled(test);
    const { data } = endpointList.parse((await call(test, 'GET', '/v1/webhook_endpoints')).body);
    expect(data).toMatchObject([{ kind: 'callback', url: null }]);
    const path = `/v1/webhook_endpoints/${data[0]?.id}`;
    const owed = deliveryList.parse((await call(test, 'GET', `${path}/deliveries`)).body).data;
    expect(owed.map(({ url }) => url).toSorted()).toEqual([`${HOOK}/cb?token=1`, `${HOOK}/cb?token=2`]);
    expect((await call(test, 'DELETE', path)).status).toBe(400);
    expect((await call(test, 'POST', `${path}/test`)).status).toBe(400);
    expect((await call(test, 'POST', path, { url: HOOK })).status).toBe(400);
    expect((await call(test, 'POST', `${path}/rotate_secret`)).body['secret']).toMatch(/^whsec_/);
  });

  it('is part of the ask that an idempotency key names', async () => {
    await using test = await testApp();
    const headers = { ...bearer(test.alice), 'idempotency-key': 'one' };
    const post = (payload: object) => test.app.inject({ method: 'POST', url: '/v1/videos', headers, payload });
    const asked = { ...ASK, callback_url: HOOK };
    expect((await post(asked)).statusCode).toBe(200);
    expect((await post(asked)).headers['idempotency-replayed']).toBe('true');
    expect((await post({ ...ASK, callback_url: `${HOOK}/2` })).statusCode).toBe(422);
    expect((await post(ASK)).statusCode).toBe(422);
  });

  it.each(['http://10.0.0.1/', 'javascript:alert(1)', '', 'https://localhost/x'])('refuses %s', async (url) => {
    await using test = await testApp();
    const { status, body } = await call(test, 'POST', '/v1/videos', { ...ASK, callback_url: url });
    expect([status, errorObject.parse(body).error.param]).toEqual([400, 'callback_url']);
  });
});
