import { createInbetween } from '@inbetween/ai-sdk-provider';
import { Inbetween } from '@inbetween/client';
import { experimental_generateVideo } from 'ai';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inspectMp4 } from '../../packages/renderer/src/mp4/inspect.ts';
import { paint } from '../support/paintings.ts';
import { KEY, makeScratch, type Scratch, type ServerProcess, startServer } from '../support/server-process.ts';

describe('clients that know nothing of each other', () => {
  let scratch: Scratch;
  let server: ServerProcess;
  beforeAll(async () => {
    scratch = makeScratch();
    server = await startServer(scratch);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  it('see one real video: made with the OpenAI SDK, followed with our client, chained into the next', async () => {
    const openai = new OpenAI({ baseURL: `${server.url}/openai/v1`, apiKey: KEY });
    const client = new Inbetween({ baseUrl: server.url, apiKey: KEY });

    const body = { prompt: 'zoom in', size: '832x480', images: ['sample_first', 'sample_last'] };
    const made = await openai.videos.create(body as unknown as OpenAI.Videos.VideoCreateParams);
    expect(made).toMatchObject({ object: 'video', status: 'queued' });
    const told: string[] = [];
    const video = await client.videos.wait(made.id, { onUpdate: ({ status }) => told.push(status), timeoutMs: 90_000 });
    expect(video).toMatchObject({ status: 'succeeded', progress: 100 });
    // Told of, not asked for: events came before the end.
    expect(new Set(told).size).toBeGreaterThan(1);

    const file = await openai.videos.downloadContent(made.id);
    const facts = inspectMp4(new Uint8Array(await file.arrayBuffer()));
    expect(await openai.videos.retrieve(made.id)).toMatchObject({
      status: 'completed',
      size: `${facts.width}x${facts.height}`,
    });
    for (const variant of ['thumbnail', 'spritesheet'] as const) {
      const still = await openai.videos.downloadContent(made.id, { variant });
      expect([variant, still.headers.get('content-type')]).toEqual([variant, 'image/webp']);
    }

    const picture = await client.videos.download(made.id, { variant: 'last_frame' });
    const { id: last } = await client.files.upload(picture, { filename: 'last.png' });
    const next = await client.videos.create({
      model: 'wan2.2-kf2v-flash',
      images: [`${made.id}:output_last_frame`, last],
      size: '480P',
    });
    await client.files.delete(last);
    const queued = await server.api.prepared(next.id);
    expect([queued.width, queued.height]).toEqual([facts.width, facts.height]);
    expect((await client.videos.cancel(next.id)).status).toBe('cancelled');
  });

  it('are joined by the AI SDK, which is given the bytes of its video', async () => {
    // A still picture: made in about a second.
    const image = new Uint8Array(await paint(640, 360).png().toBuffer());
    const inbetween = createInbetween({ baseURL: server.url, apiKey: KEY });
    const { video, warnings, providerMetadata } = await experimental_generateVideo({
      model: inbetween.video('wan2.2-kf2v-flash'),
      prompt: 'nothing moves',
      frameImages: [
        { image, frameType: 'first_frame' },
        { image, frameType: 'last_frame' },
      ],
      resolution: '832x480',
      seed: 7,
      poll: { intervalMs: 100, timeoutMs: 60_000 },
    });
    expect(video.mediaType).toBe('video/mp4');
    const facts = inspectMp4(video.uint8Array);
    expect([facts.frames, facts.fps]).toEqual([150, 30]);
    const made = (await server.api.call('/v1/videos?limit=1')).json<{ data: readonly Record<string, unknown>[] }>();
    expect(made.data[0]).toMatchObject({ status: 'succeeded', seed: 7, prompt: 'nothing moves', size: '480P' });
    expect(made.data[0]).toMatchObject({ width: facts.width, height: facts.height });
    expect(JSON.stringify(providerMetadata)).toContain(made.data[0]?.['id']);
    const words = warnings.map((warning) => ('message' in warning ? warning.message : warning.feature));
    expect(words.filter((text) => text.includes('built-in renderer'))).toHaveLength(1);
  });
});
