import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { testApp } from '../app.fixture.ts';
import { allRoutes } from '../routes.ts';
import { examplesOf } from './examples.ts';

describe('/openapi.json', () => {
  it('is a valid OpenAPI document', async () => {
    await using test = await testApp();
    const document = (await test.app.inject({ url: '/openapi.json' })).json<Record<string, unknown>>();
    const { valid, errors } = await new Validator().validate(document);
    expect(errors ?? []).toEqual([]);
    expect(valid).toBe(true);
  });
});

describe('/docs', () => {
  it('is one page that loads nothing and runs nothing', async () => {
    await using test = await testApp();
    const answer = await test.app.inject({ url: '/docs' });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(answer.headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri/,
    );
    expect(/<script|<link|<img|@import|url\(|<[^>]* (?:style|on\w+)=/i.exec(answer.body)).toBeNull();
    const hosts = [...answer.body.matchAll(/(?:href|src)="(https?:[^"]*)"/g)].map(([, url]) => url);
    expect(hosts).toEqual([]);
  });

  it('has every call, by an address of its own, with its fields', async () => {
    await using test = await testApp();
    const { body } = await test.app.inject({ url: '/docs' });
    for (const { doc } of allRoutes(test.parts)) {
      // The page and the description tell of everything but themselves.
      if (['getReference', 'getOpenApi'].includes(doc.id)) continue;
      const there = [body.includes(`<article id="${doc.id}">`), body.includes(`href="#${doc.id}"`)];
      expect([doc.id, ...there]).toEqual([doc.id, true, true]);
    }
    for (const field of ['images', 'prompt_extend', 'negative_prompt']) {
      expect([field, body.includes(`<code>${field}</code>`)]).toEqual([field, true]);
    }
    expect(/undefined|\[object Object\]/.exec(body)).toBeNull();
  });

  it('shows each call of the native API in three languages', async () => {
    await using test = await testApp();
    const native = allRoutes(test.parts).filter(
      ({ dialect, path }) => dialect === 'powertokens' && /^\/v1\/(videos|files|models|webhook_|admin)/.test(path),
    );
    expect(native.length).toBeGreaterThan(25);
    for (const route of native) {
      const examples = examplesOf(route, 'http://127.0.0.1:8080');
      expect([route.doc.id, Object.keys(examples ?? {})]).toEqual([route.doc.id, ['curl', 'typescript', 'python']]);
    }
  });
});
