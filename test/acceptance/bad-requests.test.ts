import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Api, type CallWish, createApi, MODEL, type ShownVideo } from '../support/api.ts';
import { dataUrl } from '../support/paintings.ts';
import { pngHeader } from '../support/pictures.ts';
import {
  leftoversIn,
  makeScratch,
  runInbetween,
  type Scratch,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** What must be refused, and what is just within the limits, against one running server. */

let scratch: Scratch;
let server: ServerProcess;
let api: Api;
/** A server that accepts connections and never answers: whoever waits for its picture stays `pending`. */
let mute: Server;
let muteUrl: string;
/** A second owner with a video of theirs. */
let bob: Api;
let theirs: ShownVideo;
let pending: ShownVideo;
let finished: ShownVideo;
let cancelled: ShownVideo;
let known: readonly string[];

const SAMPLES = ['sample_first', 'sample_last'];
const ASK = { model: MODEL, images: SAMPLES, size: '480P' };
const NOBODY = 'video_00000000000000000000000000';

beforeAll(async () => {
  scratch = makeScratch();
  mute = createServer(() => undefined);
  await new Promise<void>((done) => {
    mute.listen(0, '127.0.0.1', done);
  });
  const { port } = mute.address() as AddressInfo;
  muteUrl = `http://127.0.0.1:${port}/slow.png`;
  server = await startServer(scratch, { env: { INBETWEEN_FETCH_ALLOW: `127.0.0.1:${port}` } });
  api = server.api;
  const made = await runInbetween(['keys', 'create', '--owner', 'bob', '--json', '--data-dir', scratch.data]);
  expect([made.code, made.err]).toEqual([0, '']);
  bob = createApi(server.url, (JSON.parse(made.out) as { secret: string }).secret);

  const same = dataUrl(
    await sharp({ create: { width: 640, height: 360, channels: 3, background: '#336699' } })
      .png()
      .toBuffer(),
  );
  finished = await api.create({ ...ASK, images: [same, same] });
  cancelled = await api.create({ ...ASK, images: [muteUrl, 'sample_last'] });
  expect((await api.cancel(cancelled.id)).status).toBe(200);
  pending = await api.create({ ...ASK, images: [muteUrl, 'sample_last'] });
  theirs = await bob.create({ ...ASK, images: [muteUrl, 'sample_last'] });
  finished = await api.succeeded(finished.id);
  known = await idsOfAll();
});

afterAll(async () => {
  mute?.closeAllConnections();
  mute?.close();
  expect(await server?.stop()).toEqual({ code: 0, signal: null });
  // Nobody's mistake is worth a line in our log, let alone a stack.
  expect(server.err().replace(/^SIGTERM: .*\n/m, '')).toBe('');
  await until('no process left', () => leftoversIn(scratch).length === 0);
  await scratch[Symbol.asyncDispose]();
});

async function idsOfAll(): Promise<readonly string[]> {
  return [...(await api.list()), ...(await bob.list())].map(({ id }) => id).toSorted();
}

/** One answer in the one envelope, which names no path, no key and no stack. */
function expectRefusal(answer: Answer, status: number, code: string, param: string | null): void {
  expect([answer.status, answer.text()], answer.text()).toEqual([status, expect.any(String)]);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  const body = answer.json<{ error: { message: string } }>();
  expect(body).toEqual({
    error: {
      message: expect.stringMatching(/\S{3}.*[.…]$/s),
      type: expect.stringMatching(/^[a-z_]+_error$/),
      param,
      code,
    },
  });
  expect(body.error.message.length).toBeLessThan(500);
  expect(body.error.message).not.toMatch(/node_modules|\.ts:|\/tmp\/|acceptance-key| {4}at /);
}

type Row = readonly [what: string, status: number, code: string, param: string | null];
const invalid = (what: string, param: string | null, code = 'invalid_request'): Row => [what, 400, code, param];
const json = { 'content-type': 'application/json' };

/** A body that stands in for `ASK`, changed. */
const asks: readonly (readonly [...Row, body: () => unknown | Promise<unknown>])[] = [
  [...invalid('no body at all', null), () => null],
  [...invalid('a list', null), () => [ASK]],
  [...invalid('a text', null), () => 'video'],
  [...invalid('an empty object', 'model', 'missing_field'), () => ({})],
  [...invalid('no model', 'model', 'missing_field'), () => ({ ...ASK, model: undefined })],
  [...invalid('model null', 'model', 'missing_field'), () => ({ ...ASK, model: null })],
  [...invalid('model a number', 'model'), () => ({ ...ASK, model: 22 })],
  [...invalid('an unknown model', 'model', 'unknown_model'), () => ({ ...ASK, model: 'wan2.7-i2v' })],
  [...invalid('a model of another case', 'model', 'unknown_model'), () => ({ ...ASK, model: 'WAN2.2-KF2V-FLASH' })],
  [...invalid('a name every object has', 'model', 'unknown_model'), () => ({ ...ASK, model: 'constructor' })],

  [...invalid('no images', 'images', 'missing_field'), () => ({ ...ASK, images: undefined })],
  [...invalid('images a text', 'images'), () => ({ ...ASK, images: 'sample_first' })],
  [
    ...invalid('images an object', 'images'),
    () => ({ ...ASK, images: { first: 'sample_first', last: 'sample_last' } }),
  ],
  [...invalid('0 images', 'images'), () => ({ ...ASK, images: [] })],
  [...invalid('1 image', 'images'), () => ({ ...ASK, images: ['sample_first'] })],
  [...invalid('3 images', 'images'), () => ({ ...ASK, images: [...SAMPLES, 'sample_first'] })],
  [...invalid('an image that is a number', 'images[1]'), () => ({ ...ASK, images: ['sample_first', 7] })],
  [...invalid('an image that is null', 'images[0]'), () => ({ ...ASK, images: [null, 'sample_last'] })],
  [...invalid('an image that is an object', 'images[0]'), () => ({ ...ASK, images: [{ url: 'x' }, 'sample_last'] })],

  [...invalid('prompt a number', 'prompt'), () => ({ ...ASK, prompt: 5 })],
  [...invalid('prompt of 801 Chinese characters', 'prompt'), () => ({ ...ASK, prompt: '猫'.repeat(801) })],
  [...invalid('prompt of 801 emoji', 'prompt'), () => ({ ...ASK, prompt: '🐈'.repeat(801) })],
  [...invalid('prompt with a null character', 'prompt'), () => ({ ...ASK, prompt: 'a\0b' })],
  [...invalid('prompt with half a character', 'prompt'), () => ({ ...ASK, prompt: 'a\ud83d' })],
  [...invalid('negative_prompt of 501', 'negative_prompt'), () => ({ ...ASK, negative_prompt: 'ä'.repeat(501) })],
  [...invalid('negative_prompt a list', 'negative_prompt'), () => ({ ...ASK, negative_prompt: ['ugly'] })],

  [...invalid('seconds "4"', 'seconds'), () => ({ ...ASK, seconds: '4' })],
  [...invalid('seconds 10', 'seconds'), () => ({ ...ASK, seconds: 10 })],
  [...invalid('seconds 5.5', 'seconds'), () => ({ ...ASK, seconds: 5.5 })],
  [...invalid('seconds in words', 'seconds'), () => ({ ...ASK, seconds: 'five' })],
  [...invalid('seconds true', 'seconds'), () => ({ ...ASK, seconds: true })],
  [...invalid('a size nobody has', 'size', 'unsupported_size'), () => ({ ...ASK, size: '360P' })],
  [...invalid('a size in pixels', 'size', 'unsupported_size'), () => ({ ...ASK, size: '1280x720' })],
  [...invalid('an empty size', 'size', 'unsupported_size'), () => ({ ...ASK, size: '' })],
  [...invalid('size a number', 'size'), () => ({ ...ASK, size: 720 })],
  [...invalid('480P of plus', 'size', 'unsupported_size'), () => ({ ...ASK, model: 'wan2.1-kf2v-plus', size: '480P' })],
  [
    ...invalid('1080P of plus', 'size', 'unsupported_size'),
    () => ({ ...ASK, model: 'wan2.1-kf2v-plus', size: '1080P' }),
  ],
  [...invalid('prompt_extend a text', 'prompt_extend'), () => ({ ...ASK, prompt_extend: 'true' })],
  [...invalid('watermark 1', 'watermark'), () => ({ ...ASK, watermark: 1 })],
  [...invalid('seed -1', 'seed'), () => ({ ...ASK, seed: -1 })],
  [...invalid('seed 2^31', 'seed'), () => ({ ...ASK, seed: 2 ** 31 })],
  [...invalid('seed 1.5', 'seed'), () => ({ ...ASK, seed: 1.5 })],
  [...invalid('seed a text', 'seed'), () => ({ ...ASK, seed: '42' })],
  [...invalid('tags a list', 'tags'), () => ({ ...ASK, tags: ['a'] })],
  [...invalid('a tag that is a number', 'tags[a]'), () => ({ ...ASK, tags: { a: 1 } })],
  [...invalid('17 tags', 'tags'), () => ({ ...ASK, tags: manyTags(17) })],
  [...invalid('a tag key of 65', 'tags'), () => ({ ...ASK, tags: { ['k'.repeat(65)]: 'v' } })],
  [...invalid('a tag value of 257', 'tags'), () => ({ ...ASK, tags: { k: 'v'.repeat(257) } })],
];

const png = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#888888' } })
    .png({ compressionLevel: 9 })
    .toBuffer();
const bytes = (text: string) => Buffer.from(text, 'latin1');

/** Pictures that are refused before anything is stored; each stands first, and some of them last too. */
const pictures: readonly (readonly [what: string, code: string, picture: () => string | Promise<string>])[] = [
  ['nothing', 'invalid_image', () => ''],
  ['a word', 'invalid_image', () => 'kitten'],
  ['a file name', 'invalid_image', () => '/etc/passwd'],
  ['a file: address', 'invalid_image', () => 'file:///etc/passwd'],
  ['an ftp: address', 'invalid_image', () => 'ftp://example.com/a.png'],
  ['an oss: address', 'invalid_image', () => 'oss://dashscope-instant/a.png'],
  ['an address without a host', 'invalid_image', () => 'http://'],
  ['an address of 8193 characters', 'invalid_image', () => `https://example.com/${'a'.repeat(8193)}`],
  ['the address of a cloud', 'url_not_allowed', () => 'http://169.254.169.254/latest/meta-data'],
  ['loopback on another port', 'url_not_allowed', () => 'http://127.0.0.1:1/a.png'],
  ['loopback in another spelling', 'url_not_allowed', () => 'http://2130706433/a.png'],
  ['loopback of IPv6', 'url_not_allowed', () => 'http://[::1]/a.png'],
  ['loopback of IPv4 in IPv6', 'url_not_allowed', () => 'http://[::ffff:127.0.0.1]/a.png'],
  ['a private network', 'url_not_allowed', () => 'https://10.0.0.7/a.png'],
  ['a file that was never uploaded', 'invalid_image', () => 'file_0000'],
  ['the output of no video', 'invalid_image', () => `${NOBODY}:output_last_frame`],
  ['the output of a malformed id', 'invalid_image', () => 'video_1:output_last_frame'],
  ["the output of another owner's video", 'invalid_image', () => `${theirs.id}:output_last_frame`],
  ['the output of a video that is not finished', 'invalid_image', () => `${pending.id}:output_last_frame`],
  ['another file of a video', 'invalid_image', () => `${finished.id}:first_frame`],
  [
    'base64 with a hole',
    'invalid_image',
    async () => `data:image/png;base64,${(await png(300, 300)).toString('base64').replace(/.{40}$/, '*'.repeat(40))}`,
  ],
  [
    'bare base64 of text',
    'invalid_image',
    () => bytes('not a picture, however long it is. '.repeat(4)).toString('base64'),
  ],
  ['a data: URL that is not base64', 'invalid_image', () => 'data:image/png,%89PNG'],
  ['an empty data: URL', 'invalid_image', () => 'data:image/png;base64,'],
  [
    'a GIF',
    'invalid_image',
    async () =>
      dataUrl(
        await sharp(await png(300, 300))
          .gif()
          .toBuffer(),
        'image/gif',
      ),
  ],
  [
    'a GIF that says it is a PNG',
    'invalid_image',
    async () =>
      dataUrl(
        await sharp(await png(300, 300))
          .gif()
          .toBuffer(),
      ),
  ],
  [
    'a TIFF',
    'invalid_image',
    async () =>
      dataUrl(
        await sharp(await png(300, 300))
          .tiff()
          .toBuffer(),
      ),
  ],
  [
    'an AVIF',
    'invalid_image',
    async () =>
      dataUrl(
        await sharp(await png(300, 300))
          .avif({ effort: 0 })
          .toBuffer(),
      ),
  ],
  [
    'an SVG',
    'invalid_image',
    () => dataUrl(bytes('<svg xmlns="http://www.w3.org/2000/svg" width="300" height="300"/>'), 'image/svg+xml'),
  ],
  ['a PDF', 'invalid_image', () => dataUrl(bytes('%PDF-1.7\n'.padEnd(200)))],
  ['an HTML page', 'invalid_image', () => dataUrl(bytes('<!doctype html><title>404</title>'.padEnd(200)))],
  ['the beginning of a PNG', 'invalid_image', async () => dataUrl((await png(300, 300)).subarray(0, 20))],
  [
    'the beginning of a JPEG',
    'invalid_image',
    async () =>
      dataUrl(
        (
          await sharp(await png(300, 300))
            .jpeg()
            .toBuffer()
        ).subarray(0, 60),
      ),
  ],
  [
    'the beginning of a WEBP',
    'invalid_image',
    async () =>
      dataUrl(
        (
          await sharp(await png(300, 300))
            .webp()
            .toBuffer()
        ).subarray(0, 16),
      ),
  ],
  ['a width of 239', 'invalid_image', async () => dataUrl(await png(239, 300))],
  ['a height of 239', 'invalid_image', async () => dataUrl(await png(300, 239))],
  ['a width of 8001', 'invalid_image', async () => dataUrl(await png(8001, 1100))],
  ['a height of 8001', 'invalid_image', async () => dataUrl(await png(1100, 8001))],
  ['8.1 times as wide', 'invalid_image', async () => dataUrl(await png(1944, 240))],
  ['8.1 times as high', 'invalid_image', async () => dataUrl(await png(240, 1944))],
  ['10,000,001 bytes', 'image_too_large', () => dataUrl(pngHeader(1280, 720, 10_000_001))],
];

const post = (body: string | Uint8Array<ArrayBuffer> | FormData, headers: Record<string, string> = json): CallWish => ({
  method: 'POST',
  headers,
  body,
});
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
  ['the file of a pending video', 409, 'video_not_ready', 'variant', () => `/v1/videos/${pending.id}/content`],
  [
    'the first frame of a pending video',
    409,
    'video_not_ready',
    'variant',
    () => `/v1/videos/${pending.id}/content?variant=first_frame`,
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

describe('a create is refused', () => {
  it.each(asks)('%s → %i %s %s', async (_what, status, code, param, body) => {
    expectRefusal(await api.post(await body()), status, code, param);
  });

  it.each(pictures)('with %s → %s', async (_what, code, picture) => {
    const text = await picture();
    expectRefusal(await api.post({ ...ASK, images: [text, 'sample_last'] }), 400, code, 'images[0]');
    if (text.length > 10_000) return;
    expectRefusal(await api.post({ ...ASK, images: ['sample_first', text] }), 400, code, 'images[1]');
  });

  it('when its body grows beyond 28 MiB without having said so', async () => {
    const piece = new Uint8Array(2 ** 20).fill(0x20);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(stream) {
        if (sent++ < 40) stream.enqueue(piece);
        else stream.close();
      },
    });
    const init = { method: 'POST', body, duplex: 'half', headers: { authorization: `Bearer ${api.key}`, ...json } };
    // A peer that goes on sending may see the connection end before it sees the answer.
    const answer = await fetch(`${api.url}/v1/videos`, init as RequestInit).catch(() => undefined);
    if (answer !== undefined) {
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ error: { code: 'request_too_large' } });
    }
  });
});

