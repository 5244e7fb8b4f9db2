import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { newYuvPicture } from '../picture/yuv.ts';
import { openFfmpegEncoder } from './ffmpeg.ts';

const SHAPE = { width: 64, height: 48, fps: 30, frames: 3 };

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'ffmpeg-test-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

test('ffmpeg is never looked for in PATH', async () => {
  await expect(openFfmpegEncoder(SHAPE, 'ffmpeg', scratch)).rejects.toThrow(/absolute/);
  await expect(openFfmpegEncoder(SHAPE, '/nowhere/ffmpeg', scratch)).rejects.toThrow('/nowhere/ffmpeg');
});

test('a program that ends at once is told with its code, and leaves no folder', async () => {
  const encoder = await openFfmpegEncoder(SHAPE, '/bin/false', scratch);
  const feeding = (async () => {
    for (let index = 0; index < 3; index++) await encoder.add(newYuvPicture(64, 48));
    await encoder.finish();
  })();
  await expect(feeding).rejects.toThrow(/ffmpeg ended with 1: it said nothing/);
  await encoder.close();
  await encoder.close();
  expect(await readdir(scratch)).toEqual([]);
});

test('closing midway ends the program and removes its folder', async () => {
  // A program that reads for ever and writes nothing.
  const encoder = await openFfmpegEncoder(SHAPE, '/usr/bin/yes', scratch);
  await encoder.close();
  expect(await readdir(scratch)).toEqual([]);
});
