import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi, MODEL, type ShownVideo, STATUSES, wholeFile } from '../support/api.ts';
import { listen } from '../support/event-reader.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { dataUrl, paint } from '../support/paintings.ts';
import { hasPostgres } from '../support/postgres-cluster.ts';
import { KEY, makeScratch, runInbetween, type Scratch, type ServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** A still video: made in about a second. */
const still = async () => {
  const image = dataUrl(await paint(640, 360).png().toBuffer());
  return { model: MODEL, images: [image, image], size: '480P', prompt: '' };
};

describe('roles that cannot work are refused with a sentence', () => {
  it.each([
    ['api', {}, /"inbetween api".*Set DATABASE_URL/],
    ['worker', {}, /"inbetween worker".*Set DATABASE_URL/],
    ['api', { DATABASE_URL: 'postgres://127.0.0.1:1/x' }, /Set S3_BUCKET/],
    [
      'worker',
      { DATABASE_URL: 'postgres://127.0.0.1:1/x', S3_BUCKET: 'bucket', PUBLIC_URL: 'http://a' },
      /database of DATABASE_URL does not answer/,
    ],
    [
      'worker',
      { DATABASE_URL: 'postgres://127.0.0.1:1/x', S3_BUCKET: 'bucket', PUBLIC_URL: '' },
      /Set PUBLIC_URL.*leave lane "deliver" out/,
    ],
    ['migrate', {}, /Set DATABASE_URL/],
    ['worker', { INBETWEEN_LANES: 'generate,dance' }, /INBETWEEN_LANES.*admit, generate, drain, deliver, sweep/],
    ['serve', { DATABASE_URL: 'mysql://x' }, /DATABASE_URL.*postgres:\/\//],
  ])('%s with %j', async (role, env, words) => {
    await using scratch = makeScratch();
    const { code, err } = await runInbetween([role], { env: { ...env, INBETWEEN_DATA_DIR: scratch.data } });
    expect(err).toMatch(words);
    expect([1, 2]).toContain(code);
    expect(err).not.toMatch(/\n\s+at /);
  });
});

describe.skipIf(!hasPostgres())('api and worker in processes of their own', () => {
  let scratch: Scratch;
  let fleet: Fleet;
  beforeAll(async () => {
    scratch = makeScratch();
    fleet = await startFleet(scratch);
  });
  afterAll(async () => {
    await fleet[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  const ready = (server: ServerProcess) =>
    until('readiness', async () => (await server.api.call('/readyz', { key: null })).status === 200);

  it('make a video together, and each API knows everything', async () => {
    const [one, two] = await Promise.all([fleet.start('api'), fleet.start('api')]);
    const worker = await fleet.start('worker', { args: ['--concurrency', '1'] });
    expect(worker.out()).toMatch(/^Inbetween works \(admit, generate, drain, deliver, sweep\)/);
    await ready(one);
    const asked = await one.api.create(await still(), { 'idempotency-key': 'a' });
    expect((await two.api.create(await still(), { 'idempotency-key': 'a' })).id).toBe(asked.id);
    const video = await two.api.succeeded(asked.id);
    const bytes = wholeFile(await one.api.content(video.id));
    expect(wholeFile(await two.api.content(video.id)).equals(bytes)).toBe(true);
    // A signature of one is good at the other: the secret lies in the database.
    const { search, pathname } = new URL(video.url ?? '');
    const signed = await createApi(two.url, '').call(`${pathname}${search}`, { key: null });
    expect(wholeFile(signed).equals(bytes)).toBe(true);
    expect((await fleet.s3.keys()).some((key) => key.endsWith('video.mp4'))).toBe(true);
    for (const process of [one, two, worker]) expect(await process.stop()).toEqual({ code: 0, signal: null });
  });

  it('tell of a video as it goes, whoever made it and works on it; another API goes on where one left off', async () => {
    const [one, two] = await Promise.all([fleet.start('api'), fleet.start('api')]);
    await Promise.all([ready(one), ready(two)]);
    const { id } = await two.api.create({ model: MODEL, images: ['sample_first', 'sample_last'], size: '480P' });
    const stream = `/v1/videos/${id}/events`;
    const told: { readonly version: number; readonly video: ShownVideo }[] = [];
    let last = '';
    const note = (event: { readonly id: string; readonly data: ShownVideo }) => {
      last = event.id;
      told.push({ version: Number(event.id.split(':')[1]), video: event.data });
    };
    // The worker starts only when somebody listens, so that the whole way is told.
    let worker: Promise<ServerProcess> | undefined;
    const onOpen = () => {
      worker = fleet.start('worker', { args: ['--concurrency', '1'] });
    };
    for await (const event of listen<ShownVideo>(new URL(stream, one.url), { key: KEY, onOpen })) {
      note(event);
      if (event.data.status === 'running' && event.data.progress > 0) break;
    }
    const heard = told.length;
    const rest = listen<ShownVideo>(new URL(stream, two.url), { key: KEY, lastEventId: last });
    for await (const event of rest) note(event);
    expect(told.length).toBeGreaterThan(heard);
    const versions = told.map(({ version }) => version);
    // Nothing twice, nothing out of order, and the end is the last.
    expect(versions).toEqual([...new Set(versions)].toSorted((a, b) => a - b));
    const statuses = told.map(({ video }) => STATUSES.indexOf(video.status));
    expect(statuses).toEqual(statuses.toSorted((a, b) => a - b));
    expect(told[0]?.video).toMatchObject({ id, status: 'pending', progress: 0 });
    expect(told.at(-1)?.video).toMatchObject({ id, status: 'succeeded', progress: 100 });
    // Who has seen the end is told that there is no more, by either.
    for (const { url } of [one, two]) {
      const headers = { 'last-event-id': last };
      expect((await createApi(url, KEY).call(stream, { headers })).status).toBe(204);
    }
    await Promise.all([one.stop(), two.stop(), worker?.then((process) => process.stop())]);
  });

  it('a key that is revoked beside them is refused by every one within seconds', async () => {
    const apis = await Promise.all([fleet.start('api'), fleet.start('api')]);
    const { env } = fleet;
    const made = await runInbetween(['keys', 'create', '--owner', 'shop', '--json'], { env });
    const { id, secret } = JSON.parse(made.out) as { id: string; secret: string };
    const answers = () =>
      Promise.all(apis.map(async ({ url }) => (await createApi(url, secret).call('/v1/videos')).status));
    expect(await answers()).toEqual([200, 200]);
    expect((await runInbetween(['keys', 'revoke', id], { env })).code).toBe(0);
    await until('the refusal', async () => (await answers()).every((status) => status === 401), { limitMs: 10_000 });
    await Promise.all(apis.map((api) => api.stop()));
  });

  it('say what is not ready, and recover by themselves', async () => {
    const api = await fleet.start('api');
    await ready(api);
    await fleet.postgres.kill();
    const parts = await until('the problem', async () => {
      const answer = await api.api.call('/readyz', { key: null });
      return answer.status === 503 && answer.json<{ parts: { name: string; problem: string | null }[] }>().parts;
    });
    expect(parts).toContainEqual({ name: 'store', ready: false, problem: 'the database does not answer' });
    const refused = await api.api.call('/v1/videos', { key: KEY });
    expect([refused.status, refused.json<{ error: { code: string } }>().error.code]).toEqual([
      503,
      'storage_unavailable',
    ]);
    expect(refused.headers.get('retry-after')).toBe('2');
    await fleet.postgres.start();
    await ready(api);
    expect((await api.api.call('/v1/videos', { key: KEY })).status).toBe(200);
    await api.stop();
  });

  it('while an API is to stop it says so, and still answers', async () => {
    const api = await fleet.start('api', { env: { SHUTDOWN_DELAY: '3s' } });
    await ready(api);
    api.signal('SIGTERM');
    await until('not ready', async () => (await api.api.call('/readyz', { key: null })).status === 503);
    expect((await api.api.call('/v1/videos')).status).toBe(200);
    expect(await api.ended).toEqual({ code: 0, signal: null });
  });

  it('one process may do everything on PostgreSQL, with files in its folder; another folder is refused', async () => {
    const { S3_BUCKET: _, ...env } = fleet.env;
    const databaseUrl = await fleet.postgres.database('single');
    const wish = { env: { ...env, S3_BUCKET: '', DATABASE_URL: databaseUrl } };
    const server = await fleet.start('serve', wish);
    const { id } = await server.api.create(await still());
    wholeFile(await server.api.content((await server.api.succeeded(id)).id));
    await server.stop();
    const other = await runInbetween(['serve', '--port', '0'], {
      env: { ...wish.env, INBETWEEN_DATA_DIR: scratch.file('elsewhere') },
    });
    expect(other.err).toMatch(/files of this database lie in another data folder/);
    expect(other.code).toBe(1);
  });
});
