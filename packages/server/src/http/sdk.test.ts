import type { AddressInfo } from 'node:net';
import { Inbetween, InbetweenError } from '@inbetween/client';
import { describe, expect, it } from 'vitest';
import { mp4, png, testApp } from './app.fixture.ts';

describe('our own client against our own server', () => {
  it('makes, watches, downloads, lists, cancels and deletes', async () => {
    await using test = await testApp();
    await test.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = test.app.server.address() as AddressInfo;
    const client = new Inbetween({
      baseUrl: `http://127.0.0.1:${port}`,
      apiKey: test.alice,
      retries: 0,
      sleep: async () => {
        if ((await test.store.videos.find(id as never))?.status === 'pending') await test.worker.succeed(id, mp4(5000));
      },
    });
    const { id } = await client.videos.create({
      model: 'wan2.2-kf2v-flash',
      images: [png(1280, 720), new Blob([png(720, 1280).slice()])],
      prompt: '猫',
      tags: { project: 'cats' },
    });
    const seen: string[] = [];
    const video = await client.videos.wait(id, { by: 'poll', onUpdate: (now) => seen.push(now.status) });
    expect(seen).toEqual(['pending', 'succeeded']);
    expect(video).toMatchObject({ id, prompt: '猫', tags: { project: 'cats' }, progress: 100 });
    const file = await client.videos.content(id, { range: 'bytes=4000-' });
    expect((await file.bytes()).length).toBe(1000);

    const other = await client.videos.create({ model: 'wan2.1-kf2v-plus', images: ['sample_first', 'sample_last'] });
    expect((await client.videos.cancel(other.id)).status).toBe('cancelled');
    const listed: string[] = [];
    for await (const each of client.videos.list({ limit: 1, order: 'asc' })) listed.push(each.id);
    expect(listed.toSorted()).toEqual([id, other.id].toSorted());
    expect((await client.models.list()).data).toHaveLength(2);

    expect(await client.videos.delete(id)).toMatchObject({ id, deleted: true });
    const thrown = await client.videos.retrieve(id).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(InbetweenError);
    expect(thrown).toMatchObject({
      status: 404,
      code: 'not_found',
      param: 'id',
      requestId: expect.stringMatching(/^req_/),
    });
  });
});
