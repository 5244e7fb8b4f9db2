import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ShownVideo } from '../support/api.ts';
import { dataUrl } from '../support/paintings.ts';
import { pngHeader } from '../support/pictures.ts';
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
  SAMPLES,
} from '../support/refusals.ts';

/** What a create may not be, field by field and picture by picture, and what is just within the limits. */

let stage: RefusalStage;
let known: readonly string[];

beforeAll(async () => {
  stage = await openRefusalStage();
  known = await idsOf(stage.api);
});
afterAll(() => stage?.close());

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

describe('a create is refused', () => {
  it.each(asks)('%s → %i %s %s', async (_what, status, code, param, body) => {
    expectRefusal(await stage.api.post(await body()), status, code, param);
  });

  it.each(pictures)('with %s → %s', async (_what, code, picture) => {
    const text = await picture();
    expectRefusal(await stage.api.post({ ...ASK, images: [text, 'sample_last'] }), 400, code, 'images[0]');
    if (text.length > 10_000) return;
    expectRefusal(await stage.api.post({ ...ASK, images: ['sample_first', text] }), 400, code, 'images[1]');
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
    const init = {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { authorization: `Bearer ${stage.api.key}`, ...json },
    };
    // A peer that goes on sending may see the connection end before it sees the answer.
    const answer = await fetch(`${stage.api.url}/v1/videos`, init as RequestInit).catch(() => undefined);
    if (answer !== undefined) {
      expect(answer.status).toBe(413);
      expect(await answer.json()).toMatchObject({ error: { code: 'request_too_large' } });
    }
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
    const created = await stage.api.create(await body());
    await stage.forget(created.id);
    expect(created).toMatchObject({ object: 'video', ...shown });
  });

  it('with a body of 28 MiB and an Idempotency-Key of 255', async () => {
    const text = JSON.stringify(ASK);
    const body = text + ' '.repeat(28 * 2 ** 20 - text.length);
    const answer = await stage.api.call('/v1/videos', post(body, { ...json, 'idempotency-key': '~'.repeat(255) }));
    expect(answer.status).toBe(200);
    await stage.forget(answer.json<ShownVideo>().id);
  });
});

describe('after all of this', () => {
  it('there is nothing that was not there before', async () => {
    expect(await idsOf(stage.api)).toEqual(known);
    expect((await stage.api.find(stage.pending.id)).status).toBe('pending');
    expect((await stage.api.call('/readyz', { key: null })).json()).toMatchObject({ status: 'ready' });
  });
});

function manyTags(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${String(n).padStart(2, '0')}`, 'v']));
}
