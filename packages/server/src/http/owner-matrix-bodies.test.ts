import { afterAll, describe, expect, it } from 'vitest';
import type { OwnerId } from '../domain/id.ts';
import { ASK, bearer, testApp } from './app.fixture.ts';
import { ASYNC, bytesOf, createCells, NOBODY, oneFile, oneVideo, parametersOf, traits } from './matrix.fixture.ts';
import type { RouteTrait } from './route.ts';

const { cell, told } = createCells();
afterAll(() => console.log(`owner matrix, what one sends: ${told()}`));

const all = await traits();

describe('another owner’s things in what one sends', () => {
  /** In every dialect: what names pictures that are kept here. */
  const wordings: readonly (readonly [string, (image: string) => object])[] = [
    ['/v1/videos', (image) => ({ ...ASK, images: ['sample_first', image] })],
    [
      '/openai/v1/videos',
      (image) => ({ model: ASK.model, prompt: 'a', input_reference: { image_url: image }, images: [image, image] }),
    ],
    [
      '/api/v1/services/aigc/image2video/video-synthesis',
      (image) => ({ model: ASK.model, input: { first_frame_url: image, last_frame_url: image } }),
    ],
    [
      '/api/v1/services/aigc/video-generation/video-synthesis',
      (image) => ({
        model: ASK.model,
        input: {
          media: [
            { type: 'first_frame', url: image },
            { type: 'last_frame', url: image },
          ],
        },
      }),
    ],
    [
      '/openrouter/api/v1/videos',
      (image) => ({
        model: ASK.model,
        prompt: 'a',
        frame_images: ['first_frame', 'last_frame'].map((frame_type) => ({
          type: 'image_url',
          image_url: { url: image },
          frame_type,
        })),
      }),
    ],
  ];
  const creates = all.filter(({ method, access, body, path }) => {
    const makesVideos = method === 'POST' && access === 'videos:create' && body === 'posted';
    return makesVideos && parametersOf({ path } as RouteTrait) === '' && !path.endsWith('/files');
  });

  it('is tried at every address that makes videos', () => {
    expect(wordings.map(([path]) => path).toSorted()).toEqual(creates.map(({ path }) => path).toSorted());
  });

  it.each(wordings)('%s: is as if it were not there', async (url, body) => {
    await using test = await testApp();
    const file = await oneFile(test);
    const video = await oneVideo(test);
    await test.worker.succeed(video);
    const pairs = [
      [file, 'file_00000000000000000000000000'],
      [`${video}:output_last_frame`, `${NOBODY}:output_last_frame`],
    ] as const;
    for (const [hers, never] of pairs) {
      const ask = async (image: string, key: string) => {
        const headers = { ...bearer(key), ...ASYNC };
        const answer = await test.app.inject({ method: 'POST', url, headers, payload: body(image) });
        const named = image.split(':')[0] ?? '';
        return bytesOf({ ...answer, headers: {}, body: answer.body.replaceAll(named, 'NAME') }, image);
      };
      const theirs = await ask(hers, test.bob);
      expect(theirs).toBe(await ask(never, test.bob));
      expect(theirs.slice(0, 3)).toBe('400');
      expect((await test.store.videos.list('bob' as OwnerId, { limit: 10, order: 'desc' })).items).toEqual([]);
      cell('other owner’s picture');
    }
  });

  const lists = ['/v1/videos', '/openai/v1/videos', '/v1/files', '/openai/v1/files'] as const;
  it.each(lists)('%s: a place in another owner’s list is no place', async (url) => {
    await using test = await testApp();
    const files = url.endsWith('files');
    const hers = files ? await oneFile(test) : await oneVideo(test);
    const ask = async (after: string) =>
      bytesOf(await test.app.inject({ url: `${url}?after=${after}`, headers: bearer(test.bob) }), after);
    expect(await ask(hers)).toBe(await ask(files ? 'file_00000000000000000000000000' : NOBODY));
    const list = await test.app.inject({ url, headers: bearer(test.bob) });
    expect(list.json()).toMatchObject({ object: 'list', data: [], has_more: false });
    cell('other owner’s list');
  });

  it('/v1/usage: another owner’s key is no key', async () => {
    await using test = await testApp();
    await oneVideo(test);
    const [key] = await test.store.keys.list('alice' as OwnerId);
    const reader = await test.keyOf('bob', ['videos:read']);
    const ask = async (id: string) =>
      bytesOf(await test.app.inject({ url: `/v1/usage?api_key=${id}`, headers: bearer(reader) }), id);
    const theirs = await ask(key?.id ?? '');
    expect(theirs).toBe(await ask(`key_${'0'.repeat(26)}`));
    expect(theirs.slice(0, 3)).toBe('200');
    expect((await test.app.inject({ url: '/v1/usage?owner=alice', headers: bearer(reader) })).statusCode).toBe(403);
    cell('other owner’s list');
  });

  it('an Idempotency-Key is one owner’s', async () => {
    await using test = await testApp();
    const ask = async (key: string) => {
      const headers = { ...bearer(key), 'idempotency-key': 'the same' };
      return test.app.inject({ method: 'POST', url: '/v1/videos', headers, payload: ASK });
    };
    const [hers, his] = [await ask(test.alice), await ask(test.bob)];
    expect(his.statusCode).toBe(200);
    expect(his.headers['idempotency-replayed']).toBeUndefined();
    expect(his.json<{ id: string }>().id).not.toBe(hers.json<{ id: string }>().id);
    cell('other owner’s idempotency key');
  });

  it('nobody gives themselves an owner, a scope, a state or a price', async () => {
    await using test = await testApp();
    const more = {
      owner: 'bob',
      scopes: ['admin'],
      status: 'succeeded',
      backend: 'other',
      price: 0,
      url: 'x',
      id: 'y',
    };
    const made = await test.app.inject({
      method: 'POST',
      url: '/v1/videos',
      headers: bearer(test.alice),
      payload: { ...ASK, ...more },
    });
    expect(made.json()).toMatchObject({ status: 'pending', url: null, metadata: { backend: 'renderer' } });
    expect((await test.store.videos.list('bob' as OwnerId, { limit: 10, order: 'desc' })).items).toEqual([]);
    cell('mass assignment');
  });
});
