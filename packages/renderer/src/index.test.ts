import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decode } from '../test/decode.ts';
import { writePair } from '../test/pictures.ts';
import { inspectMp4, renderFrames, renderVideo } from './index.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'renderer-door-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const REST = { fps: 30, seed: 3, prompt: 'slowly', negativePrompt: '', threads: 2 } as const;

test('two pictures become a clip, and the same clip again', async () => {
  const { first, last } = await writePair(folder, 96, 64);
  const plan = { ...REST, first, last, frames: 12, watermark: 'AI生成', encoder: { kind: 'builtin' } } as const;
  const videos = [join(folder, 'one.mp4'), join(folder, 'two.mp4')] as const;
  const report = await renderVideo({ ...plan, video: videos[0] });
  await renderVideo({ ...plan, video: videos[1], threads: 1 });
  expect(report).toMatchObject({ width: 96, height: 64, frames: 12, generative: false, honoured: { timing: 'slow' } });
  const [one, two] = await Promise.all(videos.map((video) => readFile(video)));
  expect(two).toEqual(one);
  expect(inspectMp4(new Uint8Array(one!))).toMatchObject({ frames: 12, fps: 30, faststart: true });
  expect((await decode(videos[0], 96, 64)).times).toHaveLength(12);
});

test('the seed decides how a hand moves, and nothing else', { timeout: 60_000 }, async () => {
  const { first, last } = await writePair(folder, 96, 64);
  const plan = { ...REST, first, last, frames: 4, encoder: { kind: 'builtin' } } as const;
  const make = async (prompt: string, seed: number, name: string) => {
    const video = join(folder, name);
    const report = await renderVideo({ ...plan, prompt, seed, video });
    return { report, bytes: await readFile(video) };
  };
  const [held, again, other] = [
    await make('handheld', 3, 'held.mp4'),
    await make('handheld', 3, 'again.mp4'),
    await make('handheld', 4, 'other.mp4'),
  ];
  expect(held.report.honoured).toMatchObject({ overlay: 'handheld' });
  expect(again.bytes).toEqual(held.bytes);
  expect(other.bytes).not.toEqual(held.bytes);
  const [plain, sameButSeed] = [await make('', 3, 'plain.mp4'), await make('', 4, 'seed.mp4')];
  expect(plain.bytes).not.toEqual(held.bytes);
  expect(sameButSeed.bytes).toEqual(plain.bytes);
});

test('two pictures become a series of frames', async () => {
  const { first, last } = await writePair(folder, 64, 64);
  const { files } = await renderFrames({ ...REST, first, last, folder, frames: 3, ease: 'smooth' });
  expect(files.map((file) => file.slice(-14))).toEqual(['frame_0001.png', 'frame_0002.png', 'frame_0003.png']);
});

test('an aborted render leaves no thread, no handle and no file', async () => {
  const { first, last } = await writePair(folder, 160, 96);
  const before = await readdir(folder);
  const child = fileURLToPath(new URL('../test/abort-child.ts', import.meta.url));
  const run = promisify(execFile)(process.execPath, [child, first, last, join(folder, 'never.mp4')], {
    timeout: 15_000,
  });
  expect((await run).stdout).toBe('enough');
  expect(await readdir(folder)).toEqual(before);
});
