import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { Client } from 'pg';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi, MODEL, type ShownVideo, STATUSES, wholeFile } from '../support/api.ts';
import { listen } from '../support/event-reader.ts';
import { startFakeDashscope } from '../support/fakes/dashscope/server.ts';
import { type Fleet, startFleet } from '../support/fleet.ts';
import { BILLED_MODEL } from '../support/fleet-client.ts';
import { dataUrl, paint } from '../support/paintings.ts';
import { freePort, hasPostgres } from '../support/postgres-cluster.ts';
import { KEY, makeScratch, runInbetween, type Scratch, type ServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** A still video: made in about a second. */
const still = async () => {
  const image = dataUrl(await paint(640, 360).png().toBuffer());
  return { model: MODEL, images: [image, image], size: '480P', prompt: '' };
};

/** A picture that no compression makes small. */
const noise = (width: number, height: number) =>
  sharp(randomBytes(width * height * 3), { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();

describe('roles that cannot work are refused with a sentence', () => {
  it.concurrent.each([
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

  it('a machine whose clock is wrong says so, and takes nothing from the others', async () => {
    const skewed = scratch.file('skewed.mjs');
    writeFileSync(skewed, SKEWED_CLOCK);
    const off = (ms: number) => ({ NODE_OPTIONS: `--import=${skewed}`, SKEW_MS: String(ms) });
    // By the clocks alone, the worker that is behind would be dead to the one that is ahead, many times over.
    const env = { INBETWEEN_SIMULATE: 'on' };
    const api = await fleet.start('api', { env: { ...env, ...off(90_000) } });
    const behind = await fleet.start('worker', { env: { ...env, ...off(-90_000) }, args: ['--concurrency', '1'] });
    const problems = async (url: string) => {
      const answer = await createApi(url, '').call('/readyz', { key: null });
      return answer.json<{ parts: { name: string; problem?: string }[] }>().parts.filter((part) => part.problem);
    };
    expect(await problems(api.url)).toEqual([
      { name: 'clock', ready: false, problem: "the clock of this machine is 90 s ahead of the database's" },
    ]);
    const { id } = await api.api.create(await still(), { 'x-inbetween-simulate': 'slow=6s' });
    await api.api.wait(id, ({ status }) => status === 'running');
    const port = await freePort();
    const ahead = await fleet.start('worker', { env: { ...off(90_000), METRICS_PORT: String(port) } });
    const side = `http://127.0.0.1:${port}`;
    expect((await problems(side)).map(({ name }) => name)).toEqual(['clock']);
    await api.api.succeeded(id);
    const metrics = await (await fetch(`${side}/metrics`)).text();
    expect(metrics).not.toMatch(/^inbetween_attempts_total/m);
    await using database = await connect(fleet.databaseUrl);
    expect(await database.triesOf(id)).toMatchObject({ begun: 1, lost: 0 });
    await Promise.all([api.stop(), behind.stop(), ahead.stop()]);
  });

  it('while an API is to stop it says so, and still answers', async () => {
    const api = await fleet.start('api', { env: { SHUTDOWN_DELAY: '3s' } });
    await ready(api);
    api.signal('SIGTERM');
    await until('not ready', async () => (await api.api.call('/readyz', { key: null })).status === 503);
    expect((await api.api.call('/v1/videos')).status).toBe(200);
    expect(await api.ended).toEqual({ code: 0, signal: null });
  });

  it('a full database or bucket is told before anything is accepted, and a full database survived while videos are made', async () => {
    const [api] = await Promise.all([fleet.start('api'), fleet.start('worker', { args: ['--concurrency', '1'] })]);
    const refusal = async (ask: object) => {
      const answer = await api.api.post(ask);
      return [answer.status, answer.json<{ error?: { code: string } }>().error?.code];
    };
    await using database = await connect(fleet.databaseUrl);
    const before = (await api.api.list()).length;
    const noRoom = await database.full('insert');
    expect(await refusal(await still())).toEqual([507, 'storage_full']);
    await noRoom.over();
    // A posted picture of more than 256 KiB is stored in the bucket before the answer.
    const large = dataUrl(await noise(640, 360));
    fleet.s3.fail({ on: /^PUT /, status: 507, code: 'QuotaExceeded', times: 10 });
    expect(await refusal({ ...(await still()), images: [large, large] })).toEqual([507, 'storage_full']);
    fleet.s3.heal();
    expect(await api.api.list()).toHaveLength(before);

    const noUpdates = await database.full('update');
    const written = await api.api.create(await still());
    await until('a write that finds no room', noUpdates.met);
    await noUpdates.over();
    await api.api.succeeded(written.id, 180_000);
    wholeFile(await api.api.content(written.id));
  });

  it('a bucket that is full while a paid video is stored: it waits, is paid once, and ends when there is room', async () => {
    const peer = await startFakeDashscope({ queueMs: 50, runMs: 100 });
    const config = scratch.file('paid.yaml');
    const place = `{kind: dashscope, credential: PAID_KEY, url: '${peer.url}', pollEvery: 500ms}`;
    writeFileSync(config, `backends: {paid: ${place}}\nmodels: {${BILLED_MODEL}: [paid]}\n`);
    const env = { INBETWEEN_CONFIG: config, PAID_KEY: 'sk-fake' };
    const [api, worker] = await Promise.all([fleet.start('api', { env }), fleet.start('worker', { env })]);
    fleet.s3.fail({ on: /^PUT .*video\.mp4/, status: 403, code: 'QuotaExceeded', times: 1_000 });
    const { id } = await api.api.create({ ...(await still()), model: BILLED_MODEL, size: '720P' });
    const waiting = await api.api.wait(id, ({ metadata }) => metadata['phase'] === 'retrying');
    expect([waiting.status, waiting.error]).toEqual(['running', null]);
    fleet.s3.heal();
    // It would be tried again within a minute.
    expect((await runInbetween(['videos', 'requeue', id], { env: { ...fleet.env, ...env } })).code).toBe(0);
    await api.api.succeeded(id);
    wholeFile(await api.api.content(id));
    expect(peer.tasks.length).toBe(1);
    await Promise.all([api.stop(), worker.stop(), peer.kill()]);
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

/** Loaded before a process of ours. */
const SKEWED_CLOCK = `
const ms = Number(process.env.SKEW_MS);
const Real = Date;
globalThis.Date = class extends Real {
  constructor(...parts) { if (parts.length === 0) super(Real.now() + ms); else super(...parts); }
  static now() { return Real.now() + ms; }
};
`;

interface FullDatabase {
  /** Whether something was refused. */
  met(): Promise<boolean>;
  over(): Promise<void>;
}

/** The database as its administrator sees it. */
async function connect(url: string) {
  const client = new Client({ connectionString: url });
  await client.connect();
  return {
    /** From now on no video finds room, as when the disk is full. */
    async full(when: 'insert' | 'update'): Promise<FullDatabase> {
      // A sequence counts what is rolled back, too.
      await client.query(`
        create sequence refused;
        create function refuse() returns trigger language plpgsql as $$ begin
          perform nextval('refused');
          raise exception 'could not extend file: No space left on device' using errcode = '53100';
        end $$;
        create trigger full_disk before ${when} on video for each row execute function refuse()`);
      return {
        met: async () => (await client.query('select is_called from refused')).rows[0].is_called,
        over: async () =>
          void (await client.query('drop trigger full_disk on video; drop function refuse(); drop sequence refused')),
      };
    },
    async triesOf(id: string): Promise<unknown> {
      const { rows } = await client.query('select body from video where id = $1', [id]);
      return (typeof rows[0].body === 'string' ? JSON.parse(rows[0].body) : rows[0].body).tries;
    },
    [Symbol.asyncDispose]: () => client.end(),
  };
}
