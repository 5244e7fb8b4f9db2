import Fastify from 'fastify';
import { expect, it } from 'vitest';
import type { Video } from '../domain/video.ts';
import { createEventStreams } from './event-stream.ts';

/** A video of which a stream sees only this much. */
const seen = (version: number, status: Video['status'] = 'running') =>
  ({ id: 'video_a', version, status, deletedAt: null }) as Video;

/** The ids of the messages, when `heard` is told while the video is being looked up, and late once more; then it ends. */
async function streamOf(heard: readonly Video[], found: Video, last?: number): Promise<readonly string[]> {
  const streams = createEventStreams(
    { enter: () => new AbortController().signal, count: 0 },
    { heartbeatMs: 60_000, streamMs: 60_000 },
  );
  const app = Fastify();
  app.get('/events', (request, reply) =>
    streams.answer(
      request,
      reply,
      async (listener) => {
        for (const video of heard) listener(video);
        setImmediate(() => {
          for (const video of heard) listener(video);
          listener(seen(9, 'succeeded'));
        });
        return { video: found, stop: () => undefined };
      },
      async ({ version }) => ({ version }),
    ),
  );
  const headers = last === undefined ? {} : { 'last-event-id': `video_a:${last}` };
  const { body } = await app.inject({ url: '/events', headers });
  await app.close();
  return [...body.matchAll(/^id: video_a:(\d+)$/gm)].map(([, version = '']) => version);
}

it.each([
  ['the reader has the newest', [], seen(3), 3, ['9']],
  ['what it has is heard of once more while it is looked up', [seen(3)], seen(3), 3, ['9']],
  ['older news come in while it is looked up', [seen(2)], seen(3), 3, ['9']],
  ['the reader has an older one', [], seen(3), 2, ['3', '9']],
  ['the reader has none', [seen(3)], seen(3), undefined, ['3', '9']],
  ['the reader has none, and older news come in', [seen(2)], seen(3), undefined, ['3', '9']],
] as const)('no message is repeated when %s', async (_, heard, found, last, ids) => {
  expect(await streamOf(heard, found, last)).toEqual(ids);
});
