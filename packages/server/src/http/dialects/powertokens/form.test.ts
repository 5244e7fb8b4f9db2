import { describe, expect, it } from 'vitest';
import { ASK, bearer, png, type TestApp, testApp } from '../../app.fixture.ts';
import { errorObject } from '../../error-object.ts';
import { videoObject } from './objects.ts';

type Part = readonly [name: string, value: string | Uint8Array];

const FIRST = png(1280, 720);
const LAST = png(720, 1280);
const PAIR: readonly Part[] = [
  ['images[]', FIRST],
  ['images[]', LAST],
];
const MODEL: Part = ['model', ASK.model];

async function post(test: TestApp, parts: readonly Part[], headers: Record<string, string> = {}) {
  const form = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([value.slice()]), '../../evil.html');
  }
  const encoded = new Response(form);
  const type = encoded.headers.get('content-type') ?? '';
  return test.app.inject({
    method: 'POST',
    url: '/v1/videos',
    headers: { 'content-type': type, ...bearer(test.alice), ...headers },
    payload: Buffer.from(await encoded.arrayBuffer()),
  });
}

async function storedFrames(test: TestApp, id: string) {
  const roles = ['first', 'last'] as const;
  return Promise.all(roles.map(async (role) => Buffer.from((await test.store.videos.input(id as never, role)) ?? [])));
}

