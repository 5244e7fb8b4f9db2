import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ASK, bearer, png, testApp } from './app.fixture.ts';
import { expectWorks, type HostileStage, openHostileStage } from './hostile.fixture.ts';

/** Texts and files that would run in a browser. */

let stage: HostileStage;
beforeAll(async () => {
  stage = await openHostileStage();
});
afterAll(async () => {
  console.log(`bad inputs tried and survived (HTTP): ${stage.told()}`);
  await stage.close();
});

describe('texts that would run in a browser', () => {
  const SCRIPT = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'`;

  it('come back as JSON that no browser runs, and never in a page', async () => {
    await using own = await testApp();
    const call = (method: 'GET' | 'POST', url: string, payload?: object) =>
      own.app.inject({ method, url, headers: bearer(own.alice), ...(payload === undefined ? {} : { payload }) });
    const file = (
      await call('POST', '/v1/files', {
        file: `data:image/png;base64,${Buffer.from(png(300, 300)).toString('base64')}`,
        filename: `${SCRIPT}.html`,
        purpose: SCRIPT,
      })
    ).json<{ id: string }>();
    const video = (
      await call('POST', '/v1/videos', {
        ...ASK,
        prompt: SCRIPT,
        negative_prompt: SCRIPT,
        tags: { [`k${SCRIPT}`.slice(0, 60)]: SCRIPT },
        [SCRIPT]: 1,
      })
    ).json<{ id: string }>();
    await own.worker.succeed(video.id, undefined, { mode: SCRIPT });
    const key = await call('POST', '/v1/admin/keys', { owner: 'team', name: SCRIPT });
    const hook = await call('POST', '/v1/webhook_endpoints', { url: 'https://example.com/', description: SCRIPT });
    expect([key.statusCode, hook.statusCode]).toEqual([200, 200]);
    const shown = [
      `/v1/videos/${video.id}`,
      '/v1/videos',
      '/v1/files',
      `/v1/files/${file.id}`,
      '/v1/admin/keys',
      '/v1/admin/audit',
      '/v1/webhook_endpoints',
      `/openai/v1/videos/${video.id}`,
      `/api/v1/tasks/${video.id}`,
      '/api/v1/tasks',
      `/openrouter/api/v1/videos/${video.id}`,
      `/v1/videos/${video.id}/events`,
      `/v1/videos?tag=${encodeURIComponent(`a:${SCRIPT}`)}`,
      `/v1/videos?order=${encodeURIComponent(SCRIPT)}`,
      `/v1/videos?${encodeURIComponent(SCRIPT)}=1`,
      `/${encodeURIComponent(SCRIPT)}`,
      `/v1/models/${encodeURIComponent(SCRIPT)}`,
    ];
    for (const url of shown) {
      const answer = await call('GET', url);
      stage.cell('scripts shown');
      expect(answer.headers['content-type'], url).toMatch(/^(application\/json|text\/event-stream)/);
      expect(answer.headers['x-content-type-options'], url).toBe('nosniff');
      expect(answer.headers['content-security-policy'], url).toContain("default-src 'none'");
      expect(answer.headers['content-disposition'], url).toBeUndefined();
    }
    for (const url of ['/', '/docs', '/openapi.json', '/healthz', '/readyz']) {
      const page = await call('GET', url);
      stage.cell('pages looked at');
      expect(page.body, url).not.toContain('alert(1)');
      const csp = String(page.headers['content-security-policy']);
      expect(csp, url).toContain("default-src 'none'");
      expect(csp, url).not.toMatch(/script-src[^;]*(unsafe|\*|data:)/);
    }
  });

  it('in the readiness of a part do not become markup', async () => {
    await using own = await testApp();
    own.readiness.found = [{ name: SCRIPT, ready: false, problem: SCRIPT }];
    const page = await own.app.inject({ url: '/' });
    stage.cell('pages looked at');
    expect(page.body).toContain('&#60;');
    expect(page.body).not.toContain('<img src=x');
    expect(page.body).not.toContain('<script>alert');
  });

  it('as a file are served as the picture they are, in a sandbox, under a name of ours', async () => {
    await using own = await testApp();
    // A picture by its header, and a page to whoever sniffs.
    const polyglot = Buffer.concat([png(300, 300), Buffer.from(`<html>${SCRIPT}`)]);
    const made = await own.app.inject({
      method: 'POST',
      url: '/v1/files',
      headers: bearer(own.alice),
      payload: { file: `data:text/html;base64,${polyglot.toString('base64')}`, filename: `${SCRIPT}.html` },
    });
    stage.cell('polyglots');
    if (made.statusCode !== 200) return expect(made.statusCode).toBe(400);
    const { id } = made.json<{ id: string }>();
    const content = await own.app.inject({ url: `/v1/files/${id}/content`, headers: bearer(own.alice) });
    expect(content.headers).toMatchObject({
      'content-type': 'image/png',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/),
      'content-disposition': `inline; filename="${id}.png"`,
    });
  });

  it('of pages that are no pictures are not stored', async () => {
    for (const text of [
      '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
      '<html><script>alert(1)</script>',
      '%PDF-1.7',
      'GIF89a<script>',
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><svg>&b;</svg>',
      'MZ',
      '\u007fELF',
      'PK\u0003\u0004',
    ]) {
      const file = `data:image/png;base64,${Buffer.from(text.padEnd(200)).toString('base64')}`;
      const answer = await stage.test.app.inject({
        method: 'POST',
        url: '/v1/files',
        headers: bearer(stage.test.alice),
        payload: { file },
      });
      stage.cell('pages as pictures');
      expect([answer.statusCode, answer.json<{ error: { code: string } }>().error.code]).toEqual([
        400,
        'invalid_image',
      ]);
    }
  });
});

describe('after all of this', () => {
  it('the server works as before', () => expectWorks(stage));
});
