import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as fc from 'fast-check';
import OpenAI, { toFile } from 'openai';
import { describe, expect, it } from 'vitest';
import { mp4, png, testApp } from '../../app.fixture.ts';
import { anyVideo } from '../any-video.fixture.ts';
import { goldenFiles, replay } from '../golden.fixture.ts';
import { openaiVideo } from './schema.ts';
import { readCreate, readRepeat, showVideo } from './translate.ts';

async function listening() {
  const test = await testApp();
  await test.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = test.app.server.address() as AddressInfo;
  return { ...test, client: new OpenAI({ baseURL: `http://127.0.0.1:${port}/openai/v1`, apiKey: test.alice }) };
}

type Create = OpenAI.Videos.VideoCreateParams;

describe('golden files', () => {
  it.each(goldenFiles(join(import.meta.dirname, 'golden')))('%s', async (_name, golden) => {
    await using test = await testApp();
    await replay(test, golden);
  });
});

describe('the official SDK for Node, unmodified', () => {
  it('creates, retrieves, lists page by page, downloads and deletes', async () => {
    await using test = await listening();
    const { client } = test;
    const frames = async () => [
      await toFile(png(1280, 720), 'first.png', { type: 'image/png' }),
      await toFile(png(720, 720), 'last.png', { type: 'image/png' }),
    ];
    const body = {
      prompt: 'a kitten',
      model: 'sora-2',
      seconds: '5',
      size: '720x1280',
      images: await frames(),
      watermark: true,
    };
    const made = await client.videos.create(body as unknown as Create);
    expect(openaiVideo.parse(made)).toMatchObject({ status: 'queued', model: 'wan2.2-kf2v-flash', prompt: 'a kitten' });
    const row = await test.store.videos.find(made.id as never);
    expect(row?.generation).toMatchObject({ watermark: true, size: '720P', wished: { width: 720, height: 1280 } });

    const twice = { prompt: 'b', input_reference: await frames() };
    const ids = [made.id];
    for (let n = 0; n < 4; n += 1) {
      test.advance(1);
      ids.unshift((await client.videos.create(twice as unknown as Create)).id);
    }
    const listed: string[] = [];
    for await (const video of client.videos.list({ limit: 2 })) listed.push(video.id);
    expect(listed).toEqual(ids);
    const [newest] = (await client.videos.list({ limit: 1, order: 'asc' })).data;
    expect(newest?.id).toBe(made.id);

    await test.worker.succeed(made.id, mp4(5_000));
    const { data, response } = await client.videos.retrieve(made.id).withResponse();
    expect(data).toMatchObject({ status: 'completed', progress: 100, size: '1280x720', error: null });
    expect(response.headers.get('openai-poll-after-ms')).toBeNull();
    const file = await client.videos.downloadContent(made.id);
    expect((await file.arrayBuffer()).byteLength).toBe(5_000);
    await expect(
      client.videos.downloadContent(made.id, { variant: 'spritesheet' }, { maxRetries: 0 }),
    ).rejects.toMatchObject({
      status: 409,
      code: 'no_content',
    });
    await expect(client.videos.remix(made.id, { prompt: 'again' })).rejects.toMatchObject({
      status: 400,
      code: 'not_supported',
    });
    expect(await client.videos.delete(made.id)).toEqual({ id: made.id, object: 'video.deleted', deleted: true });
    await expect(client.videos.retrieve(made.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    expect((await client.models.list()).data.map(({ id }) => id)).toContain('sora-2');
  });

  it('uploads a picture once and uses it by its id', async () => {
    await using test = await listening();
    const { client } = test;
    const file = await client.files.create({ file: await toFile(png(1280, 720), 'a.png'), purpose: 'vision' });
    expect(file).toMatchObject({ object: 'file', filename: 'a.png', purpose: 'vision', bytes: 64 });
    const made = await client.videos.create({ prompt: 'x', images: [file.id, file.id] } as unknown as Create);
    expect(made.status).toBe('queued');
    expect((await client.files.list()).data.map(({ id }) => id)).toEqual([file.id]);
    expect(await client.files.delete(file.id)).toMatchObject({ deleted: true });
  });
});

describe('in the words of OpenAI', () => {
  it('every video that can come about is one that the schema accepts', () => {
    fc.assert(
      fc.property(anyVideo(), (video) => {
        openaiVideo.strict().parse(JSON.parse(JSON.stringify(showVideo(video, () => 'http://127.0.0.1/a'))));
      }),
    );
  });

  it('a cancelled video has failed, and says why', async () => {
    await using test = await listening();
    const made = await test.client.videos.create({
      prompt: 'x',
      images: ['sample_first', 'sample_last'],
    } as unknown as Create);
    await test.parts.videos.cancel({ owner: 'alice' as never, apiKey: null, scopes: [] }, made.id);
    expect(await test.client.videos.retrieve(made.id)).toMatchObject({
      status: 'failed',
      error: { code: 'cancelled' },
    });
  });

  it.each([
    ['1280x720', '720P'],
    ['720x1280', '720P'],
    ['1024x1792', '1080P'],
    ['640x480', '480P'],
    ['16x16', '480P'],
  ])('%s is %s', (size, tier) => {
    const ask = readCreate({ size, images: ['a', 'b'] }, { first: 'm', aliases: {} });
    expect(ask.generation.size).toBe(tier);
  });

  it('a retry is what says so', () => {
    expect(['0', '1', '2', undefined, 'x', ['1']].map((header) => readRepeat(header))).toEqual([
      'first',
      'again',
      'again',
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a retry', () => {
  const create = (test: Awaited<ReturnType<typeof testApp>>, retries: string, prompt = 'same') =>
    test.app.inject({
      method: 'POST',
      url: '/openai/v1/videos',
      headers: { authorization: `Bearer ${test.alice}`, 'x-stainless-retry-count': retries },
      payload: { prompt, images: ['sample_first', 'sample_last'] },
    });

  it('finds the newest equal ask of the last 10 minutes, whatever came between', async () => {
    await using test = await testApp();
    const first = (await create(test, '0')).json<{ id: string }>().id;
    await create(test, '0', 'other');
    expect((await create(test, '1')).json()).toMatchObject({ id: first });
    test.advance(10 * 60_000);
    expect((await create(test, '2')).json()).toMatchObject({ id: first });
    test.advance(1);
    const late = (await create(test, '1')).json<{ id: string }>().id;
    expect(late).not.toBe(first);
    expect((await create(test, '2')).json()).toMatchObject({ id: late });
    await test.app.inject({
      method: 'DELETE',
      url: `/v1/videos/${late}`,
      headers: { authorization: `Bearer ${test.alice}` },
    });
    expect((await create(test, '2')).json<{ id: string }>().id).not.toBe(late);
  });

  it('that comes alone makes the video, once', async () => {
    await using test = await testApp();
    const both = await Promise.all([create(test, '1'), create(test, '1')]);
    expect(new Set(both.map((answer) => answer.json<{ id: string }>().id)).size).toBe(1);
  });
});
