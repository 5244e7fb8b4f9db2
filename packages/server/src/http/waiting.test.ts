import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { until } from '../../../../test/support/until.ts';
import { ASK, bearer, type TestApp, testApp } from './app.fixture.ts';
import { videoObject } from './dialects/powertokens/objects.ts';
import { type AppParts, DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from './parts.ts';
import { readWait } from './prefer-wait.ts';

async function listening(changed: Partial<AppParts> = {}) {
  const test = await testApp({ timeouts: { ...DEFAULT_TIMEOUTS, closeMs: 5_000 }, ...changed });
  await test.app.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(test.app.server.address() as AddressInfo).port}`;
  return { ...test, url };
}

async function create(test: TestApp): Promise<string> {
  const made = await test.app.inject({ method: 'POST', url: '/v1/videos', headers: bearer(test.alice), payload: ASK });
  return made.json<{ id: string }>().id;
}

interface Message {
  readonly id: string;
  readonly data: { readonly status?: string; readonly progress?: number; readonly [name: string]: unknown };
}

/** Reads server-sent events as they come. */
function readEvents(response: Response) {
  const messages: Message[] = [];
  let comments = 0;
  let ended = false;
  const done = (async () => {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      for (let end = text.indexOf('\n\n'); end !== -1; end = text.indexOf('\n\n')) {
        const lines = text.slice(0, end).split('\n');
        text = text.slice(end + 2);
        const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
        const data = field('data');
        if (data !== undefined) messages.push({ id: field('id') ?? '', data: JSON.parse(data) as Message['data'] });
        if (lines.includes(':')) comments += 1;
      }
    }
    ended = true;
  })();
  return { messages, done, comments: () => comments, ended: () => ended };
}

describe('wait', () => {
  it('answers when the status changes', async () => {
    await using test = await listening();
    const id = await create(test);
    const answer = fetch(`${test.url}/v1/videos/${id}?wait=60`, { headers: bearer(test.alice) });
    // Once somebody waits, a change must reach them.
    await until('a waiting request', () => test.bell.listeners() > 0);
    await test.worker.queue(id);
    const response = await answer;
    expect(await response.json()).toMatchObject({ id, status: 'queued' });
    expect(response.headers.get('preference-applied')).toBeNull();
    expect(Number(response.headers.get('openai-poll-after-ms'))).toBe(2_000);
    expect(response.headers.get('retry-after')).toBe('2');
  });

  it('answers at once what is finished, what changed since the ETag, and what may not be seen', async () => {
    await using test = await listening();
    const id = await create(test);
    const first = await fetch(`${test.url}/v1/videos/${id}`, { headers: bearer(test.alice) });
    const etag = first.headers.get('etag') ?? '';
    await test.worker.queue(id);
    const headers = { ...bearer(test.alice), prefer: 'respond-async, wait=600', 'if-none-match': etag };
    const changed = await fetch(`${test.url}/v1/videos/${id}`, { headers });
    expect([changed.status, changed.headers.get('preference-applied')]).toEqual([200, 'wait=60']);
    const foreign = await fetch(`${test.url}/v1/videos/${id}?wait=60`, { headers: bearer(test.bob) });
    expect(foreign.status).toBe(404);
    await test.worker.fail(id);
    const final = await fetch(`${test.url}/v1/videos/${id}?wait=60`, { headers: bearer(test.alice) });
    expect(await final.json()).toMatchObject({ status: 'failed' });
    expect([final.headers.get('retry-after'), final.headers.get('openai-poll-after-ms')]).toEqual([null, null]);
  });

  it('is 304 after its time when nothing happened', async () => {
    await using test = await listening();
    const id = await create(test);
    const first = await fetch(`${test.url}/v1/videos/${id}`, { headers: bearer(test.alice) });
    const headers = { ...bearer(test.alice), 'if-none-match': first.headers.get('etag') ?? '' };
    const second = await fetch(`${test.url}/v1/videos/${id}?wait=1`, { headers });
    expect([second.status, second.headers.get('etag')]).toEqual([304, first.headers.get('etag')]);
  });

  it('is let go when the server closes, and when too many wait', async () => {
    const test = await listening({ limits: { ...DEFAULT_LIMITS, waiters: 1 } });
    const id = await create(test);
    const answer = fetch(`${test.url}/v1/videos/${id}?wait=60`, { headers: bearer(test.alice) });
    await until('a waiting request', () => test.bell.listeners() > 0);
    const more = await fetch(`${test.url}/v1/videos/${id}/events`, { headers: bearer(test.alice) });
    expect([more.status, more.headers.get('retry-after')]).toEqual([503, '5']);
    await test.app.close();
    expect((await answer).status).toBe(200);
  });

  it.each([
    [{ wait: '30' }, {}, { seconds: 30, preferred: false }],
    [{ wait: '0' }, { prefer: 'wait=9' }, { seconds: 0, preferred: false }],
    [{}, { prefer: 'wait=10' }, { seconds: 10, preferred: true }],
    [{}, { prefer: 'return=minimal;x, Wait = "90"; y' }, { seconds: 60, preferred: true }],
    [{}, { prefer: 'wait=soon' }, undefined],
    [{}, { prefer: 'await=10' }, undefined],
    [{}, {}, undefined],
  ])('reads %j and %j', (query, headers, expected) => {
    expect(readWait({ query, headers })).toEqual(expected);
  });

  it.each(['61', '-1', '1.5', 'x', '', ['1', '2']])('refuses ?wait=%s', (wait) => {
    expect(() => readWait({ query: { wait }, headers: {} })).toThrow(/wait must be a whole number .* from 0 to 60/);
  });
});

describe('events', () => {
  it('tell a life from now to its end, and end', async () => {
    await using test = await listening();
    const id = await create(test);
    const response = await fetch(`${test.url}/v1/videos/${id}/events`, { headers: bearer(test.alice) });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const stream = readEvents(response);
    await until('the first message', () => stream.messages.length === 1);
    await test.worker.succeed(id);
    await stream.done;
    const last = stream.messages.at(-1);
    expect(stream.messages[0]).toMatchObject({ id: `${id}:1`, data: { status: 'pending' } });
    expect(last?.data).toMatchObject({ id, status: 'succeeded', progress: 100 });
    for (const { data } of stream.messages) videoObject.parse(data);
    const found = await fetch(`${test.url}/v1/videos/${id}`, { headers: bearer(test.alice) });
    expect(last?.data).toEqual(await found.json());
    const versions = stream.messages.map((message) => Number(message.id.split(':')[1]));
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    await until('no ear left', () => test.bell.listeners() === 0);
  });

  it('go on behind Last-Event-ID, and say when there is no more', async () => {
    await using test = await listening();
    const id = await create(test);
    const events = (last?: string) =>
      fetch(`${test.url}/v1/videos/${id}/events`, {
        headers: { ...bearer(test.alice), ...(last === undefined ? {} : { 'last-event-id': last }) },
      });
    const stream = readEvents(await events(`${id}:1`));
    await until('a listener', () => test.bell.listeners() > 0);
    expect(stream.messages).toEqual([]);
    await test.worker.queue(id);
    await until('the news', () => stream.messages.length > 0);
    expect(stream.messages.map(({ data }) => data.status)).toEqual(['queued']);
    const ended = await test.worker.fail(id);
    await stream.done;

    expect((await events(`${id}:${ended.version}`)).status).toBe(204);
    for (const last of [undefined, `${id}:1`, 'nonsense', `video_x:${ended.version}`]) {
      const again = readEvents(await events(last));
      await again.done;
      expect(again.messages.map(({ data }) => data.status)).toEqual(['failed']);
    }
  });

  it('tell no version twice, also when the tail is quicker than the first look', async () => {
    await using test = await listening();
    const id = await create(test);
    const { watch } = test.parts.videos;
    Object.assign(test.parts.videos, {
      watch: async (...[caller, which, listener]: Parameters<typeof watch>) => {
        const watching = await watch(caller, which, listener);
        listener(watching.video);
        return watching;
      },
    });
    const versions = async (headers: Readonly<Record<string, string>>) => {
      const stream = readEvents(
        await fetch(`${test.url}/v1/videos/${id}/events`, { headers: { ...bearer(test.alice), ...headers } }),
      );
      return { stream, told: () => stream.messages.map((message) => message.id.split(':')[1]) };
    };
    const fresh = await versions({});
    const resumed = await versions({ 'last-event-id': `${id}:1` });
    await until('the first message', () => fresh.told().length > 0);
    await test.worker.queue(id);
    await test.worker.fail(id);
    await Promise.all([fresh.stream.done, resumed.stream.done]);
    expect(fresh.told()).toEqual([...new Set(fresh.told())]);
    expect(fresh.told()[0]).toBe('1');
    expect(resumed.told()).not.toContain('1');
  });

  it('are opened by the signed address alone, which opens nothing else', async () => {
    await using test = await listening();
    const id = await create(test);
    const found = await fetch(`${test.url}/v1/videos/${id}`, { headers: bearer(test.alice) });
    const { metadata } = (await found.json()) as { metadata: { events_url: string } };
    const { pathname, search } = new URL(metadata.events_url);
    expect(pathname).toBe(`/v1/videos/${id}/events`);
    const stream = readEvents(await fetch(`${test.url}${pathname}${search}`));
    await until('the first message', () => stream.messages.length === 1);
    const refused = [
      `/v1/videos/${id}/content${search}`,
      `/v1/videos/${await create(test)}/events${search}`,
      `/v1/videos/${id}/events`,
    ];
    for (const path of refused) expect([401, 403]).toContain((await fetch(`${test.url}${path}`)).status);
    await test.app.inject({ method: 'DELETE', url: `/v1/videos/${id}`, headers: bearer(test.alice) });
    await stream.done;
    expect(stream.messages.at(-1)?.data).toEqual({ id, object: 'video.deleted', deleted: true });
  });

  it('beat while nothing happens, end after their time and with the server', async () => {
    const timeouts = { ...DEFAULT_TIMEOUTS, heartbeatMs: 10, streamMs: 400 };
    const test = await listening({ timeouts });
    const id = await create(test);
    const open = async () =>
      readEvents(await fetch(`${test.url}/v1/videos/${id}/events`, { headers: bearer(test.alice) }));
    const stream = await open();
    await until('some beats', () => stream.comments() > 2);
    await stream.done;
    const other = await open();
    await until('the first message', () => other.messages.length === 1);
    await test.app.close();
    await other.done;
    expect(other.messages).toHaveLength(1);
  });

  it('forget whoever left', async () => {
    await using test = await listening();
    const id = await create(test);
    const leaving = new AbortController();
    const response = await fetch(`${test.url}/v1/videos/${id}/events`, {
      headers: bearer(test.alice),
      signal: leaving.signal,
    });
    await until('a listener', () => test.bell.listeners() > 0);
    leaving.abort();
    await until('no listener', () => test.bell.listeners() === 0);
    await response.body?.cancel().catch(() => undefined);
    const head = await fetch(`${test.url}/v1/videos/${id}/events`, { method: 'HEAD', headers: bearer(test.alice) });
    expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(test.bell.listeners()).toBe(0);
  });
});
