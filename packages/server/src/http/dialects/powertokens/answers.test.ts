import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { ASK, bearer, ONE_HOUR, type TestApp, testApp } from '../../app.fixture.ts';
import { errorObject } from '../../error-object.ts';
import { deletedVideo, modelList, modelObject, videoList, videoObject } from './objects.ts';

async function make(test: TestApp, more: object = {}): Promise<string> {
  test.advance(1);
  const payload = { ...ASK, ...more };
  const created = await test.app.inject({ method: 'POST', url: '/v1/videos', headers: bearer(test.alice), payload });
  return created.json<{ id: string }>().id;
}

function get(test: TestApp, url: string, headers: Record<string, string> = {}) {
  return test.app.inject({ url, headers: { ...bearer(test.alice), ...headers } });
}

/** Strict: a field that no schema knows fails as well as one that is missing. */
function exactly<T>(schema: z.ZodType<T>, answer: { json(): unknown }): T {
  const read = schema.parse(answer.json());
  expect(read).toEqual(answer.json());
  return read;
}

describe('one video', () => {
  it('is shown in each of its states as its schema says', async () => {
    await using test = await testApp();
    const id = await make(test);
    const show = async () => exactly(videoObject, await get(test, `/v1/videos/${id}`));
    expect(await show()).toMatchObject({ status: 'pending', width: null, metadata: { queue_position: null } });
    await test.worker.run(id, 0.294);
    expect(await show()).toMatchObject({
      status: 'running',
      progress: 29,
      width: 1280,
      metadata: { phase: 'generating', eta: 1_800_000_000 + 34 },
    });
    await test.worker.fail(id);
    expect(await show()).toMatchObject({
      status: 'failed',
      error: { code: 'timeout', message: 'It took too long.' },
      completed_at: 1_800_000_010,
      url: null,
      metadata: { eta: null },
    });
  });

  it('tells how many wait before it', async () => {
    await using test = await testApp();
    const [first, second] = [await make(test), await make(test)];
    await test.worker.queue(first);
    test.advance(1);
    await test.worker.queue(second);
    const positions = await Promise.all(
      [first, second].map(
        async (id) => exactly(videoObject, await get(test, `/v1/videos/${id}`)).metadata.queue_position,
      ),
    );
    expect(positions).toEqual([0, 1]);
  });

  it('shows what the backend reported, but not in place of its own facts', async () => {
    await using test = await testApp();
    const id = await make(test);
    await test.worker.succeed(id, undefined, {
      mode: 'flow',
      url: 'http://evil.example',
      warnings: 'none',
      backend: 'x',
    });
    const { metadata, url } = exactly(videoObject, await get(test, `/v1/videos/${id}`));
    expect(metadata).toMatchObject({
      mode: 'flow',
      url,
      backend: 'renderer',
      warnings: [{ code: 'built_in_renderer' }],
    });
  });

  it('has no address any more once its files have expired', async () => {
    await using test = await testApp();
    const id = await make(test);
    await test.worker.succeed(id);
    await test.worker.expire(id);
    expect(exactly(videoObject, await get(test, `/v1/videos/${id}`))).toMatchObject({
      status: 'succeeded',
      url: null,
      video_url: null,
      metadata: { url: null },
    });
  });

  it('is asked for again when it makes sense, and answered 304 while nothing changed', async () => {
    await using test = await testApp();
    const id = await make(test);
    const first = await get(test, `/v1/videos/${id}`);
    expect(first.headers).toMatchObject({ 'retry-after': '2', 'cache-control': 'private, no-cache' });
    const etag = String(first.headers.etag);
    const same = await get(test, `/v1/videos/${id}`, { 'if-none-match': etag });
    expect([same.statusCode, same.body, same.headers['retry-after'], same.headers.etag]).toEqual([304, '', '2', etag]);
    await test.worker.succeed(id);
    const done = await get(test, `/v1/videos/${id}`, { 'if-none-match': etag });
    expect([done.statusCode, done.headers['retry-after']]).toEqual([200, undefined]);
    test.advance(ONE_HOUR / 60);
    const stays = await get(test, `/v1/videos/${id}`, { 'if-none-match': String(done.headers.etag) });
    expect(stays.statusCode).toBe(304);
    test.advance(ONE_HOUR);
    const signedAnew = await get(test, `/v1/videos/${id}`, { 'if-none-match': String(done.headers.etag) });
    expect(signedAnew.statusCode).toBe(200);
    expect(signedAnew.json<{ url: string }>().url).not.toBe(done.json<{ url: string }>().url);
  });
});

