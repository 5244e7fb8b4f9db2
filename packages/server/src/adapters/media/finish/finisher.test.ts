import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectMp4 } from '@inbetween/renderer';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HEIGHT, smallPair, WIDTH } from '../../../../../../test/support/engines/stage.ts';
import { makeClip } from '../../../../../../test/support/fakes/clip.ts';
import { createQuietLog } from '../../../../../../test/support/fakes.ts';
import type { FinishOrder } from '../../../ports/media.ts';
import { createFinisher, type FinisherOptions } from './finisher.ts';

const { signal } = new AbortController();
let folder: string;
let order: FinishOrder;
let clip: Uint8Array;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbetween-finish-'));
  const [first, last] = await smallPair();
  const frames = { first: join(folder, 'first.png'), last: join(folder, 'last.png') };
  await Promise.all([writeFile(frames.first, first), writeFile(frames.last, last)]);
  clip = await makeClip({ first, last, width: WIDTH, height: HEIGHT, frames: 20, fps: 16 });
  order = {
    input: join(folder, 'input'),
    folder,
    frames,
    tags: { AIGC: '{"Label":"1"}' },
    watermarkFor: undefined,
    watermarked: false,
    matchTail: false,
  };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function finish(file: Uint8Array, changes: Partial<FinishOrder> = {}, options: Partial<FinisherOptions> = {}) {
  await writeFile(order.input, file);
  const finisher = createFinisher({ encoder: { kind: 'builtin' }, log: createQuietLog(), ...options });
  return finisher.finish({ ...order, ...changes }, signal);
}

describe('a foreign video', { timeout: 60_000 }, () => {
  it('is finished and judged in a child', async () => {
    const finished = await finish(clip);
    expect(finished).toMatchObject({ pictures: 'kept', check: { verdict: 'respected' } });
    const facts = inspectMp4(new Uint8Array(await readFile(finished.video)));
    expect(facts.tags).toEqual({ AIGC: '{"Label":"1"}' });
    expect((await readFile(finished.lastFrame)).subarray(1, 4).toString()).toBe('PNG');
    expect((await readFile(finished.spritesheet)).subarray(8, 12).toString()).toBe('WEBP');
  });

  it('that ends with the first frame is told', async () => {
    const [first] = await smallPair();
    const still = await makeClip({ first, last: first, width: WIDTH, height: HEIGHT, frames: 20, fps: 16 });
    expect((await finish(still)).check.verdict).toBe('last_frame_ignored');
  });

  it('of two inputs that are alike is not judged', async () => {
    const frames = { first: order.frames.first, last: order.frames.first };
    expect((await finish(clip, { frames })).check.verdict).toBe('not_judged');
  });

  it('gets our words where they are wanted', async () => {
    expect((await finish(clip, { watermarkFor: '小猫' })).pictures).toBe('transcoded');
  });

  it.each([
    ['cut in half', () => clip.subarray(0, clip.length >> 1)],
    ['no video', () => Buffer.from('<html>'.repeat(100))],
    [
      'full of zeros',
      () => {
        const file = clip.slice();
        return file.fill(0, Buffer.from(file).indexOf('mdat') + 8);
      },
    ],
    [
      'full of noise',
      () => {
        const file = clip.slice();
        for (let at = Buffer.from(file).indexOf('mdat') + 8; at < file.length; at += 3) file[at] = (at * 131) & 255;
        return file;
      },
    ],
  ])('that is %s is a damaged output, whatever it does to the child', async (_, make) => {
    await expect(finish(make())).rejects.toMatchObject({ name: 'Fault', code: 'damaged_output', retryable: true });
  });

  it('that takes too much memory is given up', async () => {
    const limits = { memoryBytes: 30 << 20, watchMs: 5 };
    await expect(finish(clip, {}, { limits })).rejects.toMatchObject({ code: 'damaged_output' });
  });

  it('leaves no process when it is aborted', async () => {
    await writeFile(order.input, clip);
    const abort = new AbortController();
    const finisher = createFinisher({ encoder: { kind: 'builtin' }, log: createQuietLog() });
    const running = finisher.finish(order, abort.signal);
    setTimeout(() => abort.abort(new Error('cancelled')), 30);
    await expect(running).rejects.toThrow('cancelled');
    expect((await readdir(folder)).filter((name) => name.startsWith('ffmpeg'))).toEqual([]);
  });
});
