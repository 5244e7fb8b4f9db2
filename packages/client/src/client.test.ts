import { describe, expect, it } from 'vitest';
import { Inbetween, InbetweenError, type VideoObject } from './index.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: unknown;
}

const video = (status: string, more: object = {}) => ({ id: 'video_1', object: 'video', status, progress: 0, ...more });
const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });
const error = (status: number, headers: Record<string, string> = {}) =>
  json({ error: { message: 'seed must be 7.', type: 't', param: 'seed', code: 'invalid_request' } }, status, {
    'x-request-id': 'req_1',
    ...headers,
  });

/** A client whose server gives these answers in turn; waits are noted instead of waited. */
function scripted(
  ...answers: readonly (Response | Error | ((signal: AbortSignal | undefined) => Promise<Response>))[]
) {
  const seen: Seen[] = [];
  const waits: number[] = [];
  const left = [...answers];
  const client = new Inbetween({
    baseUrl: 'http://server:1234/v1/',
    apiKey: 'inb_key',
    fetch: async (input, init) => {
      const headers = new Headers(init?.headers);
      seen.push({ method: init?.method ?? 'GET', url: String(input), headers, body: init?.body });
      const answer = left.shift();
      if (answer === undefined) throw new Error('one request too many');
      if (answer instanceof Error) throw answer;
      return typeof answer === 'function' ? answer(init?.signal ?? undefined) : answer;
    },
    sleep: async (ms) => {
      waits.push(ms);
    },
  });
  return { client, seen, waits };
}

const ASK = { model: 'wan2.2-kf2v-flash', images: ['sample_first', 'sample_last'] } as const;

