import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderVideo } from '@inbetween/renderer';
import sharp from 'sharp';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { keepingLog } from '../system/keeping-log.fixture.ts';
import { createMedia, type MediaOptions, type MediaParts } from './media.ts';

let folder: string;
let tmpFolder: string;
let picture: Uint8Array;
const opened: MediaParts[] = [];
const { signal } = new AbortController();

beforeAll(async () => {
  picture = await sharp({ create: { width: 320, height: 240, channels: 3, background: '#336699' } })
    .png()
    .toBuffer();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbetween-media-'));
  tmpFolder = join(folder, 'tmp');
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((parts) => parts.close()));
  await rm(folder, { recursive: true, force: true });
});

function open(options: Partial<MediaOptions> = {}) {
  const log = keepingLog();
  const parts = createMedia({ tmpFolder, log, children: 1, ...options });
  opened.push(parts);
  const prepare = (by: AbortSignal = signal) => parts.preparer.prepare({ first: picture, last: picture }, '480P', by);
  const pid = () => parts.children()[0]?.pid;
  return { parts, log, prepare, pid };
}

describe('the warm media child', () => {
  it('starts with the first job and serves the next ones', async () => {
    const { prepare, pid } = open();
    expect(pid()).toBeUndefined();
    await (await prepare())[Symbol.asyncDispose]();
    const first = pid();
    expect(first).toBeDefined();
    await (await prepare())[Symbol.asyncDispose]();
    expect(pid()).toBe(first);
  });

  it('can be started ahead', async () => {
    const { parts, pid } = open();
    parts.warm();
    const started = pid();
    expect(started).toBeDefined();
    parts.warm();
    expect(pid()).toBe(started);
  });

  it('keeps the files of a pair until it is disposed', async () => {
    const { prepare } = open();
    const pair = await prepare();
    const { png } = pair.frames.first;
    if (!('path' in png)) throw new Error('a file was expected');
    expect((await stat(png.path)).size).toBeGreaterThan(100);
    await pair[Symbol.asyncDispose]();
    await pair[Symbol.asyncDispose]();
    expect(await readdir(tmpFolder)).toEqual([]);
  });

  it('is replaced after so many pictures', async () => {
    const { prepare, pid } = open({ recycleAfter: 4 });
    await prepare();
    const first = pid();
    await prepare();
    await vi.waitUntil(() => pid() === undefined);
    await prepare();
    expect(pid()).not.toBe(first);
  });

  it('is replaced when it has grown too large', async () => {
    const { prepare, pid } = open({ recycleBytes: 1 });
    await prepare();
    expect(pid()).toBeUndefined();
  });

  it('is let go when it has nothing to do', async () => {
    const { prepare, pid } = open({ idleMs: 50 });
    await prepare();
    await vi.waitUntil(() => pid() === undefined);
    await prepare();
    expect(pid()).toBeDefined();
  });

  it('kills a job that takes too long', async () => {
    const { prepare, pid } = open({ jobMs: 3000 });
    await prepare();
    process.kill(pid() ?? 0, 'SIGSTOP');
    await expect(prepare()).rejects.toMatchObject({
      code: 'internal_error',
      cause: expect.objectContaining({ reason: 'wall' }),
    });
    expect((await prepare()).identical).toBe(true);
  });

  it('rejects at once when aborted, and removes the files when the child is done', async () => {
    const { prepare, pid } = open();
    await prepare();
    const before = await readdir(tmpFolder);
    process.kill(pid() ?? 0, 'SIGSTOP');
    const abort = new AbortController();
    const waiting = [prepare(abort.signal), prepare(abort.signal)];
    await vi.waitUntil(async () => (await readdir(tmpFolder)).length === before.length + 2);
    abort.abort(new Error('cancelled'));
    for (const one of waiting) await expect(one).rejects.toThrow('cancelled');
    process.kill(pid() ?? 0, 'SIGCONT');
    await vi.waitUntil(async () => (await readdir(tmpFolder)).length === before.length);
    await expect(prepare(abort.signal)).rejects.toThrow('cancelled');
  });

  it('ends running and waiting jobs when it is closed, and starts no other', async () => {
    const { parts, prepare, pid } = open();
    await prepare();
    process.kill(pid() ?? 0, 'SIGSTOP');
    const jobs = Promise.allSettled([prepare(), prepare()]);
    await parts.close();
    for (const job of await jobs) expect(job).toMatchObject({ status: 'rejected', reason: { code: 'shutting_down' } });
    await expect(prepare()).rejects.toMatchObject({ code: 'shutting_down' });
    expect(pid()).toBeUndefined();
  });
});

describe('inspection of video files', () => {
  it('measures a video', async () => {
    const { parts } = open();
    const [first, last, video] = ['first.png', 'last.png', 'video.mp4'].map((name) => join(folder, name));
    if (first === undefined || last === undefined || video === undefined) throw new Error('three paths were expected');
    await writeFile(first, picture);
    await writeFile(last, picture);
    const plan = { first, last, video, fps: 30, frames: 3, seed: 0, prompt: '', negativePrompt: '', threads: 1 };
    await renderVideo({ ...plan, encoder: { kind: 'builtin' } });
    const facts = await parts.media.inspect(video, signal);
    expect(facts).toMatchObject({ width: 320, height: 240, frames: 3, fps: 30, durationMs: 100, faststart: true });
    expect(facts.codec).toMatch(/^avc1/);
  });

  it('calls what is no video damaged, whatever it is', async () => {
    const { parts } = open();
    const path = join(folder, 'video.mp4');
    for (const bytes of [
      Buffer.alloc(0),
      Buffer.from('<html>'),
      Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isom'),
      picture,
    ]) {
      await writeFile(path, bytes);
      await expect(parts.media.inspect(path, signal)).rejects.toMatchObject({ code: 'damaged_output' });
    }
    expect(existsSync(path)).toBe(true);
  });
});
