import { existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi, MODEL, wholeFile } from '../support/api.ts';
import { type CommandStage, expectSentence, openCommandStage } from '../support/command.ts';
import { KEY, runInbetween, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** What operators do to a server that runs: videos, backends, keys, projects, usage, backup. */

let stage: CommandStage;
beforeAll(async () => {
  stage = await openCommandStage();
});
afterAll(() => stage?.close());

describe('videos and backends, beside a running server', () => {
  const run = (...args: readonly string[]) => runInbetween([...args, '--data-dir', stage.scratch.data]);
  const json = async <T>(...args: readonly string[]) => JSON.parse((await run(...args, '--json')).out) as T;

  it('lists, shows, saves and requeues videos', async () => {
    const api = createApi(stage.server.url, KEY);
    const done = await api.succeeded((await api.create(stage.still)).id);
    const listed = await json<readonly { id: string; status: string }[]>('videos', 'list', '--limit', '1000');
    expect(listed.find(({ id }) => id === done.id)?.status).toBe('succeeded');
    expect(JSON.stringify(listed)).not.toContain('prompt');
    const { out } = await run('videos', 'show', done.id);
    for (const word of [done.id, 'default', 'succeeded', 'renderer']) expect(out).toContain(word);
    const file = stage.scratch.file('saved/again.mp4');
    expect((await run('videos', 'save', done.id, '--output', file)).err).toContain('the result');
    expect(readFileSync(file).equals(wholeFile(await api.content(done.id)))).toBe(true);
    const nowhere = stage.scratch.file('nowhere/none.mp4');
    expectSentence(await run('videos', 'save', 'video_nothing', '-o', nowhere), 1, 'no video video_nothing');
    expect(existsSync(dirname(nowhere))).toBe(false);
    expectSentence(await run('videos', 'requeue', done.id), 1, 'has succeeded');
    expectSentence(await run('videos', 'show', 'video_nothing'), 1, 'no video video_nothing');
    expectSentence(await run('videos', 'list', '--status', 'done'), 2, '--status', 'succeeded');
    expectSentence(await run('videos', 'list', '--limit', 'all'), 2, '--limit', '1000');
  });

  it('pauses a backend within seconds, and resumes it', async () => {
    const api = createApi(stage.server.url, KEY);
    expect(await json('backends', 'list')).toMatchObject([{ name: 'renderer', state: 'open' }]);
    expect((await run('backends', 'pause', 'renderer')).code).toBe(0);
    const models = async () => (await api.call('/v1/models')).json<{ data: { problems: string[] }[] }>().data;
    await until('paused', async () => (await models())[0]?.problems[0]?.includes('paused'));
    const waiting = await api.create(stage.still);
    expect((await api.prepared(waiting.id)).status).toBe('queued');
    expect((await run('backends', 'resume', 'renderer')).code).toBe(0);
    await api.succeeded(waiting.id);
    expectSentence(await run('backends', 'drain', 'rendrer'), 1, 'there are renderer');
  });
});

describe('keys, beside a running server', () => {
  const keys = (...args: readonly string[]) => runInbetween(['keys', ...args, '--data-dir', stage.scratch.data]);

  it('are made, work at once, are listed without their secrets, and end within 4 seconds', async () => {
    const { code, out, err } = await keys('create', '--owner', 'shop', '--name', 'web shop');
    expect([code, err]).toEqual([0, expect.stringMatching(/key_\S+ of shop/)]);
    const secret = out.trim();
    const id = /key_\w+/.exec(err)?.[0] ?? '';
    const shop = createApi(stage.server.url, secret);
    expect(await shop.list()).toEqual([]);

    const list = await keys('list');
    expect(list.out).toContain(id);
    expect(list.out).toContain('web shop');
    expect(list.out).not.toContain(secret);
    const asJson = JSON.parse((await keys('list', '--owner', 'shop', '--json')).out) as Record<string, unknown>[];
    expect(asJson).toEqual([expect.objectContaining({ id, owner: 'shop', name: 'web shop', revoked_at: null })]);
    expect(JSON.stringify(asJson)).not.toContain(secret);

    expect((await keys('revoke', id)).code).toBe(0);
    const refused = async () => (await shop.call('/v1/videos')).status === 401;
    await until('the end of the revoked key', refused, { limitMs: 4_000 });
    expectSentence(await keys('revoke', id), 1, id);
    expect((await stage.server.api.call('/v1/videos')).status).toBe(200);
  });

  it('may be narrower than their owner', async () => {
    const made = JSON.parse((await keys('create', '--scopes', 'videos:read', '--json')).out) as { secret: string };
    const reader = createApi(stage.server.url, made.secret);
    expect((await reader.call('/v1/videos')).status).toBe(200);
    const refused = await reader.post(stage.still);
    expect([refused.status, refused.json()]).toMatchObject([403, { error: { code: 'insufficient_scope' } }]);
  });
});

describe('projects and usage, beside a running server', () => {
  const run = (...args: readonly string[]) => runInbetween([...args, '--data-dir', stage.scratch.data]);

  it('are limited within seconds, and told what they used', async () => {
    const made = await run('owners', 'create', 'studio', '--queued', '0', '--json');
    expect(JSON.parse(made.out)).toMatchObject({ id: 'studio', queued: 0, monthly_seconds: null });
    const { out } = await run('keys', 'create', '--owner', 'studio');
    const studio = createApi(stage.server.url, out.trim());
    const code = async () => (await studio.post(stage.still)).json() as { readonly error?: { readonly code: string } };
    expect(await code()).toMatchObject({ error: { code: 'too_many_queued' } });
    const changed = await run('owners', 'limit', 'studio', '--queued', 'none', '--monthly-seconds', '5');
    expect([changed.code, changed.out]).toEqual([0, expect.stringContaining('5 s a month')]);
    // Whoever checked the key a moment ago believes the old limits for three seconds.
    let id = '';
    const accepted = async () => {
      const { json, status } = await studio.post(stage.still);
      if (status === 200) id = (json() as { readonly id: string }).id;
      return status === 200;
    };
    await until('the new limits', accepted, { limitMs: 6_000 });
    expect(await code()).toMatchObject({ error: { code: 'insufficient_balance' } });
    await studio.succeeded(id);
    const usage = await run('usage', '--owner', 'studio', '--group-by', 'model');
    expect(usage.out).toMatch(`${MODEL}  1 succeeded, 0 failed, 0 cancelled  5 s  0 USD`);
    expectSentence(await run('owners', 'limit', 'studio', '--running', 'many'), 2, '--running');
    expectSentence(await run('owners', 'create', 'studio'), 2, 'studio');
    expectSentence(await run('usage', '--owner', 'nobody'), 2, 'nobody');
    expectSentence(await run('usage', '--group-by', 'colour'), 2, '--group-by');
  });
});

describe('backup', () => {
  it('of a running server is a folder on which a server has all videos, and goes on with those under way', async () => {
    const done = await stage.server.api.succeeded(
      (await stage.server.api.create({ ...stage.still, tags: { keep: 'yes' } })).id,
    );
    const bytes = wholeFile(await stage.server.api.content(done.id));
    const slow = await stage.server.api.create({ model: MODEL, images: ['sample_first', stage.url], size: '480P' });
    await stage.server.api.wait(slow.id, ({ status }) => status === 'running');
    const made = await runInbetween(['keys', 'create', '--owner', 'archive', '--data-dir', stage.scratch.data]);
    const other = createApi(stage.server.url, made.out.trim());
    const theirs = await other.create(stage.still);
    const copy = stage.scratch.file('copy');
    const report = await runInbetween(['backup', copy, '--data-dir', stage.scratch.data, '--json']);
    expect([report.code, report.err]).toEqual([0, '']);
    // Those of all owners, which no key sees.
    const inFolder = ['--data-dir', stage.scratch.data, '--json'];
    const json = async (...args: readonly string[]) =>
      JSON.parse((await runInbetween([...args, ...inFolder])).out) as readonly { readonly id: string }[];
    let videos = 0;
    for (const { id } of await json('owners', 'list'))
      videos += (await json('videos', 'list', '--limit', '1000', '--owner', id)).length;
    expect(JSON.parse(report.out)).toMatchObject({ missing: 0, videos });
    expectSentence(await runInbetween(['backup', copy, '--data-dir', stage.scratch.data]), 1, 'not empty');
    expectSentence(
      await runInbetween(['backup', stage.scratch.file('c2'), '--data-dir', stage.scratch.file('none')]),
      1,
      'no Inbetween',
    );

    // The original loses both; the copy knows nothing of that.
    for (const { id } of [done, slow]) await stage.server.api.call(`/v1/videos/${id}`, { method: 'DELETE' });
    expect((await stage.server.api.call(`/v1/videos/${done.id}`)).status).toBe(404);
    const restored = await startServer(stage.scratch, { data: copy });
    try {
      expect(await restored.api.find(done.id)).toMatchObject({ status: 'succeeded', tags: { keep: 'yes' } });
      expect(wholeFile(await restored.api.content(done.id)).equals(bytes)).toBe(true);
      expect((await createApi(restored.url, other.key).find(theirs.id)).id).toBe(theirs.id);
      await restored.api.wait(
        slow.id,
        ({ status, metadata }) => status === 'running' && metadata.phase === 'generating',
      );
      expect((await restored.api.cancel(slow.id)).status).toBe(200);
    } finally {
      expect((await restored.stop()).code).toBe(0);
    }
  });
});