describe('create', () => {
  it('sends texts as JSON, with the key and a key of its own', async () => {
    const { client, seen } = scripted(json(video('pending')));
    await client.videos.create({ ...ASK, seed: 0, tags: { a: 'b' } });
    expect(seen[0]).toMatchObject({ method: 'POST', url: 'http://server:1234/v1/videos' });
    expect(JSON.parse(String(seen[0]?.body))).toEqual({ ...ASK, seed: 0, tags: { a: 'b' } });
    expect(seen[0]?.headers.get('authorization')).toBe('Bearer inb_key');
    expect(seen[0]?.headers.get('content-type')).toBe('application/json');
    expect(seen[0]?.headers.get('idempotency-key')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('sends bytes as a form, in order', async () => {
    const { client, seen } = scripted(json(video('pending')));
    const bytes = Uint8Array.of(1, 2, 3, 4).subarray(1, 3);
    await client.videos.create({
      model: 'm',
      images: [bytes, 'sample_last'],
      watermark: true,
      seed: 0,
      tags: { 'a b': 'c' },
    });
    const form = seen[0]?.body as FormData;
    const [first, last] = form.getAll('images[]');
    expect(first).toBeInstanceOf(Blob);
    expect(await (first as Blob).bytes()).toEqual(Uint8Array.of(2, 3));
    expect(last).toBe('sample_last');
    expect(form.get('tags[a b]')).toBe('c');
    expect([form.get('watermark'), form.get('seed')]).toEqual(['true', '0']);
    expect(seen[0]?.headers.has('content-type')).toBe(false);
  });

  it('asks again under the same key after what may pass, as late as the server says', async () => {
    const { client, seen, waits } = scripted(
      new TypeError('fetch failed'),
      error(503, { 'retry-after': '7' }),
      error(429),
      json(video('pending')),
    );
    await client.videos.create({ ...ASK, images: ['sample_first', new Blob(['x'])] });
    expect(new Set(seen.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(1);
    expect(waits[1]).toBe(7000);
    expect(waits[0]).toBeLessThanOrEqual(500);
    expect(waits[2]).toBeLessThanOrEqual(2000);
    expect(seen).toHaveLength(4);
  });

  it('uses another key for another call, and yours when you give one', async () => {
    const { client, seen } = scripted(json(video('pending')), json(video('pending')), json(video('pending')));
    await client.videos.create(ASK);
    await client.videos.create(ASK);
    await client.videos.create(ASK, { idempotencyKey: 'order 17' });
    const keys = seen.map(({ headers }) => headers.get('idempotency-key'));
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe('order 17');
  });
});

describe('errors', () => {
  it('say what the server said, and are not asked again when asking is of no use', async () => {
    const { client, seen } = scripted(error(400));
    const thrown = await client.videos.create(ASK).catch((reason: unknown) => reason);
    expect(thrown).toBeInstanceOf(InbetweenError);
    expect(thrown).toMatchObject({
      status: 400,
      code: 'invalid_request',
      param: 'seed',
      requestId: 'req_1',
      message: 'seed must be 7.',
    });
    expect(seen).toHaveLength(1);
  });

  it('are given up after three more requests, or when the wait would be long', async () => {
    const often = scripted(error(500), error(500), error(500), error(500));
    await expect(often.client.videos.retrieve('video_1')).rejects.toMatchObject({ status: 500 });
    expect(often.seen).toHaveLength(4);
    const late = scripted(error(429, { 'retry-after': '3600' }));
    await expect(late.client.videos.retrieve('video_1')).rejects.toMatchObject({ retryAfterMs: 3_600_000 });
  });

  it('are made of whatever a proxy answers', async () => {
    for (const body of ['<html>Bad gateway</html>', '{"error":"no"}', '{"error":null}', '[]', 'null', '']) {
      const { client } = scripted(new Response(body, { status: 404 }));
      await expect(client.videos.retrieve('video_1')).rejects.toMatchObject({ status: 404, code: 'unknown_error' });
    }
    const { client } = scripted(new Response('<html>', { status: 200 }));
    await expect(client.videos.retrieve('video_1')).rejects.toMatchObject({ code: 'invalid_answer' });
  });

  it('are what an answer is that breaks off, so it is asked for again', async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new TypeError('terminated')) });
    const { client, seen } = scripted(new Response(broken), json(video('queued')));
    expect((await client.videos.retrieve('video_1')).status).toBe('queued');
    expect(seen).toHaveLength(2);
  });

  it('leave an abort what it is', async () => {
    const reason = new Error('enough');
    const controller = new AbortController();
    const { client, seen } = scripted(async (signal) => {
      controller.abort(reason);
      signal?.throwIfAborted();
      return json({});
    });
    await expect(client.videos.retrieve('video_1', { signal: controller.signal })).rejects.toBe(reason);
    expect(seen).toHaveLength(1);
  });
});

describe('the other calls', () => {
  it('walk a list page by page, as far as it is asked for', async () => {
    const page = (ids: readonly string[], more: boolean) =>
      json({ object: 'list', data: ids.map((id) => ({ id })), first_id: ids[0], last_id: ids.at(-1), has_more: more });
    const { client, seen } = scripted(page(['a', 'b'], true), page(['c'], false));
    const ids: string[] = [];
    for await (const { id } of client.videos.list({ limit: 2, tag: 'a:b c' })) ids.push(id);
    expect(ids).toEqual(['a', 'b', 'c']);
    expect(seen.map(({ url }) => url)).toEqual([
      'http://server:1234/v1/videos?limit=2&tag=a%3Ab+c',
      'http://server:1234/v1/videos?limit=2&tag=a%3Ab+c&after=b',
    ]);
  });

  it('take a delete whose answer was lost for done, but not one that never worked', async () => {
    const lost = scripted(new TypeError('socket hang up'), error(404));
    await expect(lost.client.videos.delete('video_1')).resolves.toMatchObject({ deleted: true });
    const never = scripted(error(404));
    await expect(never.client.videos.delete('video_1')).rejects.toMatchObject({ status: 404 });
  });

  it('hand out files as they come', async () => {
    const { client, seen } = scripted(new Response('bytes', { status: 206 }));
    const file = await client.videos.content('video/1', { variant: 'thumbnail', range: 'bytes=0-4' });
    expect(await file.text()).toBe('bytes');
    expect(seen[0]?.url).toBe('http://server:1234/v1/videos/video%2F1/content?variant=thumbnail');
    expect(seen[0]?.headers.get('range')).toBe('bytes=0-4');
  });
});

describe('wait', () => {
  it('looks as often as the server asks, tells what changed, and ends with the final object', async () => {
    const { client, seen, waits } = scripted(
      json(video('queued'), 200, { etag: '"1"', 'retry-after': '3' }),
      new Response(null, { status: 304, headers: { 'retry-after': '2' } }),
      json(video('running', { progress: 40 }), 200, { etag: '"2"' }),
      json(video('failed')),
    );
    const updates: VideoObject[] = [];
    const final = await client.videos.wait('video_1', { by: 'poll', onUpdate: (now) => updates.push(now) });
    expect(final.status).toBe('failed');
    expect(updates.map((update) => update.status)).toEqual(['queued', 'running', 'failed']);
    expect(waits).toEqual([3000, 2000, 2000]);
    expect(seen.map(({ headers }) => headers.get('if-none-match'))).toEqual([null, '"1"', '"1"', '"2"']);
  });

  it('ends when it is told to, or when its time is over', async () => {
    const controller = new AbortController();
    const stopped = scripted(json(video('running')));
    const reason = new Error('enough');
    const wait = stopped.client.videos.wait('video_1', {
      by: 'poll',
      signal: controller.signal,
      onUpdate: () => controller.abort(reason),
    });
    await expect(wait).rejects.toBe(reason);
    const slow = scripted(
      (signal) => new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    );
    await expect(slow.client.videos.wait('video_1', { by: 'poll', timeoutMs: 5 })).rejects.toMatchObject({
      code: 'timeout',
      status: 0,
    });
  });
});

describe('a quote', () => {
  it('is a create that makes nothing, and carries no key of its own', async () => {
    const { client, seen } = scripted(json({ object: 'video.quote' }), json({ object: 'video.quote' }));
    expect(await client.videos.quote(ASK)).toEqual({ object: 'video.quote' });
    expect(seen[0]).toMatchObject({ method: 'POST', url: 'http://server:1234/v1/videos?dry_run=true' });
    expect(JSON.parse(String(seen[0]?.body))).toEqual(ASK);
    expect(seen[0]?.headers.get('idempotency-key')).toBeNull();
    await client.videos.quote(ASK, { idempotencyKey: 'mine' });
    expect(seen[1]?.headers.get('idempotency-key')).toBe('mine');
  });
});

describe('usage', () => {
  it('is read page by page, by what is asked for', async () => {
    const row = (id: string) => ({ id, object: 'usage' });
    const { client, seen } = scripted(
      json({ data: [row('2026-11-02||')], last_id: '2026-11-02||', has_more: true }),
      json({ data: [row('2026-11-01||')], last_id: '2026-11-01||', has_more: false }),
      json({ data: [], has_more: false }),
    );
    const rows: unknown[] = [];
    for await (const one of client.usage.list({ from: '2026-11-01', groupBy: ['day', 'key'], apiKey: 'none' }))
      rows.push(one);
    expect(rows).toEqual([row('2026-11-02||'), row('2026-11-01||')]);
    expect(seen.map(({ url }) => url)).toEqual([
      'http://server:1234/v1/usage?from=2026-11-01&group_by=day%2Ckey&api_key=none',
      'http://server:1234/v1/usage?from=2026-11-01&after=2026-11-02%7C%7C&group_by=day%2Ckey&api_key=none',
    ]);
    await client.usage.page({ groupBy: [] });
    expect(seen[2]?.url).toBe('http://server:1234/v1/usage?group_by=none');
  });
});
