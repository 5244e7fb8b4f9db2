import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectMp4 } from '@inbetween/renderer';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { ByteSource } from '../../../ports/artifacts.ts';
import { type BackendUnderTest, backendContract } from '../../../ports/backend.contract.ts';
import type { BackendEvent, GenerateAsk } from '../../../ports/backend.ts';
import { keepingLog } from '../../system/keeping-log.fixture.ts';
import { createRendererBackend, type RendererOptions } from './backend.ts';

const WIDTH = 160;
const HEIGHT = 96;

/** A picture with something to find in it: a bright square before stripes. */
async function frame(left: number): Promise<Uint8Array> {
  const stripes = Buffer.alloc(WIDTH * HEIGHT * 3);
  for (let index = 0; index < stripes.length; index++) stripes[index] = 40 + ((index * 7) % 90);
  const square = { create: { width: 40, height: 40, channels: 3 as const, background: '#f0c020' } };
  return sharp(stripes, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .composite([{ input: square, left, top: 24 }])
    .png()
    .toBuffer();
}

async function askOf(attempt: string, frames?: { first: ByteSource; last: ByteSource }): Promise<GenerateAsk> {
  const artifact = { key: 'k', bytes: 1, sha256: '', type: 'image/png' };
  return {
    attempt,
    video: attempt.split('.')[0] ?? attempt,
    generation: {
      model: 'wan2.2-kf2v-flash',
      prompt: 'the square walks',
      negativePrompt: '',
      seconds: 5,
      size: '480P',
      promptExtend: false,
      watermark: true,
      seed: 7,
      tags: {},
    },
    prepared: { width: WIDTH, height: HEIGHT, first: artifact, last: artifact },
    frames: frames ?? { first: { bytes: await frame(20) }, last: { bytes: await frame(60) } },
    operation: null,
  };
}

/** Render children of this process that are alive. */
function renderChildren(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'latin1');
      if (!new RegExp(`^PPid:\\s+${process.pid}$`, 'm').test(status) || /^State:\s+Z/m.test(status)) return false;
      return /inbetween render|renderer\/child/.test(readFileSync(`/proc/${pid}/cmdline`, 'latin1'));
    } catch {
      return false;
    }
  });
}

async function open(options: Partial<RendererOptions> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-renderer-'));
  const tmpFolder = join(folder, 'tmp');
  const log = keepingLog();
  const backend = createRendererBackend({
    tmpFolder,
    slots: 2,
    encoder: { kind: 'builtin' },
    threads: 1,
    log,
    clip: { fps: 30, frames: 6 },
    ...options,
  });
  return {
    backend,
    log,
    tmpFolder,
    // What a backend promises does not depend on what is in the pictures, and a still one is made in half the time.
    async ask(attempt) {
      const still = { bytes: await frame(20) };
      return askOf(attempt, { first: still, last: still });
    },
    // One broken picture: of two, either may be told first.
    hopelessAsk: async (attempt) =>
      askOf(attempt, { first: { bytes: Buffer.from('no PNG') }, last: { bytes: await frame(60) } }),
    leftovers: async () => [
      ...(await readdir(tmpFolder).catch(() => [])),
      ...renderChildren().map((pid) => `pid ${pid}`),
    ],
    close: () => rm(folder, { recursive: true, force: true }),
  } satisfies BackendUnderTest & { log: unknown; tmpFolder: string };
}

backendContract('renderer', 'local', open);

