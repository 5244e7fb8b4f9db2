import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RenderAsk, renderPair } from './render.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'render-pair-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const REST = { frames: 4, tier: undefined, seed: 1, prompt: '', negativePrompt: '', fast: false, threads: 1 } as const;
const BUILTIN = { kind: 'builtin' } as const;

/** A picture of soft stripes, shifted; PNG, so that its samples are known. */
async function paint(name: string, width: number, height: number, shift: number): Promise<string> {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const x = (i % width) + shift;
    const y = Math.floor(i / width);
    data.set([128 + 100 * Math.sin(x / 5), 128 + 100 * Math.cos((x + y) / 7), 128 + 60 * Math.sin(y / 3)], 3 * i);
  }
  const path = join(folder, name);
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
  return path;
}

const samplesOf = (path: string): Promise<Buffer> => sharp(path).raw().toBuffer();

async function framesOf(ask: Omit<RenderAsk, 'target'>): Promise<readonly string[]> {
  const target = { kind: 'frames', folder: join(folder, 'frames'), ease: 'linear' } as const;
  const outcome = await renderPair({ ...ask, target });
  if (!('kind' in outcome) || outcome.kind !== 'frames') throw new Error(JSON.stringify(outcome));
  return outcome.report.files;
}

test('frames have the odd size of the first picture, and its samples', async () => {
  const first = await paint('first.png', 51, 37, 0);
  const last = await paint('last.png', 51, 37, 3);
  const files = await framesOf({ ...REST, first, last });
  expect(await readdir(join(folder, 'frames'))).toEqual([1, 2, 3, 4].map((number) => `frame_000${number}.png`));
  for (const file of files) expect(await sharp(file).metadata()).toMatchObject({ width: 51, height: 37 });
  expect(await samplesOf(files[0] ?? '')).toEqual(await samplesOf(first));
  expect(await samplesOf(files[3] ?? '')).toEqual(await samplesOf(last));
  expect(await samplesOf(files[1] ?? '')).not.toEqual(await samplesOf(first));
});

test('the last picture is scaled and cut to cover the first', async () => {
  const first = await paint('first.png', 64, 48, 0);
  const last = await paint('last.png', 200, 96, 0);
  const files = await framesOf({ ...REST, first, last });
  const expected = await sharp(last)
    .resize(100, 48, { fit: 'fill' })
    .extract({ left: 18, top: 0, width: 64, height: 48 });
  expect(await samplesOf(files[3] ?? '')).toEqual(await expected.raw().toBuffer());
});

test('a video loses one row or column of an odd size, and is the same twice', async () => {
  const first = await paint('first.png', 65, 48, 0);
  const last = await paint('last.png', 65, 48, 3);
  const make = async (name: string) => {
    const target = { kind: 'video', path: join(folder, name), watermark: true, encoder: BUILTIN } as const;
    return renderPair({ ...REST, first, last, target });
  };
  expect(await make('one.mp4')).toMatchObject({ report: { width: 64, height: 48, frames: 4, fps: 30 } });
  await make('two.mp4');
  const [one, two] = await Promise.all(['one.mp4', 'two.mp4'].map((name) => stat(join(folder, name))));
  expect(one?.size).toBe(two?.size);
});

test('a tier gives its own size', async () => {
  const first = await paint('first.png', 320, 240, 0);
  // One picture twice: there is nothing to analyse.
  const files = await framesOf({ ...REST, first, last: first, frames: 2, tier: '480P' });
  expect(await sharp(files[0]).metadata()).toMatchObject({ width: 720, height: 544 });
});

test('a picture that cannot be used is a problem in words, and nothing is written', async () => {
  const first = await paint('first.png', 64, 48, 0);
  const broken = join(folder, 'broken.png');
  await writeFile(broken, 'not a picture');
  const target = { kind: 'frames', folder: join(folder, 'frames'), ease: 'linear' } as const;
  const ask = { ...REST, target };
  expect(await renderPair({ ...ask, first, last: broken })).toEqual({
    problem: expect.stringContaining('is not a JPEG, PNG, WEBP or BMP that can be read'),
  });
  expect(await renderPair({ ...ask, tier: '480P', first, last: first })).toEqual({
    problem: expect.stringMatching(/^The first picture: is 64×48 px/),
  });
  expect(await readdir(folder)).toEqual(['broken.png', 'first.png']);
});

test.runIf(existsSync('/proc/self'))(
  'a place where nothing can be made is refused before anything is rendered',
  async () => {
    const [first, last] = [await paint('first.png', 64, 48, 0), await paint('last.png', 64, 48, 3)];
    const frames = { kind: 'frames', folder: '/proc/inbetween/frames', ease: 'linear' } as const;
    const video = { kind: 'video', path: '/proc/inbetween/out.mp4', watermark: false, encoder: BUILTIN } as const;
    for (const target of [frames, video]) {
      const answer = renderPair({ ...REST, first, last, target }, { onProgress: () => expect.unreachable() });
      await expect(answer).rejects.toMatchObject({ code: 'ENOENT', path: '/proc/inbetween' });
    }
  },
);

test('a folder in the place of the video is refused, and a failed render leaves no new folder behind', async () => {
  const first = await paint('first.png', 64, 48, 0);
  const video = { kind: 'video', path: folder, watermark: false, encoder: BUILTIN } as const;
  await expect(renderPair({ ...REST, first, last: first, target: video })).rejects.toMatchObject({ code: 'EISDIR' });
  await writeFile(join(folder, 'bad.png'), 'no picture');
  const target = { kind: 'frames', folder: join(folder, 'a', 'b'), ease: 'linear' } as const;
  const answer = await renderPair({ ...REST, first, last: join(folder, 'bad.png'), target });
  expect(answer).toHaveProperty('problem');
  expect(await readdir(folder)).toEqual(['bad.png', 'first.png']);
});