describe('a call is refused', () => {
  const rows = calls.map(([what, status, code, param, path, wish = {}]) => ({ what, status, code, param, path, wish }));

  it.each(rows)('$what → $status $code $param', async ({ status, code, param, path, wish }) => {
    const answer = await api.call(path(), wish);
    expectRefusal(answer, status, code, param);
    if (status === 401) expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    if (status === 405) expect(answer.headers.get('allow')).toMatch(/^[A-Z, ]+$/);
    if (code === 'video_not_ready') expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it.each(strangers)('%s, on every route alike', async (_what, id) => {
    const unknown = await api.call(`/v1/videos/${NOBODY}`);
    for (const [method, rest] of routes) {
      const answer = await api.call(`/v1/videos/${id()}${rest}`, { method });
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
    const { port } = new URL(api.url);
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

describe('just within the limits, a create is accepted', () => {
  const accepted: readonly (readonly [what: string, body: () => object | Promise<object>, shown?: object])[] = [
    ['800 Chinese characters', () => ({ ...ASK, prompt: '猫'.repeat(800) }), { prompt: '猫'.repeat(800) }],
    ['800 emoji', () => ({ ...ASK, prompt: '🐈'.repeat(800) }), { prompt: '🐈'.repeat(800) }],
    ['500 of what to avoid', () => ({ ...ASK, negative_prompt: '丑'.repeat(500) })],
    ['seed 0', () => ({ ...ASK, seed: 0 }), { seed: 0 }],
    ['seed 2^31-1', () => ({ ...ASK, seed: 2 ** 31 - 1 }), { seed: 2 ** 31 - 1 }],
    ['seconds 5', () => ({ ...ASK, seconds: 5 }), { seconds: '5' }],
    ['size in small letters', () => ({ ...ASK, size: '1080p' }), { size: '1080P' }],
    ['plus without a size', () => ({ model: 'wan2.1-kf2v-plus', images: SAMPLES }), { size: '720P' }],
    ['null for everything that may be absent', () => ({ ...ASK, prompt: null, seed: null, tags: null, size: null })],
    ['16 tags', () => ({ ...ASK, tags: manyTags(16) }), { tags: manyTags(16) }],
    ['a long tag', () => ({ ...ASK, tags: { ['k'.repeat(64)]: 'ü'.repeat(256) } })],
    ['240 by 240', async () => ({ ...ASK, images: [dataUrl(await png(240, 240)), 'sample_last'] })],
    ['8000 by 1000', async () => ({ ...ASK, images: [dataUrl(await png(8000, 1000)), 'sample_last'] })],
    ['1 to 8', async () => ({ ...ASK, images: [dataUrl(await png(240, 1920)), 'sample_last'] })],
    ['10,000,000 bytes', () => ({ ...ASK, images: [dataUrl(pngHeader(1280, 720, 10_000_000)), 'sample_last'] })],
  ];

  const rows = accepted.map(([what, body, shown = {}]) => ({ what, body, shown }));

  it.each(rows)('$what', async ({ body, shown }) => {
    const created = await api.create(await body());
    await forget(created.id);
    expect(created).toMatchObject({ object: 'video', ...shown });
  });

  it('with a body of 28 MiB and an Idempotency-Key of 255', async () => {
    const text = JSON.stringify(ASK);
    const body = text + ' '.repeat(28 * 2 ** 20 - text.length);
    const answer = await api.call('/v1/videos', post(body, { ...json, 'idempotency-key': '~'.repeat(255) }));
    expect(answer.status).toBe(200);
    await forget(answer.json<ShownVideo>().id);
  });
});

describe('after all of this', () => {
  it('there is nothing that was not there before', async () => {
    expect(await idsOfAll()).toEqual(known);
    expect((await api.find(pending.id)).status).toBe('pending');
    expect((await api.find(finished.id)).status).toBe('succeeded');
    expect((await api.call('/readyz', { key: null })).json()).toMatchObject({ status: 'ready' });
  });
});

async function forget(id: string): Promise<void> {
  const answer = await api.call(`/v1/videos/${id}`, { method: 'DELETE' });
  expect(answer.json()).toEqual({ id, object: 'video.deleted', deleted: true });
}

function manyTags(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${String(n).padStart(2, '0')}`, 'v']));
}