describe('the list', () => {
  it('pages in both orders without gaps', async () => {
    await using test = await testApp();
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.push(await make(test));
    for (const order of ['asc', 'desc'] as const) {
      const seen: string[] = [];
      for (let after = ''; ; ) {
        const page = exactly(videoList, await get(test, `/v1/videos?limit=2&order=${order}${after}`));
        seen.push(...page.data.map((video) => video.id));
        expect([page.first_id, page.last_id]).toEqual([page.data[0]?.id, page.data.at(-1)?.id]);
        if (!page.has_more) break;
        after = `&after=${page.last_id}`;
      }
      expect(seen).toEqual(order === 'asc' ? ids : ids.toReversed());
    }
    const standard = exactly(videoList, await get(test, '/v1/videos'));
    expect(standard.data.map((video) => video.id)).toEqual(ids.toReversed());
  });

  it('filters by status, model and tag', async () => {
    await using test = await testApp();
    const tagged = await make(test, { tags: { project: 'a:b%' } });
    const plus = await make(test, { model: 'wan2.1-kf2v-plus' });
    await test.worker.fail(plus);
    const ids = async (query: string) =>
      exactly(videoList, await get(test, `/v1/videos?${query}`)).data.map((video) => video.id);
    expect(await ids('status=failed')).toEqual([plus]);
    expect(await ids('model=wan2.2-kf2v-flash')).toEqual([tagged]);
    expect(await ids('model=%25')).toEqual([]);
    expect(await ids(`tag=${encodeURIComponent('project:a:b%')}`)).toEqual([tagged]);
    expect(await ids('tag=project:%25')).toEqual([]);
    expect(await ids('tag=constructor:x')).toEqual([]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['limit=1e1', 'limit'],
    ['limit=', 'limit'],
    ['limit=1&limit=2', 'limit'],
    ['order=up', 'order'],
    ['status=completed', 'status'],
    ['status=', 'status'],
    ['tag=project', 'tag'],
    ['tag=:x', 'tag'],
    ['after=x', 'after'],
    ['after=video_00000000000000000000000000', 'after'],
    ["after='%20OR%201=1", 'after'],
    ['state=failed', 'state'],
  ])('refuses %s', async (query, param) => {
    await using test = await testApp();
    const answer = await get(test, `/v1/videos?${query}`);
    const { error } = errorObject.parse(answer.json());
    expect([answer.statusCode, error.code, error.param]).toEqual([400, 'invalid_request', param]);
    expect(error.message.startsWith(param)).toBe(true);
  });
});

describe('cancel', () => {
  it('stops what is not finished, says so again, and leaves the rest alone', async () => {
    await using test = await testApp();
    const id = await make(test);
    const cancel = (payload?: object, type?: string) =>
      test.app.inject({
        method: 'POST',
        url: `/v1/videos/${id}/cancel`,
        headers: { ...bearer(test.alice), ...(type === undefined ? {} : { 'content-type': type }) },
        ...(payload === undefined ? {} : { payload }),
      });
    const first = exactly(videoObject, await cancel());
    expect(first).toMatchObject({ status: 'cancelled', error: null, completed_at: expect.any(Number) });
    for (const again of [
      await cancel({}),
      await cancel(undefined, 'application/json'),
      await cancel(undefined, 'text/plain'),
    ]) {
      expect([again.statusCode, again.json()]).toEqual([200, first]);
    }
    const other = await make(test);
    await test.worker.succeed(other);
    const refused = await test.app.inject({
      method: 'POST',
      url: `/v1/videos/${other}/cancel`,
      headers: bearer(test.alice),
    });
    expect([refused.statusCode, errorObject.parse(refused.json()).error.code]).toEqual([409, 'already_finished']);
  });
});

describe('delete', () => {
  it('ends a living video and makes any video gone', async () => {
    await using test = await testApp();
    const id = await make(test);
    await test.worker.run(id);
    const gone = await test.app.inject({
      method: 'DELETE',
      url: `/v1/videos/${id}`,
      headers: { ...bearer(test.alice), 'content-type': 'application/json' },
    });
    expect(exactly(deletedVideo, gone)).toEqual({ id, object: 'video.deleted', deleted: true });
    expect((await get(test, `/v1/videos/${id}`)).statusCode).toBe(404);
    expect(exactly(videoList, await get(test, '/v1/videos')).data).toEqual([]);
  });
});

describe('models', () => {
  it('say what they make and who makes it', async () => {
    await using test = await testApp();
    const { data } = exactly(modelList, await get(test, '/v1/models'));
    expect(data.map((model) => [model.id, model.sizes, model.backend, model.ready])).toEqual([
      ['wan2.2-kf2v-flash', ['480P', '720P', '1080P'], 'renderer', true],
      ['wan2.1-kf2v-plus', ['720P'], 'renderer', true],
    ]);
    expect(exactly(modelObject, await get(test, '/v1/models/wan2.1-kf2v-plus'))).toEqual(data[1]);
    const unknown = await get(test, '/v1/models/%3Cscript%3E');
    expect([unknown.statusCode, errorObject.parse(unknown.json()).error.param]).toEqual([404, 'name']);
    expect(unknown.body).not.toContain('<script>');
  });
});
