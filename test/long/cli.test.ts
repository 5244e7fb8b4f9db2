import { execFile } from 'node:child_process';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { VideoObject } from '@inbetween/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { hasFfmpeg, judgeVideo } from '../support/judge.ts';
import { forget, KEY, run, type Spawned, startServer, temporaryFolder, until } from '../support/server.ts';

const ASSETS = join(import.meta.dirname, '../../packages/renderer/assets');
const FRAMES = [join(ASSETS, 'sample_first.png'), join(ASSETS, 'sample_last.png')];

let folder: string;
let data: string;
let server: Spawned;

beforeAll(async () => {
  folder = await temporaryFolder();
  data = join(folder, 'data');
  server = await startServer(data);
});
afterAll(async () => {
  await server.stop();
  await forget(folder);
});

it('generates a file from two files, by itself', async () => {
  const out = join(folder, 'out.mp4');
  const { code, out: printed } = await run([
    'generate',
    ...FRAMES,
    '-o',
    out,
    '--size',
    '480P',
    '--seed',
    '5',
    '--json',
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(printed)).toMatchObject({ status: 'succeeded', seed: 5, width: 832, height: 464 });
  await judgeVideo(await readFile(out), folder, { width: 832, height: 464 });
});

it('says what is wrong, and with which exit code', async () => {
  expect(await run(['generate', 'missing.png', FRAMES[1] ?? ''])).toMatchObject({
    code: 2,
    error: expect.stringContaining('missing.png is not a file'),
  });
  expect(await run(['generate', FRAMES[0] ?? ''])).toMatchObject({ code: 2, error: expect.stringContaining('LAST') });
  const text = join(folder, 'text.png');
  await writeFile(text, 'not a picture');
  const refused = await run(['generate', text, FRAMES[1] ?? '', '--url', server.url, '--key', KEY]);
  expect(refused).toMatchObject({ code: 1, out: '', error: expect.stringContaining('images[0]') });
  expect(refused.error).not.toContain('    at ');
  expect(await run(['nonsense'])).toMatchObject({ code: 2 });
  expect(await run(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('generate') });
  expect((await run(['--version'])).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it('refuses a folder in use, a port in use and bad settings in words', async () => {
  const busy = await run(['serve', '--port', '0', '--data-dir', data]);
  expect(busy).toMatchObject({ code: 1, error: expect.stringContaining('is in use by another server') });
  const port = new URL(server.url).port;
  const taken = await run(['serve', '--port', port, '--data-dir', join(folder, 'other')]);
  expect(taken).toMatchObject({ code: 1, error: expect.stringContaining('listens on') });
  const wrong = await run(['serve', '--port', '99999'], { LOG_LEVEL: 'loud', INBETWEEN_API_KEY: 'short' });
  expect(wrong.code).toBe(2);
  for (const name of ['--port', 'LOG_LEVEL', 'INBETWEEN_API_KEY']) expect(wrong.error).toContain(name);
  for (const { error } of [busy, taken, wrong]) expect(error).not.toContain('    at ');
});

it('makes a first key that only its user can read, and a curl line that works', async () => {
  const fresh = join(folder, 'fresh');
  const other = await startServer(fresh, { INBETWEEN_API_KEY: '' });
  try {
    const path = join(fresh, 'first-key');
    expect(other.out()).toContain(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const curl = other.out().slice(other.out().indexOf('curl '));
    const { stdout } = await promisify(execFile)('sh', ['-c', curl]);
    const video = JSON.parse(stdout) as VideoObject;
    expect(video).toMatchObject({ object: 'video', status: 'pending' });
    const key = (await readFile(path, 'utf8')).trim();
    expect(other.out()).not.toContain(key);
    expect((await other.api(`/v1/videos/${video.id}/cancel`, { method: 'POST', key })).status).toBe(200);
  } finally {
    await other.stop();
  }
});

it('makes and revokes keys beside the running server, and keeps owners apart', async () => {
  const made = JSON.parse(
    (await run(['keys', 'create', '--owner', 'shop', '--name', 'web', '--data-dir', data, '--json'])).out,
  ) as { id: string; secret: string };
  const mine = await server.create({ model: 'wan2.2-kf2v-flash', images: ['sample_first', 'sample_last'] });
  await server.api(`/v1/videos/${mine.id}/cancel`, { method: 'POST' });
  const asShop = (path: string, method = 'GET') => server.api(path, { method, key: made.secret });
  expect(((await (await asShop('/v1/videos')).json()) as { data: unknown[] }).data).toEqual([]);
  const unknown = await (await asShop('/v1/videos/video_00000000000000000000000000')).json();
  for (const [path, method] of [
    ['', 'GET'],
    ['/content', 'GET'],
    ['/cancel', 'POST'],
    ['', 'DELETE'],
  ] as const) {
    const answer = await asShop(`/v1/videos/${mine.id}${path}`, method);
    expect(answer.status).toBe(404);
    // "Not yours" and "not there" are one answer, but for the id that was asked for.
    expect(JSON.stringify(await answer.json()).replaceAll(mine.id, 'ID')).toBe(
      JSON.stringify(unknown).replaceAll('video_00000000000000000000000000', 'ID'),
    );
  }
  expect((await run(['keys', 'list', '--data-dir', data])).out).toContain(made.id);
  expect((await run(['keys', 'revoke', made.id, '--data-dir', data])).code).toBe(0);
  await until(
    'refusal of the revoked key',
    async () => ((await asShop('/v1/videos')).status === 401 ? true : undefined),
    5_000,
  );
  expect((await run(['keys', 'revoke', made.id, '--data-dir', data])).code).toBe(1);
  expect((await run(['keys', 'create', '--owner', 'Not A Name', '--data-dir', data])).code).toBe(2);
});

it('backs up while it runs, and a server on the copy has it all', async () => {
  const video = await server.create({
    model: 'wan2.2-kf2v-flash',
    images: ['sample_first', 'sample_last'],
    size: '480P',
    tags: { keep: 'yes' },
  });
  const done = await server.reach(video.id, ['succeeded']);
  const copy = join(folder, 'copy');
  const backup = await run(['backup', copy, '--data-dir', data, '--json']);
  expect(backup.code).toBe(0);
  expect(JSON.parse(backup.out)).toMatchObject({ missing: 0 });
  expect((await run(['backup', copy, '--data-dir', data])).code).toBe(1);
  const bytes = await (await server.api(`/v1/videos/${done.id}/content`)).arrayBuffer();
  // The original loses it; the copy does not.
  await server.api(`/v1/videos/${done.id}`, { method: 'DELETE' });
  const restored = await startServer(copy);
  try {
    expect(await restored.get(done.id)).toMatchObject({ status: 'succeeded', tags: { keep: 'yes' } });
    expect(await (await restored.api(`/v1/videos/${done.id}/content`)).arrayBuffer()).toEqual(bytes);
  } finally {
    await restored.stop();
  }
  await rm(copy, { recursive: true, force: true });
});

it("encodes with the user's own ffmpeg when told to", async () => {
  if (!hasFfmpeg()) return;
  const { stdout } = await promisify(execFile)('sh', ['-c', 'command -v ffmpeg']);
  const other = await startServer(join(folder, 'ffmpeg'), { INBETWEEN_ENCODER: 'ffmpeg', FFMPEG_PATH: stdout.trim() });
  try {
    const { id } = await other.create({
      model: 'wan2.2-kf2v-flash',
      images: ['sample_first', 'sample_last'],
      size: '480P',
    });
    const done = await other.reach(id, ['succeeded']);
    expect(String(done.metadata['encoder'])).toContain('264');
    await judgeVideo(new Uint8Array(await (await other.api(`/v1/videos/${id}/content`)).arrayBuffer()), folder, {
      width: 832,
      height: 464,
    });
  } finally {
    await other.stop();
  }
});
