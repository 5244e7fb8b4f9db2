import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, lumaPsnr } from '../../test/decode.ts';
import { dissolve, newLog } from '../../test/dissolve.ts';
import { writePair } from '../../test/pictures.ts';
import type { OpenInbetweener } from '../contract.ts';
import { inspectMp4 } from '../mp4/inspect.ts';
import type { RenderPlan, RenderProgress } from './plan.ts';
import { renderVideoWith } from './render-video.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'render-video-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function planFor(width: number, height: number, changes: Partial<RenderPlan> = {}): Promise<RenderPlan> {
  const { first, last } = await writePair(folder, width, height);
  return {
    first,
    last,
    video: join(folder, `${crypto.randomUUID()}.mp4`),
    fps: 30,
    frames: 12,
    seed: 7,
    prompt: '',
    negativePrompt: '',
    encoder: { kind: 'builtin' },
    threads: 2,
    ...changes,
  };
}

describe('renderVideo', () => {
  test('makes a labelled faststart file with every frame, and tells the truth about it', async () => {
    const metadata = { AIGC: '{"Label":"1","ContentProducer":"测试"}' };
    const extra = {
      lastFrame: join(folder, 'last.png'),
      thumbnail: join(folder, 'thumb.webp'),
      spritesheet: join(folder, 'sheet.webp'),
    };
    const plan = await planFor(64, 48, { metadata, prompt: 'a cat, zoom out', ...extra });
    const seen: RenderProgress[] = [];
    const report = await renderVideoWith(dissolve(), plan, { onProgress: (progress) => seen.push(progress) });
    expect(report).toMatchObject({ width: 64, height: 48, fps: 30, frames: 12, durationMs: 400, mode: 'morph' });
    expect(report.generative).toBe(false);
    expect(report.honoured).toMatchObject({ camera: 'from_images' });
    expect(report.ignored).toHaveLength(2);

    const file = new Uint8Array(await readFile(plan.video));
    const facts = inspectMp4(file);
    expect(facts).toMatchObject({ width: 64, height: 48, frames: 12, durationMs: 400, fps: 30, faststart: true });
    expect(facts.tags).toEqual(metadata);
    expect(facts.codec).toMatch(/^avc1\.42c0/);
    expect(facts.colour).toEqual({ primaries: 1, transfer: 1, matrix: 1, fullRange: false });

    expect(seen.map(({ fraction }) => fraction)).toEqual(
      seen.map(({ fraction }) => fraction).toSorted((a, b) => a - b),
    );
    expect(seen.at(-1)).toEqual({ phase: 'rendering', fraction: 1, framesDone: 12, frames: 12 });
    expect(seen.filter(({ fraction }) => fraction === 1)).toHaveLength(1);

    expect(await sharp(extra.lastFrame).metadata()).toMatchObject({ format: 'png', width: 64, height: 48 });
    expect(await sharp(extra.thumbnail).metadata()).toMatchObject({ format: 'webp', width: 64, height: 48 });
    // Twelve frames, four a row: three rows.
    expect(await sharp(extra.spritesheet).metadata()).toMatchObject({ format: 'webp', width: 256, height: 144 });
  });

  test.each([
    [64, 48],
    [70, 50],
    [64, 512],
    [640, 80],
  ])('the decoded clip is %i×%i, starts and ends with the pictures, and keeps time', async (width, height) => {
    const plan = await planFor(width, height);
    const rendered: Uint8Array[] = [];
    await renderVideoWith(recording(rendered), plan);
    const { frames, times } = await decode(plan.video, width, height);
    expect(times).toHaveLength(12);
    for (const [index, time] of times.entries()) expect(time).toBeCloseTo(index / 30, 6);
    expect(frames.at(-1)).toHaveLength((width * height * 3) / 2);
    expect(lumaPsnr(frames[0]!, rendered[0]!, width, height)).toBeGreaterThan(36);
    expect(lumaPsnr(frames[11]!, rendered[1]!, width, height)).toBeGreaterThan(36);
  });

  test('the same plan gives the same file', async () => {
    const plan = await planFor(96, 64, { watermark: 'AI生成', metadata: { AIGC: 'x' } });
    const other = { ...plan, video: `${plan.video}.again.mp4` };
    await renderVideoWith(dissolve(), plan);
    await renderVideoWith(dissolve(), other);
    expect(await readFile(other.video)).toEqual(await readFile(plan.video));
  });

  test('the watermark is on every frame, but not on the last frame that is kept for chaining', async () => {
    const lastFrame = join(folder, 'unmarked.png');
    const plan = await planFor(320, 240, { watermark: 'AI generated', lastFrame });
    await renderVideoWith(dissolve(), plan);
    const { frames } = await decode(plan.video, 320, 240);
    for (const frame of frames) expect(brightest(frame, 320, 240)).toBeGreaterThan(215);
    const kept = await sharp(lastFrame).raw().toBuffer();
    const wanted = await sharp(plan.last).raw().toBuffer();
    let squares = 0;
    for (let index = 0; index < kept.length; index++) squares += (kept[index]! - wanted[index]!) ** 2;
    expect(10 * Math.log10((255 ** 2 * kept.length) / squares)).toBeGreaterThan(40);
  });

  test('an abort midway leaves no file and closes the renderer', async () => {
    const before = await readdir(folder);
    const log = newLog();
    const controller = new AbortController();
    const plan = await planFor(64, 48, { frames: 200, lastFrame: join(folder, 'never.png') });
    const rendering = renderVideoWith(dissolve('morph', log), plan, {
      signal: controller.signal,
      onProgress: ({ framesDone }) => {
        if (framesDone === 5) controller.abort(new Error('enough'));
      },
    });
    await expect(rendering).rejects.toThrow('enough');
    expect(log).toMatchObject({ opened: 1, closed: 1 });
    expect(log.rendered.length).toBeLessThan(20);
    const left = (await readdir(folder)).filter((name) => !before.includes(name) && !name.startsWith('picture-'));
    expect(left).toEqual([]);
  });

  test('a renderer that fails is closed, and its error is the one that is told', async () => {
    const log = newLog();
    const open = dissolve('morph', log);
    const failing: OpenInbetweener = async (...given) => {
      const inbetweener = await open(...given);
      return {
        report: inbetweener.report,
        close: () => inbetweener.close(),
        frame: async (s, into) => {
          if (s > 0.5 && s < 1) throw new Error('the kernel tripped');
          await inbetweener.frame(s, into);
        },
      };
    };
    await expect(renderVideoWith(failing, await planFor(64, 48))).rejects.toThrow('the kernel tripped');
    expect(log.closed).toBe(1);
  });

  test('files that cannot be written leave nothing behind', async () => {
    const plan = await planFor(64, 48, { lastFrame: join(folder, 'no-such-folder', 'last.png') });
    await expect(renderVideoWith(dissolve(), plan)).rejects.toThrow(/ENOENT/);
    await expect(readFile(plan.video)).rejects.toThrow(/ENOENT/);
  });

  test('a bad plan is refused by the name of its field', async () => {
    const plan = await planFor(64, 48);
    await expect(renderVideoWith(dissolve(), { ...plan, frames: 1 })).rejects.toThrow(/frames/);
    await expect(renderVideoWith(dissolve(), { ...plan, fps: 0.5 })).rejects.toThrow(/fps/);
    await expect(renderVideoWith(dissolve(), { ...plan, seed: -1 })).rejects.toThrow(/seed/);
    await expect(renderVideoWith(dissolve(), { ...plan, threads: 0 })).rejects.toThrow(/threads/);
    const other = await writePair(folder, 32, 48);
    await expect(renderVideoWith(dissolve(), { ...plan, last: other.last })).rejects.toThrow(/one size/);
    await expect(renderVideoWith(dissolve(), { ...plan, first: '/nowhere.png' })).rejects.toThrow(/nowhere/);
  });
});

/** A dissolve that also keeps a copy of what it gave for both ends. */
function recording(ends: Uint8Array[]): OpenInbetweener {
  return async (...given) => {
    const inbetweener = await dissolve()(...given);
    return {
      report: inbetweener.report,
      close: () => inbetweener.close(),
      frame: async (s, into) => {
        await inbetweener.frame(s, into);
        if (s === 0 || s === 1) ends[s] = into.data.slice();
      },
    };
  };
}

function brightest(frame: Uint8Array, width: number, height: number): number {
  let most = 0;
  for (let y = Math.floor(height * 0.8); y < height; y++) {
    for (let x = width >> 1; x < width; x++) most = Math.max(most, frame[y * width + x]!);
  }
  return most;
}
