import { describe, expect, it } from 'vitest';
import { ASK, bearer, mp4, ONE_HOUR, type TestApp, testApp } from './app.fixture.ts';
import { errorObject } from './error-object.ts';

const BYTES = mp4(1000);

async function finished(test: TestApp): Promise<string> {
  const id = await pending(test);
  await test.worker.succeed(id, BYTES);
  return id;
}

async function pending(test: TestApp): Promise<string> {
  const created = await test.app.inject({
    method: 'POST',
    url: '/v1/videos',
    headers: bearer(test.alice),
    payload: ASK,
  });
  return created.json<{ id: string }>().id;
}

function content(
  test: TestApp,
  id: string,
  query = '',
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' = 'GET',
) {
  return test.app.inject({
    method,
    url: `/v1/videos/${id}/content${query}`,
    headers: { ...bearer(test.alice), ...headers },
  });
}

async function signedUrl(test: TestApp, id: string): Promise<string> {
  const found = await test.app.inject({ url: `/v1/videos/${id}`, headers: bearer(test.alice) });
  const { pathname, search } = new URL(found.json<{ url: string }>().url);
  return pathname + search;
}

describe('content', () => {
  it('is a redirect where the storage answers itself, and nothing else changes', async () => {
    await using test = await testApp();
    const id = await finished(test);
    Object.assign(test.artifacts, {
      link: async (key: string, { disposition }: { disposition: string }) =>
        `https://files.example.com/${key}?${disposition}`,
    });
    const answer = await content(test, id, '', { range: 'bytes=0-9' });
    expect([answer.statusCode, answer.headers.location]).toEqual([
      302,
      `https://files.example.com/videos/${id}/1/video.mp4?inline; filename="${id}.mp4"`,
    ]);
    expect(answer.headers['cache-control']).toBe('private, no-store');
    const { etag = '' } = answer.headers;
    expect((await content(test, id, '', { 'if-none-match': etag })).statusCode).toBe(304);
    expect((await content(test, id, '', {}, 'HEAD')).statusCode).toBe(200);
    expect((await test.app.inject({ url: `/v1/videos/${id}/content` })).statusCode).toBe(401);
  });

  it('comes whole, with everything a player and a cache need', async () => {
    await using test = await testApp();
    const id = await finished(test);
    const answer = await content(test, id);
    expect(answer.statusCode).toBe(200);
    expect(answer.rawPayload.equals(BYTES)).toBe(true);
    expect(answer.headers).toMatchObject({
      'content-type': 'video/mp4',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'cache-control': 'private, no-cache',
      'content-disposition': `inline; filename="${id}.mp4"`,
      'last-modified': new Date(1_800_000_010_000).toUTCString(),
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/),
    });
    expect(answer.headers.etag).toMatch(/^"[0-9a-f]{64}"$/);
  });

  it('answers HEAD without opening the file, and ignores a range there', async () => {
    await using test = await testApp();
    const id = await finished(test);
    const opened = test.artifacts.signals.length;
    const answer = await content(test, id, '', { range: 'bytes=0-9' }, 'HEAD');
    expect([answer.statusCode, answer.headers['content-length'], answer.body]).toEqual([200, '1000', '']);
    expect(test.artifacts.signals.length).toBe(opened);
  });

  it.each([
    ['bytes=0-0', 'bytes 0-0/1000'],
    ['bytes=100-199', 'bytes 100-199/1000'],
    ['bytes=900-', 'bytes 900-999/1000'],
    ['bytes=-1', 'bytes 999-999/1000'],
    ['bytes=0-99999', 'bytes 0-999/1000'],
  ])('sends %s', async (range, shown) => {
    await using test = await testApp();
    const id = await finished(test);
    const answer = await content(test, id, '', { range });
    expect([answer.statusCode, answer.headers['content-range']]).toEqual([206, shown]);
    const [start = 0, end = 0] = shown.match(/\d+/g)?.map(Number) ?? [];
    expect(answer.rawPayload.equals(BYTES.subarray(start, end + 1))).toBe(true);
    expect(answer.headers['content-length']).toBe(String(end - start + 1));
  });

  it('sends several ranges, and what is no range, whole', async () => {
    await using test = await testApp();
    const id = await finished(test);
    for (const range of ['bytes=0-1,3-4', 'bytes=9-1', 'lines=1-2']) {
      expect((await content(test, id, '', { range })).statusCode).toBe(200);
    }
  });

  it('says how long the file is when a range lies outside of it', async () => {
    await using test = await testApp();
    const id = await finished(test);
    const answer = await content(test, id, '', { range: 'bytes=1000-' });
    expect([answer.statusCode, answer.headers['content-range']]).toEqual([416, 'bytes */1000']);
    expect(errorObject.parse(answer.json()).error).toMatchObject({ code: 'range_not_satisfiable', param: 'Range' });
    expect(answer.headers['content-disposition']).toBeUndefined();
  });

  it('keeps to the conditions of the request', async () => {
    await using test = await testApp();
    const id = await finished(test);
    const { etag = '', 'last-modified': modified = '' } = (await content(test, id)).headers;
    const cases = [
      [{ 'if-none-match': etag }, 304],
      [{ 'if-none-match': `W/${etag}, "x"` }, 304],
      [{ 'if-none-match': '"x"' }, 200],
      [{ 'if-none-match': '"x"', 'if-modified-since': String(modified) }, 200],
      [{ 'if-modified-since': String(modified) }, 304],
      [{ range: 'bytes=0-9', 'if-range': etag }, 206],
      [{ range: 'bytes=0-9', 'if-range': '"x"' }, 200],
      [{ range: 'bytes=0-9', 'if-range': String(modified) }, 206],
      [{ range: 'bytes=0-9', 'if-none-match': etag }, 304],
    ] as const;
    for (const [headers, status] of cases) {
      const answer = await content(test, id, '', { ...headers });
      expect(answer.statusCode, JSON.stringify(headers)).toBe(status);
      if (status === 304) expect([answer.body, answer.headers.etag]).toEqual(['', etag]);
    }
  });

  it('has the prepared inputs from queued on and the output frame from succeeded on', async () => {
    await using test = await testApp();
    const id = await pending(test);
    const early = await content(test, id, '?variant=first_frame');
    expect([early.statusCode, early.headers['retry-after']]).toEqual([409, '2']);
    expect(early.json()).toMatchObject({ error: { code: 'video_not_ready', param: 'variant' } });
    await test.worker.succeed(id, BYTES);
    for (const variant of ['first_frame', 'last_frame', 'output_last_frame']) {
      const answer = await content(test, id, `?variant=${variant}`);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-disposition']).toBe(`inline; filename="${id}-${variant}.png"`);
    }
    const thumbnail = await content(test, id, '?variant=thumbnail');
    expect([thumbnail.statusCode, thumbnail.json<{ error: { code: string } }>().error.code]).toEqual([
      409,
      'no_content',
    ]);
    for (const variant of ['', 'Video', '../video', 'video&variant=thumbnail']) {
      const refused = await content(test, id, `?variant=${variant}`);
      expect(refused.json(), variant).toMatchObject({ error: { code: 'invalid_request', param: 'variant' } });
    }
  });

  it('tells not ready, failed and expired apart', async () => {
    await using test = await testApp();
    const [waiting, failed, expired] = [await pending(test), await pending(test), await finished(test)];
    await test.worker.fail(failed);
    await test.worker.expire(expired);
    const told = async (id: string) => {
      const answer = await content(test, id);
      return [answer.statusCode, answer.json<{ error: { code: string } }>().error.code];
    };
    expect(await told(waiting)).toEqual([409, 'video_not_ready']);
    expect(await told(failed)).toEqual([409, 'no_content']);
    expect(await told(expired)).toEqual([410, 'content_expired']);
    await test.artifacts.removeAll(`videos/${expired}/`);
    const missing = await finished(test);
    await test.artifacts.removeAll(`videos/${missing}/`);
    expect(await told(missing)).toEqual([410, 'content_expired']);
  });

  it('is never served as something a browser would run', async () => {
    await using test = await testApp();
    const id = await pending(test);
    await test.worker.succeed(id, BYTES);
    const video = await test.store.videos.find(id as never);
    if (video?.result === null || video === undefined) throw new Error('unreachable');
    const evil = { ...video.result, video: { ...video.result.video, type: 'text/html' } };
    await test.store.videos.swap(video, { ...video, result: evil }, {});
    const answer = await content(test, id);
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    expect(answer.headers['content-disposition']).toContain('.bin"');
  });
});

