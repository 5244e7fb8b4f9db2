import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApi, type ShownVideo } from '../support/api.ts';
import { type CommandStage, expectSentence, openCommandStage } from '../support/command.ts';
import { BIN, KEY, runInbetween, runProgram, startServer } from '../support/server-process.ts';

/** The command as people type it first: help, wrong use, the first start, and starts that cannot be. */

let stage: CommandStage;
beforeAll(async () => {
  stage = await openCommandStage();
});
afterAll(() => stage?.close());

describe('wrong use', () => {
  it.concurrent.each([
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
    const ended = await runInbetween(args, { cwd: stage.scratch.cwd });
    expectSentence(ended, 2, /\S/);
    expect(ended.out).toBe('');
  });
});

describe('the first start', () => {
  it('puts the first key into a file of its own, and its curl line works when pasted', async () => {
    const data = stage.scratch.file("a new 'folder'");
    const path = join(data, 'first-key');
    const fresh = await startServer(stage.scratch, { key: null, data });
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
    const again = await startServer(stage.scratch, { key: null, data });
    const secret = (await readFile(path, 'utf8')).trim();
    expect(again.out()).not.toContain('first API key');
    expect((await createApi(again.url, secret).call('/v1/videos')).status).toBe(200);
    await again.stop();
  });
});

describe('a start that cannot be', () => {
  const serve = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runInbetween(['serve', ...args], { env: { INBETWEEN_API_KEY: KEY, ...env }, cwd: stage.scratch.cwd });

  it.concurrent('on a folder in use is refused in a sentence that names it', async () => {
    const ended = await serve(['--port', '0', '--data-dir', stage.scratch.data]);
    expectSentence(ended, 1, stage.scratch.data, String(stage.server.pid), 'INBETWEEN_DATA_DIR');
    expect(ended.err.trim().split('\n')).toHaveLength(1);
    expect((await stage.server.api.call('/readyz')).status).toBe(200);
  });

  it.concurrent('on a port in use is refused in a sentence, and lets go of the folder', async () => {
    const taken = createServer();
    await new Promise<void>((done) => {
      taken.listen(0, '127.0.0.1', done);
    });
    const { port } = taken.address() as { port: number };
    const data = stage.scratch.file('port');
    const ended = await serve(['--port', String(port), '--data-dir', data]);
    expectSentence(ended, 1, `127.0.0.1:${port}`, '--port');
    // No key was made for a start that failed, and nobody holds the folder.
    expect(existsSync(join(data, 'first-key'))).toBe(false);
    taken.close();
    await using free = await startServer(stage.scratch, { data });
    expect((await free.api.call('/v1/videos')).status).toBe(200);
  });

  it.concurrent('on a folder that is a file, or not ours, is refused in a sentence', async () => {
    expectSentence(await serve(['--port', '0', '--data-dir', stage.picture]), 1, 'a picture.png');
    const foreign = stage.scratch.file('foreign');
    await mkdir(foreign);
    await writeFile(join(foreign, 'inbetween.db'), 'this is not a database, it is a text of some length'.repeat(40));
    expectSentence(await serve(['--port', '0', '--data-dir', foreign]), 1, /inbetween\.db|database/);
  });

  it.concurrent('with bad settings tells all of them at once', async () => {
    const bad = {
      INBETWEEN_API_KEY: 'short-secret',
      LOG_LEVEL: 'loud',
      SHUTDOWN_GRACE: 'soon',
      INBETWEEN_FETCH_ALLOW: 'not a host!',
      INBETWEEN_ENCODER: 'av2',
      PUBLIC_URL: 'video.example.com',
    };
    const ended = await serve(['--port', '99999', '--data-dir', stage.scratch.file('bad')], bad);
    expectSentence(ended, 2, '--port', ...Object.keys(bad));
    expect(ended.err).not.toContain('short-secret');
    expect(existsSync(stage.scratch.file('bad'))).toBe(false);
  });
});

describe('help', () => {
  it.concurrent.each([
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

  it.concurrent('and --version, by an older Node as well', async () => {
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
