import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ASK, bearer, type TestApp, testApp } from './app.fixture.ts';
import { oneVideo } from './matrix.fixture.ts';
import { traitsOf } from './route.ts';
import { allRoutes } from './routes.ts';

const APP = 'https://app.example.com';
const opened = () => testApp({ corsOrigins: [APP, 'http://localhost:5173'] });

const corsHeaders = (headers: object) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-') || name === 'vary');

function preflight(test: TestApp, url: string, origin: string, method = 'POST') {
  return test.app.inject({
    method: 'OPTIONS',
    url,
    headers: {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization,content-type',
    },
  });
}

describe('unless configured', () => {
  it('no answer says a word of it', async () => {
    await using test = await testApp();
    for (const url of ['/', '/v1/videos', '/healthz', '/openapi.json', '/nothing', '/%zz']) {
      const asked = await test.app.inject({ url, headers: { ...bearer(test.alice), origin: APP } });
      expect(corsHeaders(asked.headers), url).toEqual([]);
      expect(corsHeaders((await preflight(test, url, APP)).headers), url).toEqual([]);
    }
  });
});

describe('a page of an origin on the list', () => {
  it('may ask, and read the answer with its headers', async () => {
    await using test = await opened();
    const asked = await preflight(test, '/v1/videos', APP);
    expect(asked.statusCode).toBe(204);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': APP,
      'access-control-allow-methods': 'GET, HEAD, POST, DELETE',
      'access-control-allow-headers': expect.stringContaining('Idempotency-Key'),
      'access-control-max-age': '600',
      vary: 'Origin',
      allow: 'GET, HEAD, POST, OPTIONS',
    });
    const made = await test.app.inject({
      method: 'POST',
      url: '/v1/videos',
      headers: { ...bearer(test.alice), origin: APP },
      payload: ASK,
    });
    expect(made.statusCode).toBe(200);
    expect(made.headers).toMatchObject({ 'access-control-allow-origin': APP, vary: 'Origin' });
    expect(made.headers['access-control-expose-headers']).toContain('Retry-After');
    expect(made.headers['access-control-allow-methods']).toBeUndefined();
  });

  it('reads refusals, too', async () => {
    await using test = await opened();
    for (const [url, status] of [
      ['/v1/videos', 401],
      ['/v1/nothing', 404],
      ['/%zz', 400],
    ] as const) {
      const answer = await test.app.inject({ url, headers: { origin: APP } });
      expect([answer.statusCode, answer.headers['access-control-allow-origin']], url).toEqual([status, APP]);
    }
  });

  it('reads files and streams', async () => {
    await using test = await opened();
    const id = await oneVideo(test);
    await test.worker.succeed(id);
    for (const what of ['content', 'events']) {
      const headers = { ...bearer(test.alice), origin: APP };
      const answer = await test.app.inject({ url: `/v1/videos/${id}/${what}`, headers });
      expect([answer.statusCode, answer.headers['access-control-allow-origin']], what).toEqual([200, APP]);
    }
  });

  it('is never let in by a cookie', async () => {
    await using test = await opened();
    const headers = { origin: APP, cookie: `key=${test.alice}; session=${test.alice}` };
    const answer = await test.app.inject({ url: '/v1/videos', headers });
    expect(answer.statusCode).toBe(401);
    const all = await Promise.all(['/v1/videos', '/', '/healthz'].map((url) => test.app.inject({ url, headers })));
    for (const each of all) expect(each.headers['access-control-allow-credentials']).toBeUndefined();
  });

  it('never reaches the routes of operators', async () => {
    await using test = await opened();
    const admin = traitsOf(allRoutes(test.parts)).filter(({ access }) => access === 'admin');
    expect(admin.length).toBeGreaterThan(3);
    for (const { method, path } of admin) {
      expect((await preflight(test, path, APP, method)).headers['access-control-allow-origin'], path).toBeUndefined();
      const headers = { ...bearer(test.alice), origin: APP };
      const answer = await test.app.inject({ method, url: path, headers });
      expect(answer.headers['access-control-allow-origin'], path).toBeUndefined();
    }
  });
});

describe('a page of another origin', () => {
  const OTHERS = [
    'https://app.example.com.evil.example',
    'https://evil-app.example.com',
    'https://sub.app.example.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com/',
    'HTTPS://APP.EXAMPLE.COM',
    'http://localhost:5174',
    'http://127.0.0.1:5173',
    'null',
    '*',
    '',
    'https://app.example.com, https://app.example.com',
  ];

  it.each(OTHERS)('is told nothing: %j', async (origin) => {
    await using test = await opened();
    for (const answer of [
      await preflight(test, '/v1/videos', origin),
      await test.app.inject({ url: '/v1/videos', headers: { ...bearer(test.alice), origin } }),
    ]) {
      expect(corsHeaders(answer.headers)).toEqual(['vary']);
    }
  });

  it('whatever it is called', async () => {
    await using test = await opened();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.webUrl(),
          fc.string(),
          fc.domain().map((name) => `https://${name}`),
        ),
        async (text) => {
          const origin = text.replaceAll(/[^\u0020-\u007e]/g, '');
          const { headers } = await preflight(test, '/v1/videos', origin);
          expect(headers['access-control-allow-origin']).toBeUndefined();
        },
      ),
      { numRuns: 100 },
    );
  });
});
