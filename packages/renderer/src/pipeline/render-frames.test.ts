import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dissolve, newLog } from '../../test/dissolve.ts';
import { writePair } from '../../test/pictures.ts';
import { readPicture } from '../picture/files.ts';
import { renderFramesWith } from './render-frames.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'render-frames-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const REST = { seed: 1, prompt: '', negativePrompt: '', threads: 2 } as const;

test('writes N pictures; the ends are the given ones, bit for bit', async () => {
  const { first, last, pictures } = await writePair(folder, 64, 48);
  const log = newLog();
  const plan = { ...REST, first, last, folder, frames: 5, ease: 'linear' } as const;
  const report = await renderFramesWith(dissolve('morph', log), plan);
  expect(report.files).toEqual([1, 2, 3, 4, 5].map((number) => join(folder, `frame_000${number}.png`)));
  expect(log.rendered).toEqual([0, 0.25, 0.5, 0.75, 1]);
  expect(log.closed).toBe(1);
  const read = await Promise.all(report.files.map(readPicture));
  expect(read[0]?.data).toEqual(pictures[0].data);
  expect(read[4]?.data).toEqual(pictures[1].data);
  expect(report).toMatchObject({ width: 64, height: 48, generative: false, honoured: { timing: 'linear' } });
});

test('smooth frames follow the easing of a video', async () => {
  const { first, last } = await writePair(folder, 32, 32);
  const log = newLog();
  await renderFramesWith(dissolve('morph', log), { ...REST, first, last, folder, frames: 3, ease: 'smooth' });
  expect(log.rendered).toEqual([0, 0.5, 1]);
});

test('an abort removes the files already written', async () => {
  const { first, last } = await writePair(folder, 32, 32);
  const controller = new AbortController();
  const plan = { ...REST, first, last, folder, frames: 50, ease: 'linear' } as const;
  const rendering = renderFramesWith(dissolve(), plan, {
    signal: controller.signal,
    onProgress: ({ framesDone }) => {
      if (framesDone === 10) controller.abort(new Error('enough'));
    },
  });
  await expect(rendering).rejects.toThrow('enough');
  expect((await readdir(folder)).filter((name) => name.startsWith('frame_'))).toEqual([]);
});