describe('the built-in renderer', { timeout: 60_000 }, () => {
  let world: Awaited<ReturnType<typeof open>>;
  const { signal } = new AbortController();

  beforeAll(async () => {
    world = await open();
  });

  afterAll(async () => {
    await world.close();
  });

  async function finish(ask: GenerateAsk, read: (event: BackendEvent & { type: 'finished' }) => Promise<void>) {
    for await (const event of world.backend.generate(ask, signal)) if (event.type === 'finished') await read(event);
  }

  const bytesOf = (source: ByteSource | undefined) => {
    if (source === undefined || !('path' in source)) throw new Error('a file was expected');
    return readFile(source.path);
  };

  it('makes a labelled, playable video and tells honestly what it did', async () => {
    await finish(await askOf('video_facts.1'), async ({ video, thumbnail, lastFrame, report }) => {
      const facts = inspectMp4(await bytesOf(video));
      expect(facts).toMatchObject({ width: WIDTH, height: HEIGHT, frames: 6, faststart: true });
      expect(facts.fps).toBeCloseTo(30);
      expect(JSON.parse(facts.tags['AIGC'] ?? '')).toMatchObject({ Label: '2', ProduceID: 'video_facts' });
      expect(await sharp(await bytesOf(thumbnail)).metadata()).toMatchObject({ format: 'webp' });
      expect(await sharp(await bytesOf(lastFrame)).metadata()).toMatchObject({ format: 'png', width: WIDTH });
      expect(report).toMatchObject({ engine: 'inbetween-renderer', generative: false });
      expect(Object.keys(report)).toEqual(expect.arrayContaining(['mode', 'match_confidence', 'honoured', 'ignored']));
    });
  });

  it('tells of every prompt what was honoured and what was not', async () => {
    const noise = (seed: number) => {
      const samples = createHash('shake256', { outputLength: WIDTH * HEIGHT * 3 })
        .update(`${seed}`)
        .digest();
      return sharp(samples, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
        .png()
        .toBuffer();
    };
    const unrelated = { first: { bytes: await noise(1) }, last: { bytes: await noise(2) } };
    const ask = await askOf('video_words.1', unrelated);
    const prompt = '不要推镜，镜头缓慢左移，手持，一只猫';
    const words = { ...ask.generation, prompt, negativePrompt: 'roll, blurry' };
    await finish({ ...ask, generation: words }, async ({ report }) => {
      expect(report).toEqual({
        engine: 'inbetween-renderer',
        encoder: 'openh264 (node-webcodecs)',
        generative: false,
        mode: 'transition',
        match_confidence: expect.closeTo(0, 1),
        honoured: {
          motion: 'transition',
          camera: 'pan-left',
          timing: 'slow',
          overlay: 'handheld',
          negative_prompt: 'roll',
        },
        ignored: [expect.stringContaining('prompt content'), expect.stringContaining('negative_prompt')],
        labels: {
          aigc: expect.objectContaining({ Label: '2', ProduceID: ask.video, ContentProducer: 'Inbetween' }),
          visible: true,
        },
      });
    });
  });

  it('reads frames that are files where they are, and frames that are streams', async () => {
    const path = join(world.tmpFolder, '..', 'first.png');
    await sharp(await frame(10)).toFile(path);
    const last = await frame(50);
    const stream = (async function* () {
      yield last.subarray(0, 100);
      yield last.subarray(100);
    })();
    let done = false;
    await finish(await askOf('video_sources.1', { first: { path }, last: { stream } }), async () => {
      done = true;
    });
    expect(done).toBe(true);
    expect((await sharp(path).metadata()).width).toBe(WIDTH);
  });

  it('fails as a Fault that keeps the words of the child for the log', async () => {
    const running = finish(await world.hopelessAsk('video_broken.1'), async () => {});
    await expect(running).rejects.toMatchObject({ code: 'backend_failed', retryable: true });
    await running.catch((fault: Error) => expect((fault.cause as { output: string }).output).toContain('first.png'));
  });

  it('refuses an attempt whose name is no name of a folder', async () => {
    for (const name of ['', '..', '../x', '.hidden', 'a/b']) {
      await expect(finish(await askOf(name), async () => {})).rejects.toThrow(RangeError);
    }
  });

  it.each([
    ['memory', { memoryBytes: 20 << 20, watchMs: 10 }],
    ['wall', { wallMs: 60 }],
    ['stall', { stallMs: 60 }],
  ])('is stopped by its limits: %s', async (reason, limits) => {
    const strict = await open({ limits });
    const running = (async () => {
      for await (const _ of strict.backend.generate(await askOf('video_limits.1'), signal));
    })();
    await expect(running).rejects.toMatchObject({ code: 'backend_failed', cause: { reason } });
    await vi.waitFor(async () => expect(await strict.leftovers()).toEqual([]));
    await strict.close();
  });

  it('survives a child that is killed, as a retryable fault', async () => {
    const running = (async () => {
      for await (const _ of world.backend.generate(await askOf('video_killed.1'), signal)) {
        for (const pid of renderChildren()) process.kill(Number(pid), 'SIGKILL');
      }
    })();
    await expect(running).rejects.toMatchObject({ code: 'backend_failed', cause: { signal: 'SIGKILL' } });
  });

  it('says what is wrong when its encoder is not there', async () => {
    const broken = await open({ encoder: { kind: 'ffmpeg', path: '/no/such/ffmpeg' } });
    const told = await broken.backend.probe(signal);
    expect(told.ready).toBe(false);
    expect(told.problems.join()).toContain('/no/such/ffmpeg');
    expect(broken.backend.capabilities).toBe(told);
    await broken.close();
  });
});
