import { describe, expect, it } from 'vitest';
import { ASK, bearer, testApp } from './app.fixture.ts';
import { errorObject } from './error-object.ts';

describe('the app', () => {
  it('takes an ask, tells how it is doing, and hands out the video', async () => {
    await using test = await testApp();
    const { app, worker, alice } = test;
    const created = await app.inject({ method: 'POST', url: '/v1/videos', headers: bearer(alice), payload: ASK });
    expect(created.statusCode).toBe(200);
    const { id } = created.json<{ id: string }>();
    expect(created.json()).toMatchObject({ id, task_id: id, object: 'video', status: 'pending', progress: 0 });
    expect(created.json()).toMatchObject({ created_at: 1_800_000_000, url: null, seconds: '5', size: '720P' });
    expect(created.headers.location).toBe(`/v1/videos/${id}`);

    await worker.succeed(id);
    const found = await app.inject({ url: `/v1/videos/${id}`, headers: bearer(alice) });
    const { url, metadata } = found.json<{ url: string; metadata: { url: string } }>();
    expect(found.json()).toMatchObject({
      status: 'succeeded',
      progress: 100,
      width: 1280,
      height: 720,
      video_url: url,
    });
    expect(metadata).toMatchObject({ url, backend: 'renderer', fps: 30, frames: 150, duration: 5 });

    const address = new URL(url);
    const content = await app.inject({ url: address.pathname + address.search });
    expect(content.statusCode).toBe(200);
    expect(content.headers['content-type']).toBe('video/mp4');
    expect(content.rawPayload.length).toBe(1000);

    const deleted = await app.inject({ method: 'DELETE', url: `/v1/videos/${id}`, headers: bearer(alice) });
    expect(deleted.json()).toEqual({ id, object: 'video.deleted', deleted: true });
    const gone = await app.inject({ url: address.pathname + address.search });
    expect(gone.statusCode).toBe(404);
  });

  it('guards every answer and names every request', async () => {
    await using test = await testApp();
    const ids = new Set<unknown>();
    for (const url of ['/', '/healthz', '/nothing', '/v1/videos', '/%zz']) {
      const { headers } = await test.app.inject({ url, headers: { 'x-request-id': 'mine', 'request-id': 'mine' } });
      expect(headers['x-content-type-options'], url).toBe('nosniff');
      expect(headers['referrer-policy'], url).toBe('no-referrer');
      expect(headers['content-security-policy'], url).toContain("frame-ancestors 'none'");
      expect(headers['x-request-id'], url).toMatch(/^req_[0-9a-f-]{36}$/);
      ids.add(headers['x-request-id']);
    }
    expect(ids.size).toBe(5);
  });

  it('answers what it does not have in the one envelope', async () => {
    await using test = await testApp();
    const cases = [
      ['GET', '/nothing', 404, 'not_found'],
      ['GET', '/v1/videos/', 401, 'missing_api_key'],
      ['GET', '/v1/video', 404, 'not_found'],
      ['GET', `/v1/videos/${'x'.repeat(300)}`, 404, 'not_found'],
      ['GET', '/%zz', 400, 'invalid_request'],
      ['PUT', '/v1/videos', 405, 'method_not_allowed'],
      ['PATCH', '/v1/videos/video_1', 405, 'method_not_allowed'],
      ['POST', '/healthz', 405, 'method_not_allowed'],
    ] as const;
    for (const [method, url, status, code] of cases) {
      const answer = await test.app.inject({ method, url });
      expect([answer.statusCode, errorObject.parse(answer.json()).error.code], `${method} ${url}`).toEqual([
        status,
        code,
      ]);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      if (status === 405) expect(answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    }
  });

  it('tells what it does not have in the words of the dialect that was asked', async () => {
    await using test = await testApp();
    const [dashscope, openrouter] = await Promise.all([
      test.app.inject({ method: 'DELETE', url: '/api/v1/tasks/1' }),
      test.app.inject({ method: 'PUT', url: '/openrouter/api/v1/videos' }),
    ]);
    expect([dashscope.statusCode, openrouter.statusCode]).toEqual([405, 405]);
    expect(dashscope.json()).toMatchObject({
      code: 'UnsupportedOperation',
      request_id: expect.stringMatching(/^req_/),
    });
    expect(openrouter.json()).toMatchObject({ error: { code: 405, metadata: { code: 'method_not_allowed' } } });
  });

  it('tells the methods of an address', async () => {
    await using test = await testApp();
    const refused = await test.app.inject({
      method: 'PUT',
      url: '/v1/videos/video_1',
      payload: '{',
      headers: { 'content-type': 'application/json' },
    });
    expect(refused.headers['allow']).toBe('GET, HEAD, DELETE, OPTIONS');
    const options = await test.app.inject({ method: 'OPTIONS', url: '/v1/videos' });
    expect([options.statusCode, options.headers['allow'], options.body]).toEqual([204, 'GET, HEAD, POST, OPTIONS', '']);
    expect(options.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('answers HEAD with the length of GET', async () => {
    await using test = await testApp();
    const get = await test.app.inject({ url: '/v1/models', headers: bearer(test.alice) });
    const head = await test.app.inject({ method: 'HEAD', url: '/v1/models', headers: bearer(test.alice) });
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([
      200,
      '',
      get.headers['content-length'],
    ]);
  });

  it('says nothing of what broke inside, and logs it with the id of the request', async () => {
    const secret = 'connect ECONNREFUSED postgres://user:hunter2@10.0.0.5';
    await using test = await testApp({
      models: () => {
        throw new Error(secret);
      },
    });
    const answer = await test.app.inject({ url: '/v1/models', headers: bearer(test.alice) });
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toMatchObject({ error: { type: 'server_error', code: 'internal_error', param: null } });
    expect(answer.body).not.toContain('hunter2');
    expect(test.lines).toHaveLength(1);
    expect(test.lines[0]).toMatchObject({
      level: 'error',
      facts: { requestId: answer.headers['x-request-id'], route: '/v1/models', err: new Error(secret) },
    });
  });

  it('times every request under the pattern of its route', async () => {
    await using test = await testApp();
    await test.app.inject({ url: '/v1/videos/video_00000000000000000000000001', headers: bearer(test.alice) });
    await test.app.inject({ url: '/wp-login.php' });
    expect(test.observed).toEqual([
      { route: '/v1/videos/:id', method: 'GET', status: '4xx' },
      { route: 'none', method: 'GET', status: '4xx' },
    ]);
  });
});

describe('health', () => {
  it('is alive, and ready when its parts are', async () => {
    await using test = await testApp();
    expect((await test.app.inject({ url: '/healthz' })).json()).toEqual({ status: 'ok', version: '0.1.0' });
    expect((await test.app.inject({ url: '/readyz' })).json()).toEqual({
      status: 'ready',
      parts: [{ name: 'store', ready: true, problem: null }],
    });
    test.readiness.found = [{ name: 'store', ready: false, problem: 'The database does not answer.' }];
    const unready = await test.app.inject({ url: '/readyz' });
    expect(unready.statusCode).toBe(503);
    expect(unready.json()).toMatchObject({
      status: 'not_ready',
      parts: [{ problem: 'The database does not answer.' }],
    });
  });

  it('shows metrics to admins only', async () => {
    await using test = await testApp();
    const reader = await test.keyOf('alice', ['videos:read', 'videos:create', 'videos:delete']);
    expect((await test.app.inject({ url: '/metrics', headers: bearer(reader) })).statusCode).toBe(403);
    const shown = await test.app.inject({ url: '/metrics', headers: bearer(test.alice) });
    expect(shown.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  });
});

describe('the landing page', () => {
  it('is a page without scripts that shows the status and escapes what it is given', async () => {
    await using test = await testApp();
    test.readiness.found = [{ name: '<store>', ready: false, problem: '"&' }];
    const page = await test.app.inject({ url: '/' });
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; /,
    );
    expect(page.body).not.toMatch(/<script|<store>|style="/);
    expect(page.body).toContain('&#60;store&#62;');
    expect(page.body).toContain('&#34;&#38;');
    expect(page.body).toContain('-d &#39;&#60;&#38;&#62;&#39;');
  });
});
