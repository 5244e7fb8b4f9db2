import { connect } from 'node:net';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, type CallWish, createApi, MODEL, type ShownVideo } from '../support/api.ts';
import { dataUrl } from '../support/paintings.ts';
import {
  ASK,
  expectRefusal,
  idsOf,
  invalid,
  json,
  openRefusalStage,
  post,
  type RefusalStage,
  type Row,
} from '../support/refusals.ts';
import { runInbetween } from '../support/server-process.ts';

/** What else can be wrong with a request: its body, its key, its address, its headers, and whose video it is about. */

const NOBODY = 'video_00000000000000000000000000';

let stage: RefusalStage;
/** A second owner with a video of theirs. */
let bob: Api;
let theirs: ShownVideo;
let finished: ShownVideo;
let cancelled: ShownVideo;
let known: readonly string[];

beforeAll(async () => {
  stage = await openRefusalStage();
  const { api, muteUrl, scratch } = stage;
  const made = await runInbetween(['keys', 'create', '--owner', 'bob', '--json', '--data-dir', scratch.data]);
  expect([made.code, made.err]).toEqual([0, '']);
  bob = createApi(api.url, (JSON.parse(made.out) as { secret: string }).secret);

  const same = dataUrl(
    await sharp({ create: { width: 640, height: 360, channels: 3, background: '#336699' } })
      .png()
      .toBuffer(),
  );
  finished = await api.create({ ...ASK, images: [same, same] });
  cancelled = await api.create({ ...ASK, images: [muteUrl, 'sample_last'] });
  expect((await api.cancel(cancelled.id)).status).toBe(200);
  theirs = await bob.create({ ...ASK, images: [muteUrl, 'sample_last'] });
  finished = await api.succeeded(finished.id);
  known = await idsOf(api, bob);
});
afterAll(() => stage?.close());

const withKey = (key: string | null): CallWish => ({ key });
const authorization = (value: string): CallWish => ({ key: null, headers: { authorization: value } });
const idempotent = (key: string): CallWish => post(JSON.stringify(ASK), { ...json, 'idempotency-key': key });
const ranged = (range: string): CallWish => ({ headers: { range } });
const form = (...parts: readonly (readonly [name: string, value: string | Uint8Array<ArrayBuffer>])[]): CallWish => {
  const body = new FormData();
  for (const [name, value] of parts) {
    if (typeof value === 'string') body.append(name, value);
    else body.append(name, new Blob([value]), 'picture.png');
  }
  return { method: 'POST', body };
};

