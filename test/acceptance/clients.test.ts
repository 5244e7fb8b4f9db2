import { Inbetween } from '@inbetween/client';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import { inspectMp4 } from '../../packages/renderer/src/mp4/inspect.ts';
import { KEY, makeScratch, startServer } from '../support/server-process.ts';

describe('clients that know nothing of each other', () => {
  it('see one real video: made with the OpenAI SDK, followed with our client, chained into the next', async () => {
    await using scratch = makeScratch();
    await using server = await startServer(scratch);
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
});