describe('a signed address', () => {
  it('opens one file of one video without a key, for GET and HEAD', async () => {
    await using test = await testApp();
    const id = await finished(test);
    const other = await finished(test);
    const url = await signedUrl(test, id);
    expect((await test.app.inject({ url })).statusCode).toBe(200);
    expect((await test.app.inject({ url, method: 'HEAD' })).statusCode).toBe(200);
    expect((await test.app.inject({ url, headers: { range: 'bytes=0-0' } })).statusCode).toBe(206);
    const forged = [
      url.replace(id, other),
      `${url}&variant=first_frame`,
      url.replace(/exp=\d+/, 'exp=9999999999'),
      url.replace(/kid=\w+/, 'kid=b'),
      url.replace(/sig=../, 'sig=AA'),
      url.replace(/sig=.*/, 'sig='),
      `${url}&sig=x`,
    ];
    for (const address of forged) {
      const answer = await test.app.inject({ url: address });
      expect([answer.statusCode, answer.json<{ error: { code: string } }>().error.code], address).toEqual([
        403,
        'invalid_signature',
      ]);
    }
    expect((await test.app.inject({ url: url.replace('/content', '') })).statusCode).toBe(401);
    expect((await test.app.inject({ method: 'DELETE', url: url.replace('/content', '') })).statusCode).toBe(401);
  });

  it('does not outweigh a header', async () => {
    await using test = await testApp();
    const url = await signedUrl(test, await finished(test));
    expect((await test.app.inject({ url, headers: bearer('wrong') })).statusCode).toBe(401);
    expect((await test.app.inject({ url, headers: bearer(test.bob) })).statusCode).toBe(404);
  });

  it('ends after a day and an hour at most, and a fresh one is told', async () => {
    await using test = await testApp();
    const id = await finished(test);
    const url = await signedUrl(test, id);
    test.advance(23 * ONE_HOUR);
    expect((await test.app.inject({ url })).statusCode).toBe(200);
    test.advance(2 * ONE_HOUR);
    expect((await test.app.inject({ url })).statusCode).toBe(403);
    expect((await test.app.inject({ url: await signedUrl(test, id) })).statusCode).toBe(200);
  });

  it('is gone at once with its video', async () => {
    await using test = await testApp();
    const id = await finished(test);
    const url = await signedUrl(test, id);
    await test.app.inject({ method: 'DELETE', url: `/v1/videos/${id}`, headers: bearer(test.alice) });
    expect((await test.app.inject({ url })).statusCode).toBe(404);
  });
});