/** Everything else that can be wrong with a request. */
const calls: readonly (readonly [...Row, path: () => string, wish?: CallWish])[] = [
  // bodies
  [...invalid('broken JSON', null, 'invalid_json'), () => '/v1/videos', post('{"model": ')],
  [...invalid('JSON with a comma too many', null, 'invalid_json'), () => '/v1/videos', post('{"model":"a",}')],
  [...invalid('an empty body', null, 'invalid_json'), () => '/v1/videos', post('')],
  [
    ...invalid('bytes that are no UTF-8', null, 'invalid_json'),
    () => '/v1/videos',
    post(new Uint8Array([0x22, 0xff, 0x22])),
  ],
  [
    'XML',
    415,
    'unsupported_media_type',
    'Content-Type',
    () => '/v1/videos',
    post('<a/>', { 'content-type': 'text/xml' }),
  ],
  [
    'a text',
    415,
    'unsupported_media_type',
    'Content-Type',
    () => '/v1/videos',
    post(JSON.stringify(ASK), { 'content-type': 'text/plain' }),
  ],
  [
    'a form of the old kind',
    415,
    'unsupported_media_type',
    'Content-Type',
    () => '/v1/videos',
    post('model=a', { 'content-type': 'application/x-www-form-urlencoded' }),
  ],
  ['no body', 415, 'unsupported_media_type', 'Content-Type', () => '/v1/videos', { method: 'POST' }],
  [
    'JSON in another charset',
    415,
    'unsupported_media_type',
    'Content-Type',
    () => '/v1/videos',
    post('{}', { 'content-type': 'application/json; charset=utf-16' }),
  ],
  [
    'a compressed body',
    415,
    'unsupported_media_type',
    'Content-Type',
    () => '/v1/videos',
    post('{}', { ...json, 'content-encoding': 'gzip' }),
  ],
  ['more than 28 MiB', 413, 'request_too_large', null, () => '/v1/videos', post(' '.repeat(28 * 2 ** 20 + 1))],
  [
    ...invalid('a form without a boundary', null),
    () => '/v1/videos',
    post('--x--', { 'content-type': 'multipart/form-data' }),
  ],
  [...invalid('a form without pictures', 'images', 'missing_field'), () => '/v1/videos', form(['model', MODEL])],
  [
    ...invalid('a form with one picture', 'images'),
    () => '/v1/videos',
    form(['model', MODEL], ['images[]', 'sample_first']),
  ],
  [
    ...invalid('a form with "yes"', 'watermark'),
    () => '/v1/videos',
    form(['model', MODEL], ['images[]', 'sample_first'], ['images[]', 'sample_last'], ['watermark', 'yes']),
  ],
  [
    ...invalid('a form with a file that is no picture', 'images[1]', 'invalid_image'),
    () => '/v1/videos',
    form(['model', MODEL], ['images[]', 'sample_first'], ['images[]', new Uint8Array(500)]),
  ],

  // keys
  ['no key', 401, 'missing_api_key', 'Authorization', () => '/v1/videos', withKey(null)],
  ['a wrong key', 401, 'invalid_api_key', null, () => '/v1/videos', withKey('acceptance-key-0002')],
  ['a beginning of the key', 401, 'invalid_api_key', null, () => '/v1/videos', withKey('acceptance-key-000')],
  [
    'Basic',
    401,
    'invalid_api_key',
    'Authorization',
    () => '/v1/videos',
    authorization('Basic YWNjZXB0YW5jZS1rZXktMDAwMTo='),
  ],
  ['the key alone', 401, 'invalid_api_key', 'Authorization', () => '/v1/videos', authorization('acceptance-key-0001')],
  [
    'the key in another header',
    401,
    'missing_api_key',
    'Authorization',
    () => '/v1/videos',
    { key: null, headers: { 'x-api-key': 'acceptance-key-0001' } },
  ],
  [
    'the key in the address',
    401,
    'missing_api_key',
    'Authorization',
    () => '/v1/videos?key=acceptance-key-0001',
    withKey(null),
  ],
  [
    'a create without a key',
    401,
    'missing_api_key',
    'Authorization',
    () => '/v1/videos',
    { ...post(JSON.stringify(ASK)), key: null },
  ],
  [
    'a file without a key',
    401,
    'missing_api_key',
    'Authorization',
    () => `/v1/videos/${finished.id}/content`,
    withKey(null),
  ],
  ['metrics without a key', 401, 'missing_api_key', 'Authorization', () => '/metrics', withKey(null)],

  // idempotency keys
  [...invalid('an empty Idempotency-Key', 'Idempotency-Key'), () => '/v1/videos', idempotent('')],
  [...invalid('an Idempotency-Key of 256', 'Idempotency-Key'), () => '/v1/videos', idempotent('k'.repeat(256))],
  [...invalid('an Idempotency-Key that is no ASCII', 'Idempotency-Key'), () => '/v1/videos', idempotent('clé')],

  // the list
  [...invalid('limit 0', 'limit'), () => '/v1/videos?limit=0'],
  [...invalid('limit 101', 'limit'), () => '/v1/videos?limit=101'],
  [...invalid('limit -1', 'limit'), () => '/v1/videos?limit=-1'],
  [...invalid('limit in words', 'limit'), () => '/v1/videos?limit=all'],
  [...invalid('limit twice', 'limit'), () => '/v1/videos?limit=1&limit=2'],
  [...invalid('a cursor that is none', 'after'), () => '/v1/videos?after=2'],
  [...invalid('a cursor that opens a quote', 'after'), () => `/v1/videos?after=${encodeURIComponent("' OR 1=1 --")}`],
  [...invalid('an unknown order', 'order'), () => '/v1/videos?order=up'],
  [...invalid('an unknown status', 'status'), () => '/v1/videos?status=completed'],
  [...invalid('a tag without a value', 'tag'), () => '/v1/videos?tag=project'],
  [...invalid('an unknown filter', 'colour'), () => '/v1/videos?colour=red'],

  // addresses
  ['an unknown address', 404, 'not_found', null, () => '/v1/vidoes'],
  ['an unknown model', 404, 'not_found', 'name', () => '/v1/models/wan9'],
  [...invalid('a broken percent sign', null), () => '/v1/videos/%zz'],
  ['PUT', 405, 'method_not_allowed', null, () => '/v1/videos', { method: 'PUT' }],
  ['DELETE of all', 405, 'method_not_allowed', null, () => '/v1/videos', { method: 'DELETE' }],
  ['PATCH of a video', 405, 'method_not_allowed', null, () => `/v1/videos/${finished.id}`, { method: 'PATCH' }],
  ['POST to a video', 405, 'method_not_allowed', null, () => `/v1/videos/${finished.id}`, { method: 'POST' }],
  ['POST to a file', 405, 'method_not_allowed', null, () => `/v1/videos/${finished.id}/content`, { method: 'POST' }],
  ['GET of cancel', 405, 'method_not_allowed', null, () => `/v1/videos/${finished.id}/cancel`],

  // states
  ['the file of a pending video', 409, 'video_not_ready', 'variant', () => `/v1/videos/${stage.pending.id}/content`],
  [
    'the first frame of a pending video',
    409,
    'video_not_ready',
    'variant',
    () => `/v1/videos/${stage.pending.id}/content?variant=first_frame`,
  ],
  ['the file of a cancelled video', 409, 'no_content', 'variant', () => `/v1/videos/${cancelled.id}/content`],
  [...invalid('a file nobody has', 'variant'), () => `/v1/videos/${finished.id}/content?variant=gif`],
  [
    'the cancel of a finished video',
    409,
    'already_finished',
    null,
    () => `/v1/videos/${finished.id}/cancel`,
    { method: 'POST' },
  ],
  [
    'a range behind the end',
    416,
    'range_not_satisfiable',
    'Range',
    () => `/v1/videos/${finished.id}/content`,
    ranged('bytes=99999999-'),
  ],
  [
    'the last 0 bytes',
    416,
    'range_not_satisfiable',
    'Range',
    () => `/v1/videos/${finished.id}/content`,
    ranged('bytes=-0'),
  ],
  [
    'a forged signature',
    403,
    'invalid_signature',
    'sig',
    () => `/v1/videos/${finished.id}/content?exp=9999999999&kid=1&sig=x`,
    withKey(null),
  ],
];

