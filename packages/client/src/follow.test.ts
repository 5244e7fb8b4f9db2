import { describe, expect, it } from 'vitest';
import { readMessages } from './event-stream.ts';
import { Inbetween } from './index.ts';

const bytes = (...texts: readonly string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const text of texts) controller.enqueue(new TextEncoder().encode(text));
      controller.close();
    },
  });

const video = (status: string, more: object = {}) => ({ id: 'video_1', object: 'video', status, progress: 0, ...more });
const stream = (...texts: readonly string[]) =>
  new Response(bytes(...texts), { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
const message = (version: number, body: object) => `id: video_1:${version}\ndata: ${JSON.stringify(body)}\n\n`;

function scripted(...answers: readonly (Response | Error)[]) {
  const left = [...answers];
  const seen: { readonly path: string; readonly last: string | null }[] = [];
  const client = new Inbetween({
    baseUrl: 'http://server:1234',
    retries: 0,
    sleep: async () => undefined,
    fetch: async (input, init) => {
      const { pathname } = new URL(String(input));
      seen.push({ path: pathname, last: new Headers(init?.headers).get('last-event-id') });
      const answer = left.shift();
      if (answer === undefined) throw new Error('one request too many');
      if (answer instanceof Error) throw answer;
      return answer;
    },
  });
  return { client, seen };
}

describe('reading a stream', () => {
  it('puts messages together however they are cut, and leaves out what is none', async () => {
    const text =
      'retry: 2000\n\n:\n\nid: a:1\ndata: {"é":1}\n\n:\r\n\r\nid:2\r\ndata:x\r\ndata: y\r\n\r\ndata: unfinished';
    const all = [
      { id: 'a:1', data: '{"é":1}' },
      { id: '2', data: 'x\ny' },
    ];
    const raw = new TextEncoder().encode(text);
    for (const size of [1, 2, 3, 7, raw.length]) {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          for (let at = 0; at < raw.length; at += size) controller.enqueue(raw.slice(at, at + size));
          controller.close();
        },
      });
      const found = [];
      for await (const each of readMessages(body)) found.push(each);
      expect(found, `in pieces of ${size}`).toEqual(all);
    }
  });
});

describe('waiting with events', () => {
  it('takes one request, and tells each state', async () => {
    const { client, seen } = scripted(
      stream(
        message(1, video('pending')),
        ':\n\n',
        message(4, video('running', { progress: 7 })),
        message(5, video('succeeded')),
      ),
    );
    const states: string[] = [];
    const final = await client.videos.wait('video_1', { onUpdate: ({ status }) => states.push(status) });
    expect(final.status).toBe('succeeded');
    expect(states).toEqual(['pending', 'running', 'succeeded']);
    expect(seen).toEqual([{ path: '/v1/videos/video_1/events', last: null }]);
  });

  it('goes on where a stream broke off', async () => {
    const { client, seen } = scripted(
      stream(message(1, video('pending'))),
      new TypeError('fetch failed'),
      stream(message(2, video('failed'))),
    );
    expect((await client.videos.wait('video_1')).status).toBe('failed');
    expect(seen.map(({ last }) => last)).toEqual([null, 'video_1:1', 'video_1:1']);
  });

  it('polls where there are no events', async () => {
    const notThere = Response.json({ error: { message: 'no', code: 'not_found' } }, { status: 404 });
    const page = new Response('<html>', { headers: { 'content-type': 'text/html' } });
    for (const answers of [[page], [notThere, notThere.clone(), notThere.clone()]]) {
      const { client, seen } = scripted(...answers, Response.json(video('running')), Response.json(video('succeeded')));
      expect((await client.videos.wait('video_1')).status).toBe('succeeded');
      expect(seen.at(-1)).toEqual({ path: '/v1/videos/video_1', last: null });
    }
  });

  it('says in the end that a deleted video is not there', async () => {
    const { client } = scripted(
      stream(message(1, video('running')), message(2, { id: 'video_1', object: 'video.deleted', deleted: true })),
      Response.json({ error: { message: 'no', code: 'not_found' } }, { status: 404 }),
    );
    await expect(client.videos.wait('video_1')).rejects.toMatchObject({ status: 404, name: 'NotFoundError' });
  });
});
