import { describe, expect, it } from 'vitest';
import { ASK, bearer, png, type TestApp, testApp } from '../../app.fixture.ts';
import { errorObject } from '../../error-object.ts';
import { DEFAULT_LIMITS } from '../../parts.ts';
import { videoObject } from './objects.ts';

const dataUrl = (bytes: Uint8Array) => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`;
const SMALL = dataUrl(png(239, 720));
const FINE = dataUrl(png(1280, 720));

function post(test: TestApp, payload: unknown, headers: Record<string, string> = {}) {
  return test.app.inject({
    method: 'POST',
    url: '/v1/videos',
    headers: { 'content-type': 'application/json', ...bearer(test.alice), ...headers },
    payload: typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
  });
}

async function stored(test: TestApp): Promise<number> {
  const counts = await test.store.videos.counts();
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;

/** What is wrong · the body · status · code · param. */
const BAD: readonly (readonly [string, unknown, number, string, string | null])[] = [
  ['nothing', '', 400, 'invalid_json', null],
  ['no JSON', '{"model":', 400, 'invalid_json', null],
  ['JSON and more', '{} {}', 400, 'invalid_json', null],
  ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'invalid_json', null],
  ['a list', '[]', 400, 'invalid_request', null],
  ['a text', '"x"', 400, 'invalid_request', null],
  ['null', 'null', 400, 'invalid_request', null],
  ['nested lists', deep, 400, 'invalid_request', null],
  ['no fields', {}, 400, 'missing_field', 'model'],
  ['no model', { images: ASK.images }, 400, 'missing_field', 'model'],
  ['a null model', { ...ASK, model: null }, 400, 'missing_field', 'model'],
  ['a numeric model', { ...ASK, model: 1 }, 400, 'invalid_request', 'model'],
  ['an empty model', { ...ASK, model: '' }, 400, 'unknown_model', 'model'],
  ['an unknown model', { ...ASK, model: 'sora-2' }, 400, 'unknown_model', 'model'],
  ['no images', { model: ASK.model }, 400, 'missing_field', 'images'],
  ['null images', { ...ASK, images: null }, 400, 'missing_field', 'images'],
  ['images as text', { ...ASK, images: 'sample_first' }, 400, 'invalid_request', 'images'],
  ['images as an object', { ...ASK, images: { 0: 'sample_first' } }, 400, 'invalid_request', 'images'],
  ['0 images', { ...ASK, images: [] }, 400, 'invalid_request', 'images'],
  ['1 image', { ...ASK, images: ['sample_first'] }, 400, 'invalid_request', 'images'],
  ['3 images', { ...ASK, images: [...ASK.images, 'sample_last'] }, 400, 'invalid_request', 'images'],
  ['a numeric image', { ...ASK, images: ['sample_first', 7] }, 400, 'invalid_request', 'images[1]'],
  ['a null image', { ...ASK, images: [null, 'sample_last'] }, 400, 'invalid_request', 'images[0]'],
  ['nested images', { ...ASK, images: ['sample_first', ['x']] }, 400, 'invalid_request', 'images[1]'],
  ['an empty image', { ...ASK, images: ['', 'sample_last'] }, 400, 'invalid_image', 'images[0]'],
  ['a path as image', { ...ASK, images: ['/etc/passwd', 'sample_last'] }, 400, 'invalid_image', 'images[0]'],
  ['a file: URL', { ...ASK, images: ['sample_first', 'file:///etc/passwd'] }, 400, 'invalid_image', 'images[1]'],
  ['an ftp: URL', { ...ASK, images: ['ftp://example.com/a.png', 'sample_last'] }, 400, 'invalid_image', 'images[0]'],
  ['oss://', { ...ASK, images: ['oss://a/b.png', 'sample_last'] }, 400, 'invalid_image', 'images[0]'],
  [
    'a private address',
    { ...ASK, images: ['http://127.0.0.1/a.png', 'sample_last'] },
    400,
    'url_not_allowed',
    'images[0]',
  ],
  [
    'a metadata address',
    { ...ASK, images: ['sample_first', 'http://169.254.169.254/'] },
    400,
    'url_not_allowed',
    'images[1]',
  ],
  ['a broken data URL', { ...ASK, images: ['data:image/png,x', 'sample_last'] }, 400, 'invalid_image', 'images[0]'],
  [
    'damaged base64',
    { ...ASK, images: ['data:image/png;base64,####', 'sample_last'] },
    400,
    'invalid_image',
    'images[0]',
  ],
  [
    'SVG',
    { ...ASK, images: [dataUrl(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')), FINE] },
    400,
    'invalid_image',
    'images[0]',
  ],
  ['a small picture', { ...ASK, images: [FINE, SMALL] }, 400, 'invalid_image', 'images[1]'],
  ['a wide picture', { ...ASK, images: [dataUrl(png(2000, 240)), FINE] }, 400, 'invalid_image', 'images[0]'],
  ['a vast picture', { ...ASK, images: [dataUrl(png(8001, 4000)), FINE] }, 400, 'invalid_image', 'images[0]'],
  [
    'an unknown video',
    { ...ASK, images: ['video_00000000000000000000000000:output_last_frame', FINE] },
    400,
    'invalid_image',
    'images[0]',
  ],
  ['a long prompt', { ...ASK, prompt: '猫'.repeat(801) }, 400, 'invalid_request', 'prompt'],
  ['a numeric prompt', { ...ASK, prompt: 5 }, 400, 'invalid_request', 'prompt'],
  ['a null character', { ...ASK, prompt: 'a\u0000b' }, 400, 'invalid_request', 'prompt'],
  [
    'half a surrogate',
    '{"model":"wan2.2-kf2v-flash","images":["sample_first","sample_last"],"prompt":"\\ud800"}',
    400,
    'invalid_request',
    'prompt',
  ],
  ['a long negative prompt', { ...ASK, negative_prompt: 'x'.repeat(501) }, 400, 'invalid_request', 'negative_prompt'],
  ['6 seconds', { ...ASK, seconds: '6' }, 400, 'invalid_request', 'seconds'],
  ['-5 seconds', { ...ASK, seconds: -5 }, 400, 'invalid_request', 'seconds'],
  ['"5s"', { ...ASK, seconds: '5s' }, 400, 'invalid_request', 'seconds'],
  ['true seconds', { ...ASK, seconds: true }, 400, 'invalid_request', 'seconds'],
  ['4K', { ...ASK, size: '4K' }, 400, 'unsupported_size', 'size'],
  ['a size in pixels', { ...ASK, size: '1280x720' }, 400, 'unsupported_size', 'size'],
  ['a numeric size', { ...ASK, size: 720 }, 400, 'invalid_request', 'size'],
  ['480P of the plus model', { ...ASK, model: 'wan2.1-kf2v-plus', size: '480P' }, 400, 'unsupported_size', 'size'],
  ['1080P of the plus model', { ...ASK, model: 'wan2.1-kf2v-plus', size: '1080p' }, 400, 'unsupported_size', 'size'],
  ['"true" in JSON', { ...ASK, prompt_extend: 'true' }, 400, 'invalid_request', 'prompt_extend'],
  ['1 for true', { ...ASK, watermark: 1 }, 400, 'invalid_request', 'watermark'],
  ['a negative seed', { ...ASK, seed: -1 }, 400, 'invalid_request', 'seed'],
  ['a large seed', { ...ASK, seed: 2_147_483_648 }, 400, 'invalid_request', 'seed'],
  ['a broken seed', { ...ASK, seed: 1.5 }, 400, 'invalid_request', 'seed'],
  [
    'an endless seed',
    '{"model":"wan2.2-kf2v-flash","images":["sample_first","sample_last"],"seed":1e999}',
    400,
    'invalid_request',
    'seed',
  ],
  ['a seed as text', { ...ASK, seed: '7' }, 400, 'invalid_request', 'seed'],
  ['tags as a list', { ...ASK, tags: ['a'] }, 400, 'invalid_request', 'tags'],
  [
    '17 tags',
    { ...ASK, tags: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`k${n}`, 'v'])) },
    400,
    'invalid_request',
    'tags',
  ],
  ['a numeric tag', { ...ASK, tags: { a: 1 } }, 400, 'invalid_request', 'tags[a]'],
  ['a long tag', { ...ASK, tags: { a: 'x'.repeat(257) } }, 400, 'invalid_request', 'tags'],
  ['a tag without a name', { ...ASK, tags: { '': 'x' } }, 400, 'invalid_request', 'tags'],
  [
    'a tag __proto__',
    '{"model":"wan2.2-kf2v-flash","images":["sample_first","sample_last"],"tags":{"__proto__":"x"}}',
    400,
    'invalid_request',
    'tags',
  ],
];

describe('a bad ask', () => {
  it.each(BAD)('%s', async (_what, body, status, code, param) => {
    await using test = await testApp();
    const answer = await post(test, body);
    const { error } = errorObject.parse(answer.json());
    expect([answer.statusCode, error.code, error.param, error.message]).toEqual([
      status,
      code,
      param,
      expect.any(String),
    ]);
    if (param !== null) expect(error.message.startsWith(param)).toBe(true);
    expect(error.message.length).toBeLessThan(300);
    expect(await stored(test)).toBe(0);
    expect(test.lines).toEqual([]);
  });

  it('is 415 when its type is missing or not read', async () => {
    await using test = await testApp();
    const types = [
      '',
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json-patch+json',
      'json',
      'application/json; charset=utf-16',
    ];
    for (const type of types) {
      const answer = await test.app.inject({
        method: 'POST',
        url: '/v1/videos',
        headers: { ...bearer(test.alice), ...(type === '' ? {} : { 'content-type': type }) },
        payload: Buffer.from(JSON.stringify(ASK)),
      });
      expect([answer.statusCode, answer.json<{ error: { code: string } }>().error.code], type).toEqual([
        415,
        'unsupported_media_type',
      ]);
      expect(answer.body).toMatch(/application\/json.*multipart\/form-data/);
    }
    const zipped = await post(test, ASK, { 'content-encoding': 'gzip' });
    expect(zipped.statusCode).toBe(415);
    expect((await test.app.inject({ method: 'POST', url: '/v1/videos', headers: bearer(test.alice) })).statusCode).toBe(
      415,
    );
    expect(await stored(test)).toBe(0);
  });

  it('is 413 when it is larger than the limit, told or not', async () => {
    await using test = await testApp({ limits: { ...DEFAULT_LIMITS, bodyBytes: 1000, inFlightBytes: 10_000 } });
    const answer = await post(test, { ...ASK, prompt: 'x'.repeat(1000) });
    expect([answer.statusCode, answer.json<{ error: { code: string } }>().error.code]).toEqual([
      413,
      'request_too_large',
    ]);
    expect(await stored(test)).toBe(0);
  });

  it('is not read while too much is read already', async () => {
    await using test = await testApp({ limits: { ...DEFAULT_LIMITS, bodyBytes: 1000, inFlightBytes: 50 } });
    const answer = await post(test, ASK);
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
    expect(answer.json()).toMatchObject({ error: { code: 'overloaded' } });
    expect(await stored(test)).toBe(0);
  });
});

describe('a good ask', () => {
  it('may leave out, null and spell in its own way what is optional', async () => {
    await using test = await testApp();
    const asks = [
      ASK,
      {
        ...ASK,
        prompt: null,
        seconds: null,
        size: null,
        prompt_extend: null,
        watermark: null,
        seed: null,
        negative_prompt: null,
        tags: null,
      },
      { ...ASK, seconds: 5, size: '1080p' },
      { ...ASK, seconds: '5.0', size: ' 480P ' },
      { ...ASK, seed: 0, prompt: '𠀋'.repeat(800), negative_prompt: '猫'.repeat(500) },
      { ...ASK, images: [FINE, FINE.slice(FINE.indexOf(',') + 1)] },
      { ...ASK, images: ['https://example.com/first-frame.png', 'HTTPS://example.com/last-frame.png'] },
    ];
    for (const ask of asks) {
      const answer = await post(test, ask, { 'content-type': 'application/json; charset=UTF-8' });
      expect(answer.statusCode, answer.body).toBe(200);
      videoObject.parse(answer.json());
    }
    expect(await stored(test)).toBe(asks.length);
  });

  it('gets the fields of the API page first and in its order', async () => {
    await using test = await testApp();
    const answer = await post(test, { ...ASK, seed: 0, tags: { b: '2', a: '1' }, prompt: '<b>"x"</b>' });
    expect(Object.keys(answer.json<object>())).toEqual([
      'id',
      'task_id',
      'object',
      'model',
      'status',
      'progress',
      'created_at',
      'seconds',
      'size',
      'width',
      'height',
      'seed',
      'prompt',
      'actual_prompt',
      'completed_at',
      'expires_at',
      'error',
      'url',
      'video_url',
      'tags',
      'metadata',
    ]);
    expect(answer.json()).toMatchObject({
      seed: 0,
      tags: { a: '1', b: '2' },
      prompt: '<b>"x"</b>',
      actual_prompt: null,
    });
    expect(Object.keys(answer.json<{ metadata: object }>().metadata)).toEqual([
      'url',
      'backend',
      'phase',
      'fps',
      'frames',
      'duration',
      'queue_position',
      'eta',
      'events_url',
      'cost',
      'warnings',
    ]);
  });

  it('hears which of its fields were ignored', async () => {
    await using test = await testApp();
    const answer = await post(
      test,
      `{"resolution":"x","__proto__":{"admin":true},"owner":"bob","scopes":["admin"],${JSON.stringify(ASK).slice(1)}`,
    );
    const { metadata, ...video } = videoObject.parse(answer.json());
    expect(metadata.warnings).toContainEqual({
      code: 'unknown_field',
      message: 'Ignored, because this API has no such field: resolution, __proto__, owner, scopes.',
    });
    expect(video).not.toHaveProperty('owner');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('sent again under its key gives the same video, and another ask is refused', async () => {
    await using test = await testApp();
    const key = { 'idempotency-key': 'order 17' };
    const first = await post(test, ASK, key);
    const again = await post(test, { ...ASK, seconds: 5, size: '720p' }, key);
    expect(first.headers['idempotency-replayed']).toBeUndefined();
    expect([again.statusCode, again.headers['idempotency-replayed']]).toEqual([200, 'true']);
    expect(again.json()).toEqual(first.json());
    const other = await post(test, { ...ASK, prompt: 'other' }, key);
    expect([other.statusCode, other.json<{ error: { code: string } }>().error.code]).toEqual([
      422,
      'idempotency_mismatch',
    ]);
    for (const wrong of ['', 'ü', 'x'.repeat(256)]) {
      const answer = await post(test, ASK, { 'idempotency-key': wrong });
      expect(answer.json(), wrong).toMatchObject({ error: { param: 'Idempotency-Key', code: 'invalid_request' } });
    }
    const theirs = await post(test, ASK, { ...key, ...bearer(test.bob) });
    expect(theirs.json<{ id: string }>().id).not.toBe(first.json<{ id: string }>().id);
    expect(await stored(test)).toBe(2);
  });
});
