import { describe, expect, it } from 'vitest';
import { ASK, bearer, type TestApp, testApp } from '../../app.fixture.ts';

const post = ({ app, alice }: TestApp, headers: Readonly<Record<string, string>> = {}) =>
  app.inject({ method: 'POST', url: '/v1/videos', headers: { ...bearer(alice), ...headers }, payload: ASK });

describe('a full queue', () => {
  it('is 429 with Retry-After, and the message says what to do', async () => {
    await using test = await testApp({}, { queueLimit: 1 });
    expect((await post(test)).statusCode).toBe(200);
    const answer = await post(test);
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([429, '30']);
    expect(answer.json()).toMatchObject({
      error: { code: 'queue_full', message: expect.stringContaining('try again') },
    });
  });
});

describe('a backend that is being taken out of use', () => {
  it('is 503 with Retry-After', async () => {
    await using test = await testApp({}, { stateOf: () => 'draining' });
    const answer = await post(test);
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '60']);
    expect(answer.json()).toMatchObject({ error: { code: 'backend_unavailable', param: 'model' } });
  });
});

describe('X-Inbetween-Simulate', () => {
  it('is 400 where nobody simulates, with the remedy', async () => {
    await using test = await testApp();
    const answer = await post(test, { 'x-inbetween-simulate': 'stall' });
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ error: { code: 'invalid_request', param: 'X-Inbetween-Simulate' } });
    expect(answer.json<{ error: { message: string } }>().error.message).toContain('INBETWEEN_SIMULATE=on');
  });

  it('is accepted where the server plays along, and what cannot be simulated is 400', async () => {
    await using test = await testApp({}, { simulates: true });
    expect((await post(test, { 'x-inbetween-simulate': 'fail=content_rejected' })).statusCode).toBe(200);
    expect((await post(test, { 'x-inbetween-simulate': 'fail=everything' })).statusCode).toBe(400);
  });
});

describe('a queued video', () => {
  it('tells its place and when it will be finished, with an ETag that stands for both', async () => {
    let others = 3;
    await using test = await testApp({}, {});
    const made = await post(test);
    const { id } = made.json<{ id: string }>();
    await test.worker.queue(id);
    test.store.videos.queuePosition = async () => others;
    const get = async (headers = {}) =>
      test.app.inject({ url: `/v1/videos/${id}`, headers: { ...bearer(test.alice), ...headers } });
    const first = await get();
    expect(first.json()).toMatchObject({ status: 'queued', metadata: { queue_position: 3, eta: null } });
    expect((await get({ 'if-none-match': String(first.headers.etag) })).statusCode).toBe(304);
    others = 2;
    expect((await get({ 'if-none-match': String(first.headers.etag) })).statusCode).toBe(200);
  });
});
