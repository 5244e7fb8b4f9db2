import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi, MODEL, type ShownVideo, wholeFile } from '../support/api.ts';
import { decode, judgeContainer } from '../support/mp4-judge.ts';
import { dataUrl, paint } from '../support/paintings.ts';
import {
  BIN,
  cleanEnvironment,
  type Finished,
  KEY,
  leftoversIn,
  makeScratch,
  runInbetween,
  runProgram,
  type Scratch,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** The command as people type it: what it does, what it prints and how it ends. */

let scratch: Scratch;
let server: ServerProcess;
/** One picture twice is made in a second: here it matters that there is a video, not what it shows. */
let picture: string;
let url: string;

beforeAll(async () => {
  scratch = makeScratch();
  picture = scratch.file('a picture.png');
  await paint(640, 360).png().toFile(picture);
  url = dataUrl(await readFile(picture));
  server = await startServer(scratch);
});

afterAll(async () => {
  expect(await server?.stop()).toEqual({ code: 0, signal: null });
  await until('no process left', () => leftoversIn(scratch).length === 0);
  await scratch[Symbol.asyncDispose]();
});

const still = () => ({ model: MODEL, images: [url, url], size: '480P' });

/** A failure that a person can do something about: a sentence, never a stack. */
function expectSentence({ code, out, err }: Finished, exitCode: number, ...words: readonly (string | RegExp)[]): void {
  expect([code, out], err).toEqual([exitCode, expect.any(String)]);
  for (const word of words) expect(err).toMatch(word);
  expect(err).not.toMatch(/^\s+at |node:internal|Error:/m);
}

describe('generate', () => {
  it('makes a file of two files, by itself', async () => {
    const out = scratch.file('out.mp4');
    const args = ['generate', picture, picture, '-o', out, '--size', '480P', '--seed', '7', '--json'];
    const before = await readdir(scratch.path);
    // What would cost money or reach another server is not even looked at.
    const env = { INBETWEEN_API_KEY: KEY, INBETWEEN_DATA_DIR: '/nowhere', PORT: '1', TMPDIR: scratch.path };
    const { code, out: printed, err } = await runInbetween(args, { cwd: scratch.cwd, env });
    expect([code, err], err).toEqual([0, expect.not.stringContaining('Error')]);
    const video = JSON.parse(printed) as ShownVideo;
    expect(video).toMatchObject({ object: 'video', status: 'succeeded', seed: 7, width: 832, height: 464 });
    const file = await readFile(out);
    judgeContainer(file, { width: 832, height: 464, id: video.id });
    expect((await decode(file)).frames).toHaveLength(150);
    // Node's own cache of compiled code is the one thing that stays in the folder for temporary files.
    const left = (await readdir(scratch.path)).filter(
      (name) => !before.includes(name) && name !== 'node-compile-cache',
    );
    expect(left).toEqual(['out.mp4']);
    expect(leftoversIn(scratch).filter((line) => !line.includes('media') && !line.includes('serve'))).toEqual([]);
  });

  it('makes a file by a server', async () => {
    const out = scratch.file('by-server.mp4');
    const args = ['generate', picture, picture, '-o', out, '--size', '480p', '--prompt', '猫', '--url', server.url];
    const { code, out: printed, err } = await runInbetween(args, { env: { INBETWEEN_API_KEY: KEY } });
    expect([code, printed, err]).toEqual([0, '', expect.stringContaining('832×464')]);
    const [video] = await server.api.list();
    expect(video).toMatchObject({ status: 'succeeded', prompt: '猫', size: '480P' });
    expect(wholeFile(await server.api.content(video?.id ?? '')).equals(await readFile(out))).toBe(true);
  });

  it('ends with 1 when the video fails, and writes nothing', async () => {
    const half = scratch.file('half.png');
    const whole = await paint(800, 600).png().toBuffer();
    await writeFile(half, whole.subarray(0, whole.length / 2));
    const out = scratch.file('never.mp4');
    const args = ['generate', picture, half, '-o', out, '--url', server.url, '--key', KEY];
    expectSentence(await runInbetween(args), 1, 'invalid_image', 'images[1]');
    expect(existsSync(out)).toBe(false);
    const refused = await runInbetween([
      'generate',
      picture,
      scratch.file('text.txt'),
      '--url',
      server.url,
      '--key',
      KEY,
    ]);
    expectSentence(refused, 2, 'text.txt');
    const wrongKey = await runInbetween([
      'generate',
      picture,
      picture,
      '--url',
      server.url,
      '--key',
      'wrong-key-of-length',
    ]);
    expectSentence(wrongKey, 1, /key/i);
    const nobody = await runInbetween(['generate', picture, picture, '--url', 'http://127.0.0.1:1', '--key', KEY]);
    expectSentence(nobody, 1, /127\.0\.0\.1:1|reach|connect/i);
  });

  it.each([
    ['no pictures', ['generate']],
    ['one picture', ['generate', 'a.png']],
    ['a file that is not there', ['generate', 'a.png', 'b.png']],
    ['a seed in words', ['generate', BIN, BIN, '--seed', 'lucky']],
    ['an unknown option', ['generate', BIN, BIN, '--colour', 'red']],
    ['an unknown command', ['make', 'a.png', 'b.png']],
    ['keys without a verb', ['keys', 'show']],
    ['an unknown scope', ['keys', 'create', '--scopes', 'all-of-them', '--data-dir', 'never-made']],
    ['revoke of nothing', ['keys', 'revoke']],
    ['backup to nowhere', ['backup']],
  ])('ends with 2 when it is used wrongly: %s', async (_what, args) => {
    const ended = await runInbetween(args, { cwd: scratch.cwd });
    expectSentence(ended, 2, /\S/);
    expect(ended.out).toBe('');
  });

  it('cancels its video when it is interrupted', async () => {
    const args = [
      'generate',
      picture,
      scratch.file('other.png'),
      '--url',
      server.url,
      '--key',
      KEY,
      '-o',
      scratch.file('x.mp4'),
    ];
    await paint(640, 360, { pan: 0.1 }).png().toFile(scratch.file('other.png'));
    const child = spawn(process.execPath, [BIN, ...args], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = endOf(child);
    const id = await until(
      'a running video',
      async () => (await server.api.list()).find(({ status }) => status === 'running')?.id,
    );
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect((await server.api.find(id)).status).toBe('cancelled');
    expect(existsSync(scratch.file('x.mp4'))).toBe(false);
  });
});

function endOf(child: ChildProcess): Promise<number | null> {
  return new Promise((done) => {
    child.once('close', done);
  });
}

describe('videos and backends, beside a running server', () => {
  const run = (...args: readonly string[]) => runInbetween([...args, '--data-dir', scratch.data]);
  const json = async <T>(...args: readonly string[]) => JSON.parse((await run(...args, '--json')).out) as T;

  it('lists, shows, saves and requeues videos', async () => {
    const api = createApi(server.url, KEY);
    const done = await api.succeeded((await api.create(still())).id);
    const listed = await json<readonly { id: string; status: string }[]>('videos', 'list', '--limit', '1000');
    expect(listed.find(({ id }) => id === done.id)?.status).toBe('succeeded');
    expect(JSON.stringify(listed)).not.toContain('prompt');
    const { out } = await run('videos', 'show', done.id);
    for (const word of [done.id, 'default', 'succeeded', 'renderer']) expect(out).toContain(word);
    const file = scratch.file('saved/again.mp4');
    expect((await run('videos', 'save', done.id, '--output', file)).err).toContain('the result');
    expect(readFileSync(file).equals(wholeFile(await api.content(done.id)))).toBe(true);
    const nowhere = scratch.file('nowhere/none.mp4');
    expectSentence(await run('videos', 'save', 'video_nothing', '-o', nowhere), 1, 'no video video_nothing');
    expect(existsSync(dirname(nowhere))).toBe(false);
    expectSentence(await run('videos', 'requeue', done.id), 1, 'has succeeded');
    expectSentence(await run('videos', 'show', 'video_nothing'), 1, 'no video video_nothing');
    expectSentence(await run('videos', 'list', '--status', 'done'), 2, '--status', 'succeeded');
    expectSentence(await run('videos', 'list', '--limit', 'all'), 2, '--limit', '1000');
  });

  it('pauses a backend within seconds, and resumes it', async () => {
    const api = createApi(server.url, KEY);
    expect(await json('backends', 'list')).toMatchObject([{ name: 'renderer', state: 'open' }]);
    expect((await run('backends', 'pause', 'renderer')).code).toBe(0);
    const models = async () => (await api.call('/v1/models')).json<{ data: { problems: string[] }[] }>().data;
    await until('paused', async () => (await models())[0]?.problems[0]?.includes('paused'));
    const waiting = await api.create(still());
    expect((await api.prepared(waiting.id)).status).toBe('queued');
    expect((await run('backends', 'resume', 'renderer')).code).toBe(0);
    await api.succeeded(waiting.id);
    expectSentence(await run('backends', 'drain', 'rendrer'), 1, 'there are renderer');
  });
});

describe('keys, beside a running server', () => {
  const keys = (...args: readonly string[]) => runInbetween(['keys', ...args, '--data-dir', scratch.data]);

  it('are made, work at once, are listed without their secrets, and end within 4 seconds', async () => {
    const { code, out, err } = await keys('create', '--owner', 'shop', '--name', 'web shop');
    expect([code, err]).toEqual([0, expect.stringMatching(/key_\S+ of shop/)]);
    const secret = out.trim();
    const id = /key_\w+/.exec(err)?.[0] ?? '';
    const shop = createApi(server.url, secret);
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
    expect((await server.api.call('/v1/videos')).status).toBe(200);
  });

  it('may be narrower than their owner', async () => {
    const made = JSON.parse((await keys('create', '--scopes', 'videos:read', '--json')).out) as { secret: string };
    const reader = createApi(server.url, made.secret);
    expect((await reader.call('/v1/videos')).status).toBe(200);
    const refused = await reader.post(still());
    expect([refused.status, refused.json()]).toMatchObject([403, { error: { code: 'insufficient_scope' } }]);
  });
});

describe('projects and usage, beside a running server', () => {
  const run = (...args: readonly string[]) => runInbetween([...args, '--data-dir', scratch.data]);

  it('are limited within seconds, and told what they used', async () => {
    const made = await run('owners', 'create', 'studio', '--queued', '0', '--json');
    expect(JSON.parse(made.out)).toMatchObject({ id: 'studio', queued: 0, monthly_seconds: null });
    const { out } = await run('keys', 'create', '--owner', 'studio');
    const studio = createApi(server.url, out.trim());
    const code = async () => (await studio.post(still())).json() as { readonly error?: { readonly code: string } };
    expect(await code()).toMatchObject({ error: { code: 'too_many_queued' } });
    const changed = await run('owners', 'limit', 'studio', '--queued', 'none', '--monthly-seconds', '5');
    expect([changed.code, changed.out]).toEqual([0, expect.stringContaining('5 s a month')]);
    // Whoever checked the key a moment ago believes the old limits for three seconds.
    let id = '';
    const accepted = async () => {
      const { json, status } = await studio.post(still());
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
    const done = await server.api.succeeded((await server.api.create({ ...still(), tags: { keep: 'yes' } })).id);
    const bytes = wholeFile(await server.api.content(done.id));
    const slow = await server.api.create({ model: MODEL, images: ['sample_first', url], size: '480P' });
    await server.api.wait(slow.id, ({ status }) => status === 'running');
    const copy = scratch.file('copy');
    const report = await runInbetween(['backup', copy, '--data-dir', scratch.data, '--json']);
    expect([report.code, report.err]).toEqual([0, '']);
    // Those of all owners, which no key sees.
    const list = ['videos', 'list', '--limit', '1000', '--data-dir', scratch.data, '--json', '--owner'];
    const videosOf = async (owner: string) => JSON.parse((await runInbetween([...list, owner])).out).length as number;
    const videos = (await videosOf('default')) + (await videosOf('studio'));
    expect(JSON.parse(report.out)).toMatchObject({ missing: 0, videos });
    expectSentence(await runInbetween(['backup', copy, '--data-dir', scratch.data]), 1, 'not empty');
    expectSentence(
      await runInbetween(['backup', scratch.file('c2'), '--data-dir', scratch.file('none')]),
      1,
      'no Inbetween',
    );

    // The original loses both; the copy knows nothing of that.
    for (const { id } of [done, slow]) await server.api.call(`/v1/videos/${id}`, { method: 'DELETE' });
    expect((await server.api.call(`/v1/videos/${done.id}`)).status).toBe(404);
    const restored = await startServer(scratch, { data: copy });
    try {
      expect(await restored.api.find(done.id)).toMatchObject({ status: 'succeeded', tags: { keep: 'yes' } });
      expect(wholeFile(await restored.api.content(done.id)).equals(bytes)).toBe(true);
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

describe('the first start', () => {
  it('puts the first key into a file of its own, and its curl line works when pasted', async () => {
    const data = scratch.file("a new 'folder'");
    const path = join(data, 'first-key');
    const fresh = await startServer(scratch, { key: null, data });
    try {
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect((await stat(data)).mode & 0o777).toBe(0o700);
      const secret = (await readFile(path, 'utf8')).trim();
      expect(secret.length).toBeGreaterThanOrEqual(32);
      expect(fresh.out()).toContain(path);
      expect(fresh.out() + fresh.err()).not.toContain(secret);
      const api = createApi(fresh.url, secret);
      const curl = fresh.out().slice(fresh.out().indexOf('curl '));
      const { code, out, err } = await runProgram('sh', ['-c', `${curl.trimEnd()} --silent --show-error`]);
      expect([code, err]).toEqual([0, '']);
      const video = JSON.parse(out) as ShownVideo;
      expect(video).toMatchObject({ object: 'video', status: 'pending', size: '720P' });
      expect(await api.prepared(video.id)).toMatchObject({ width: 1280, height: 720 });
      await api.cancel(video.id);
    } finally {
      await fresh.stop();
    }
    const again = await startServer(scratch, { key: null, data });
    const secret = (await readFile(path, 'utf8')).trim();
    expect(again.out()).not.toContain('first API key');
    expect((await createApi(again.url, secret).call('/v1/videos')).status).toBe(200);
    await again.stop();
  });
});

describe('a start that cannot be', () => {
  const serve = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runInbetween(['serve', ...args], { env: { INBETWEEN_API_KEY: KEY, ...env }, cwd: scratch.cwd });

  it('on a folder in use is refused in a sentence that names it', async () => {
    const ended = await serve(['--port', '0', '--data-dir', scratch.data]);
    expectSentence(ended, 1, scratch.data, String(server.pid), 'INBETWEEN_DATA_DIR');
    expect(ended.err.trim().split('\n')).toHaveLength(1);
    expect((await server.api.call('/readyz')).status).toBe(200);
  });

  it('on a port in use is refused in a sentence, and lets go of the folder', async () => {
    const taken = createServer();
    await new Promise<void>((done) => {
      taken.listen(0, '127.0.0.1', done);
    });
    const { port } = taken.address() as { port: number };
    const data = scratch.file('port');
    const ended = await serve(['--port', String(port), '--data-dir', data]);
    expectSentence(ended, 1, `127.0.0.1:${port}`, '--port');
    // No key was made for a start that failed, and nobody holds the folder.
    expect(existsSync(join(data, 'first-key'))).toBe(false);
    taken.close();
    await using free = await startServer(scratch, { data });
    expect((await free.api.call('/v1/videos')).status).toBe(200);
  });

  it('on a folder that is a file, or not ours, is refused in a sentence', async () => {
    expectSentence(await serve(['--port', '0', '--data-dir', picture]), 1, 'a picture.png');
    const foreign = scratch.file('foreign');
    await mkdir(foreign);
    await writeFile(join(foreign, 'inbetween.db'), 'this is not a database, it is a text of some length'.repeat(40));
    expectSentence(await serve(['--port', '0', '--data-dir', foreign]), 1, /inbetween\.db|database/);
  });

  it('with bad settings tells all of them at once', async () => {
    const bad = {
      INBETWEEN_API_KEY: 'short-secret',
      LOG_LEVEL: 'loud',
      SHUTDOWN_GRACE: 'soon',
      INBETWEEN_FETCH_ALLOW: 'not a host!',
      INBETWEEN_ENCODER: 'av2',
      PUBLIC_URL: 'video.example.com',
    };
    const ended = await serve(['--port', '99999', '--data-dir', scratch.file('bad')], bad);
    expectSentence(ended, 2, '--port', ...Object.keys(bad));
    expect(ended.err).not.toContain('short-secret');
    expect(existsSync(scratch.file('bad'))).toBe(false);
  });
});

describe('help', () => {
  it.each([
    [['--help'], ['serve', 'generate', 'keys', 'videos', 'backends', 'backup']],
    [
      ['serve', '--help'],
      ['--port', '--data-dir'],
    ],
    [
      ['generate', '--help'],
      ['--output', '--size', '480P'],
    ],
    [
      ['keys', '--help'],
      ['create', 'list', 'revoke'],
    ],
    [
      ['keys', 'create', '--help'],
      ['--owner', '--scopes'],
    ],
    [
      ['owners', '--help'],
      ['create', 'list', 'show', 'limit'],
    ],
    [
      ['usage', '--help'],
      ['--owner', '--group-by'],
    ],
    [['backup', '--help'], ['--data-dir']],
    [[], ['serve', 'generate']],
  ])('%j', async (args, words) => {
    const { code, out, err } = await runInbetween(args);
    expect([code, err]).toEqual([0, '']);
    for (const word of words) expect(out).toContain(word);
  });

  it('and --version, by an older Node as well', async () => {
    const { code, out } = await runInbetween(['--version']);
    expect([code, out]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+\n$/)]);
    const old = olderNode();
    if (old === undefined) return;
    const byOld = await runInbetween(['--version'], { node: old });
    expect([byOld.code, byOld.out, byOld.err]).toEqual([0, out, '']);
  });
});

/** Another Node of this machine that is too old to run the server itself, if there is one. */
function olderNode(): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(':')) {
    const path = join(folder, 'node');
    if (folder.includes('node_modules') || !existsSync(path)) continue;
    const version = execFileSync(path, ['--version'], { encoding: 'utf8' });
    if (/^v20\./.test(version)) return path;
  }
  return undefined;
}