/** Ids that name no video of the caller, on each route that takes one. */
const strangers: readonly (readonly [what: string, id: () => string])[] = [
  ['an id nobody has', () => NOBODY],
  ["another owner's id", () => theirs.id],
  ['an id in capitals', () => finished.id.toUpperCase()],
  ['an id too short', () => finished.id.slice(0, -1)],
  ['an id with an end', () => `${finished.id}.mp4`],
  ['a number', () => '1'],
  ['a word', () => '__proto__'],
  ['a way up', () => '..%2f..%2fetc%2fpasswd'],
  ['a null character', () => `${finished.id}%00`],
  ['a quote', () => `'%20OR%201=1--`],
  ['very much', () => 'v'.repeat(3000)],
];
const routes = [
  ['GET', ''],
  ['DELETE', ''],
  ['GET', '/content'],
  ['GET', '/content?variant=first_frame'],
  ['POST', '/cancel'],
] as const;

/** Pictures that no finished video of the caller has made. */
const outputs: readonly (readonly [what: string, picture: () => string])[] = [
  ['the output of no video', () => `${NOBODY}:output_last_frame`],
  ['the output of a malformed id', () => 'video_1:output_last_frame'],
  ["the output of another owner's video", () => `${theirs.id}:output_last_frame`],
  ['the output of a video that is not finished', () => `${stage.pending.id}:output_last_frame`],
  ['another file of a video', () => `${finished.id}:first_frame`],
];

describe('a create is refused', () => {
  it.each(outputs)('with %s', async (_what, picture) => {
    expectRefusal(
      await stage.api.post({ ...ASK, images: [picture(), 'sample_last'] }),
      400,
      'invalid_image',
      'images[0]',
    );
    expectRefusal(
      await stage.api.post({ ...ASK, images: ['sample_first', picture()] }),
      400,
      'invalid_image',
      'images[1]',
    );
  });
});

describe('a call is refused', () => {
  const rows = calls.map(([what, status, code, param, path, wish = {}]) => ({ what, status, code, param, path, wish }));

  it.each(rows)('$what → $status $code $param', async ({ status, code, param, path, wish }) => {
    const answer = await stage.api.call(path(), wish);
    expectRefusal(answer, status, code, param);
    if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/^[A-Z, ]+$/);
    if (code === 'video_not_ready') expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it.each(strangers)('%s, on every route alike', async (_what, id) => {
    const unknown = await stage.api.call(`/v1/videos/${NOBODY}`);
    for (const [method, rest] of routes) {
      const answer = await stage.api.call(`/v1/videos/${id()}${rest}`, { method });
      expect(answer.status, `${method} ${rest}`).toBe(404);
      expect(answer.json()).toMatchObject({ error: { code: 'not_found' } });
      // What is not yours and what is not there differ by the id you sent, and by nothing else.
      if (id() === theirs.id) {
        const told = answer.text().replaceAll(theirs.id, NOBODY);
        expect(told).toBe(unknown.text());
      }
    }
    expect((await bob.find(theirs.id)).status).toBe('pending');
  });

  it('what is no HTTP is answered and hung up on', async () => {
    const { port } = new URL(stage.api.url);
    const text = await new Promise<string>((done, fail) => {
      let heard = '';
      const socket = connect(Number(port), '127.0.0.1', () => socket.write('HELO video\r\n\r\n'));
      socket.setEncoding('utf8').on('data', (part: string) => {
        heard += part;
      });
      socket.once('close', () => done(heard)).once('error', fail);
    });
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain('"code":"invalid_request"');
  });
});

describe('after all of this', () => {
  it('there is nothing that was not there before', async () => {
    expect(await idsOf(stage.api, bob)).toEqual(known);
    expect((await stage.api.find(stage.pending.id)).status).toBe('pending');
    expect((await stage.api.find(finished.id)).status).toBe('succeeded');
    expect((await stage.api.call('/readyz', { key: null })).json()).toMatchObject({ status: 'ready' });
  });
});