describe('a form', () => {
  it.each<readonly [string, readonly Part[]]>([
    ['images[] twice', PAIR],
    [
      'images twice',
      [
        ['images', FIRST],
        ['images', LAST],
      ],
    ],
    [
      'numbered',
      [
        ['images[0]', FIRST],
        ['images[1]', LAST],
      ],
    ],
    [
      'numbered the other way round',
      [
        ['images[1]', LAST],
        ['images[0]', FIRST],
      ],
    ],
    [
      'one as text',
      [
        ['images[]', FIRST],
        ['images[]', `data:image/png;base64,${Buffer.from(LAST).toString('base64')}`],
      ],
    ],
  ])('keeps first and last apart: %s', async (_how, images) => {
    await using test = await testApp();
    const answer = await post(test, [MODEL, ...images]);
    expect(answer.statusCode, answer.body).toBe(200);
    const [first, last] = await storedFrames(test, answer.json<{ id: string }>().id);
    expect([first?.equals(FIRST), last?.equals(LAST)]).toEqual([true, true]);
  });

  it('means the same as the JSON it stands for', async () => {
    await using test = await testApp();
    const json = {
      ...ASK,
      images: [FIRST, LAST].map((bytes) => `data:;base64,${Buffer.from(bytes).toString('base64')}`),
      prompt: '猫',
      seconds: '5',
      size: '480P',
      prompt_extend: false,
      watermark: true,
      seed: 0,
      negative_prompt: 'n',
      tags: { project: 'a:b' },
    };
    const headers = { 'idempotency-key': 'same' };
    const first = await test.app.inject({
      method: 'POST',
      url: '/v1/videos',
      headers: { ...bearer(test.alice), ...headers },
      payload: json,
    });
    const again = await post(
      test,
      [
        MODEL,
        ...PAIR,
        ['prompt', '猫'],
        ['seconds', '5'],
        ['size', '480p'],
        ['prompt_extend', 'False'],
        ['watermark', 'true'],
        ['seed', '0'],
        ['negative_prompt', 'n'],
        ['tags[project]', 'a:b'],
      ],
      headers,
    );
    expect([again.statusCode, again.headers['idempotency-replayed']], again.body).toEqual([200, 'true']);
    expect(videoObject.parse(again.json())).toEqual(first.json());
  });

  it('takes an empty part as one that was left out, and names what it does not know', async () => {
    await using test = await testApp();
    const answer = await post(test, [MODEL, ...PAIR, ['seed', ''], ['size', ''], ['input_reference', 'x']]);
    expect(answer.statusCode, answer.body).toBe(200);
    expect(answer.json()).toMatchObject({
      size: '720P',
      metadata: { warnings: [{ message: expect.stringContaining('input_reference') }, {}] },
    });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'reads a part named %s like any other',
    async (name) => {
      await using test = await testApp();
      const answer = await post(test, [MODEL, ...PAIR, [name, 'x']]);
      expect(answer.statusCode, answer.body).toBe(200);
      expect(answer.json()).toMatchObject({ metadata: { warnings: [{ message: expect.stringContaining(name) }, {}] } });
    },
  );

  it.each<readonly [string, readonly Part[], string, string | null]>([
    ['no parts', [], 'missing_field', 'model'],
    ['no images', [MODEL], 'missing_field', 'images'],
    ['one image', [MODEL, ['images[]', FIRST]], 'invalid_request', 'images'],
    ['three files', [MODEL, ...PAIR, ['images[]', FIRST]], 'invalid_request', 'images'],
    ['a gap', [MODEL, ['images[0]', FIRST], ['images[2]', LAST]], 'invalid_request', 'images'],
    ['one number twice', [MODEL, ['images[0]', FIRST], ['images[0]', LAST]], 'invalid_request', 'images'],
    ['a mixture', [MODEL, ['images[0]', FIRST], ['images[]', LAST]], 'invalid_request', 'images'],
    ['no picture', [MODEL, ['images[]', FIRST], ['images[]', Buffer.from('<html>')]], 'invalid_image', 'images[1]'],
    ['an empty file', [MODEL, ['images[]', new Uint8Array()], ['images[]', LAST]], 'invalid_image', 'images[0]'],
    [
      'a large file',
      [MODEL, ['images[]', new Uint8Array(10_000_001)], ['images[]', LAST]],
      'image_too_large',
      'images[0]',
    ],
    ['a file as model', [['model', FIRST], ...PAIR], 'invalid_request', 'model'],
    ['a file elsewhere', [MODEL, ...PAIR, ['mask', FIRST]], 'invalid_request', 'mask'],
    ['two models', [MODEL, MODEL, ...PAIR], 'invalid_request', 'model'],
    ['"yes"', [MODEL, ...PAIR, ['watermark', 'yes']], 'invalid_request', 'watermark'],
    ['a seed in words', [MODEL, ...PAIR, ['seed', 'seven']], 'invalid_request', 'seed'],
    ['a broken seed', [MODEL, ...PAIR, ['seed', '1.5']], 'invalid_request', 'seed'],
    ['tags as one text', [MODEL, ...PAIR, ['tags', '{"a":"b"}']], 'invalid_request', 'tags'],
    ['one tag twice', [MODEL, ...PAIR, ['tags[a]', '1'], ['tags[a]', '2']], 'invalid_request', 'tags[a]'],
    ['a tag __proto__', [MODEL, ...PAIR, ['tags[__proto__]', '1']], 'invalid_request', 'tags'],
    ['a long text', [MODEL, ...PAIR, ['note', 'x'.repeat(70_000)]], 'invalid_request', 'note'],
    [
      'too many parts',
      [MODEL, ...Array.from({ length: 101 }, (_, n): Part => [`f${n}`, 'x'])],
      'invalid_request',
      null,
    ],
  ])('is refused with %s', async (_what, parts, code, param) => {
    await using test = await testApp();
    const answer = await post(test, parts);
    expect(answer.statusCode).toBe(400);
    expect(errorObject.parse(answer.json()).error).toMatchObject({ code, param });
    expect(answer.body).not.toContain('evil');
    expect((await test.store.videos.counts()).pending).toBe(0);
    expect(test.lines).toEqual([]);
  });

  it.each([
    ['no boundary', 'multipart/form-data', '--x--\r\n'],
    ['no end', 'multipart/form-data; boundary=x', '--x\r\nContent-Disposition: form-data; name="model"\r\n\r\na'],
    ['no form', 'multipart/form-data; boundary=x', '{"model":"a"}'],
    ['nothing', 'multipart/form-data; boundary=x', ''],
    ['no names', 'multipart/form-data; boundary=x', '--x\r\n\r\na\r\n--x--\r\n'],
  ])('that is none is refused: %s', async (_what, type, payload) => {
    await using test = await testApp();
    const answer = await test.app.inject({
      method: 'POST',
      url: '/v1/videos',
      headers: { ...bearer(test.alice), 'content-type': type },
      payload,
    });
    expect([answer.statusCode, errorObject.parse(answer.json()).error.code]).toEqual([400, 'invalid_request']);
    expect(test.lines).toEqual([]);
  });
});
