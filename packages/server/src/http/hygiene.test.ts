import { describe, expect, it } from 'vitest';
import { bearer, type TestApp, testApp } from './app.fixture.ts';
import { askRoute, nameOf, oneEndpoint, oneFile, oneVideo } from './matrix.fixture.ts';
import { type RouteTrait, traitsOf } from './route.ts';
import { allRoutes } from './routes.ts';

/** What every answer of every route says to browsers, caches and proxies, whatever else it says. */

async function idFor(test: TestApp, trait: RouteTrait): Promise<string> {
  if (trait.path.includes(':file')) return oneFile(test);
  if (trait.path.includes(':endpoint')) return oneEndpoint(test);
  if (trait.path.includes(':name')) return 'wan2.2-kf2v-flash';
  const id = await oneVideo(test);
  if (trait.path.includes('content') || trait.path.includes('events')) await test.worker.succeed(id);
  return id;
}

/** Answers that change only with what they show may be kept by the caller's own browser, and are asked for each time. */
const MAY_BE_KEPT = /^GET (\/v1|\/openai\/v1|\/openrouter\/api\/v1)\/(videos\/:id|files\/:file)(\/content)?$/;

describe('every answer', () => {
  it('is guarded, named, and kept by nobody but its caller', async () => {
    await using test = await testApp();
    const ids = new Set<unknown>();
    let seen = 0;
    for (const trait of traitsOf(allRoutes(test.parts))) {
      const id = await idFor(test, trait);
      for (const headers of [bearer(test.alice), {}, bearer('inb_wrong')]) {
        const answer = await askRoute(test, trait, id, { ...headers, 'x-request-id': 'mine' });
        const what = `${nameOf(trait)} ${answer.statusCode}`;
        expect(answer.headers['x-content-type-options'], what).toBe('nosniff');
        expect(answer.headers['referrer-policy'], what).toBe('no-referrer');
        const policy = String(answer.headers['content-security-policy']);
        expect(policy, what).toContain("default-src 'none'");
        expect(policy, what).not.toMatch(/script-src[^;]*(unsafe|\*|https?:|data:)/);
        if (!policy.startsWith('sandbox')) expect(policy, what).toContain("frame-ancestors 'none'");
        expect(answer.headers['x-request-id'], what).toMatch(/^req_[0-9a-f-]{36}$/);
        ids.add(answer.headers['x-request-id']);
        const cache = String(answer.headers['cache-control']);
        const kept = MAY_BE_KEPT.test(nameOf(trait)) && answer.statusCode === 200;
        if (String(answer.headers['content-type']).startsWith('text/html'))
          expect(answer.headers['cross-origin-opener-policy'], what).toBe('same-origin');
        // What is the same for everybody may be kept by anybody.
        if (trait.access !== 'open') {
          expect(cache, what).toMatch(kept ? /^(private, )?no-(cache|store)$/ : /^no-(store|cache)$/);
        }
        for (const name of ['server', 'x-powered-by', 'set-cookie', 'access-control-allow-origin'])
          expect(answer.headers[name], `${what} ${name}`).toBeUndefined();
        seen += 1;
      }
    }
    expect(ids.size).toBe(seen);
  });
});

describe('what a proxy is said to have seen', () => {
  const forged = {
    'x-forwarded-for': '203.0.113.7',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    forwarded: 'for=203.0.113.7;host=evil.example',
  };

  it('is believed of nobody unless configured, and never for our own address', async () => {
    for (const [trustProxy, status] of [
      [false, 403],
      [1, 200],
      [['192.0.2.0/24'], 403],
    ] as const) {
      await using test = await testApp({ trustProxy });
      const key = await test.keyOf('alice', undefined, { addresses: ['203.0.113.7'] });
      const headers = { ...bearer(key), ...forged, host: 'evil.example' };
      expect((await test.app.inject({ url: '/v1/videos', headers })).statusCode, String(trustProxy)).toBe(status);
      const id = await oneVideo(test);
      await test.worker.succeed(id);
      const shown = await test.app.inject({
        url: `/v1/videos/${id}`,
        headers: { ...bearer(test.alice), ...forged, host: 'evil.example' },
      });
      expect(shown.json<{ url: string }>().url).toMatch(/^http:\/\/127\.0\.0\.1:8080\//);
      expect(shown.body).not.toContain('evil.example');
    }
  });
});
