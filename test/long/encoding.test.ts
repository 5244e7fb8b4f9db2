import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inspectMp4 } from '@inbetween/renderer';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenInbetweener } from '../../packages/renderer/src/contract.ts';
import type { EncoderChoice } from '../../packages/renderer/src/encode/encoder.ts';
import { openInbetweener } from '../../packages/renderer/src/motion/open.ts';
import { momentsOf } from '../../packages/renderer/src/pipeline/moments.ts';
import { renderVideoWith } from '../../packages/renderer/src/pipeline/render-video.ts';
import { readPrompt } from '../../packages/renderer/src/prompt/read.ts';
import { paint, pixelsOf, psnr } from '../support/paintings.ts';
import { runProgram } from '../support/server-process.ts';

/** What encoding does to the rendered frames, judged by a decoder that nobody here wrote. */

const run = promisify(execFile);
const SIZE = { width: 960, height: 544 };
const LUMA = SIZE.width * SIZE.height;
const FRAMES = 45;
const FPS = 30;
/** Patches of the first picture: where their middle is, and their colour. */
const PATCHES = [
  { x: 60, colour: [200, 30, 40] },
  { x: 180, colour: [30, 160, 60] },
  { x: 300, colour: [40, 60, 200] },
  { x: 420, colour: [230, 210, 60] },
  { x: 540, colour: [128, 128, 128] },
  { x: 660, colour: [16, 16, 16] },
  { x: 780, colour: [240, 240, 240] },
] as const;

let folder: string;
let pair: { first: string; last: string };
let ffmpeg: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'encoding-'));
  pair = { first: join(folder, 'first.png'), last: join(folder, 'last.png') };
  await patched(paint(SIZE.width, SIZE.height)).toFile(pair.first);
  await patched(paint(SIZE.width, SIZE.height, { pan: 0.04, zoom: 1.08 })).toFile(pair.last);
  const { code, out } = await runProgram('/bin/sh', ['-c', 'command -v ffmpeg']);
  // In CI a missing judge is an error; elsewhere there is nothing to judge with.
  if (code !== 0 && process.env['CI'] === 'true') throw new Error('CI needs ffmpeg (Debian package ffmpeg)');
  ffmpeg = code === 0 ? out.trim() : undefined;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function patched(scene: ReturnType<typeof paint>) {
  const squares = PATCHES.map(
    ({ x, colour }) => `<rect x="${x - 40}" y="20" width="80" height="80" fill="rgb(${colour.join(',')})"/>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE.width}" height="${SIZE.height}">${squares.join('')}</svg>`;
  return scene.composite([{ input: Buffer.from(svg) }]).png();
}

/** The pair, analysed once for all files: what is judged here is what becomes of the frames. */
const analysed = new Map<string, ReturnType<OpenInbetweener>>();
afterAll(async () => {
  for (const pair of analysed.values()) await (await pair).close();
});

const analyse: OpenInbetweener = (first, last, wish, options) => {
  const key = JSON.stringify([wish, options.views]);
  const pair = analysed.get(key) ?? openInbetweener(first, last, wish, options);
  analysed.set(key, pair);
  return pair;
};

/** The renderer, with a copy of every frame it gives, by its time. */
function recording(frames: Map<number, Uint8Array>): OpenInbetweener {
  return async (...given) => {
    const inner = await analyse(...given);
    return {
      report: inner.report,
      close: async () => {},
      frame: async (s, into, view) => {
        await inner.frame(s, into, view);
        frames.set(s, Uint8Array.from(into.data));
      },
    };
  };
}

const planOf = (encoder: EncoderChoice, video: string, prompt: string) => ({
  ...pair,
  video,
  fps: FPS,
  frames: FRAMES,
  seed: 1,
  prompt,
  negativePrompt: '',
  threads: 2,
  encoder,
});

async function render(encoder: EncoderChoice, prompt: string) {
  const video = join(folder, `${encoder.kind} ${prompt}.mp4`);
  const frames = new Map<number, Uint8Array>();
  await renderVideoWith(recording(frames), planOf(encoder, video, prompt));
  return { video, frames };
}

/** The same once more is the same. */
const rendered = new Map<string, ReturnType<typeof render>>();
function renderOnce(encoder: EncoderChoice, prompt = '') {
  const key = `${encoder.kind} ${prompt}`;
  const one = rendered.get(key) ?? render(encoder, prompt);
  rendered.set(key, one);
  return one;
}

async function decoded(video: string, format: 'yuv420p' | 'rgb24'): Promise<Uint8Array[]> {
  // Colours are the file's own: nothing here says what matrix or range it has.
  const exact = ['-vf', 'scale=flags=bicubic+accurate_rnd+full_chroma_int'];
  const args = ['-v', 'error', '-i', video, ...(format === 'rgb24' ? exact : []), '-f', 'rawvideo', '-pix_fmt', format];
  const { stdout } = await run(ffmpeg ?? '', [...args, 'pipe:1'], { encoding: 'buffer', maxBuffer: 1 << 30 });
  const size = format === 'rgb24' ? 3 * LUMA : (3 * LUMA) / 2;
  return Array.from({ length: stdout.length / size }, (_, at) => stdout.subarray(at * size, (at + 1) * size));
}

describe.each(['builtin', 'ffmpeg'] as const)('the encoder %s', (kind) => {
  const choice = (): EncoderChoice => (kind === 'builtin' ? { kind } : { kind, path: ffmpeg ?? '' });

  it.for(['', 'suddenly'])('loses little of any frame: "%s"', async (prompt, { skip }) => {
    skip(ffmpeg === undefined, 'there is no ffmpeg to judge with');
    const { video, frames } = await renderOnce(choice(), prompt);
    const moments = momentsOf(readPrompt(prompt, ''), FRAMES, FRAMES / FPS, 1);
    const found = await decoded(video, 'yuv420p');
    expect(found).toHaveLength(FRAMES);
    const luma = found.map((frame, at) =>
      psnr(frame.subarray(0, LUMA), frames.get(moments[at]?.s ?? -1)!.subarray(0, LUMA)),
    );
    const mean = luma.reduce((sum, value) => sum + value, 0) / luma.length;
    expect(mean).toBeGreaterThan(42);
    expect(Math.min(...luma)).toBeGreaterThan(37);
  });

  it('keeps colours, as a player shows them, and starts with its index', async ({ skip }) => {
    skip(ffmpeg === undefined, 'there is no ffmpeg to judge with');
    const { video } = await renderOnce(choice());
    expect(inspectMp4(new Uint8Array(await readFile(video))).faststart).toBe(true);
    const shown = await decoded(video, 'rgb24');
    for (const [frame, path] of [
      [shown[0], pair.first],
      [shown[FRAMES - 1], pair.last],
    ] as const) {
      const { data } = await pixelsOf(sharp(path));
      expect(psnr(frame ?? new Uint8Array(), data)).toBeGreaterThan(34);
      for (const { x, colour } of PATCHES) {
        for (const [channel, wanted] of colour.entries()) {
          expect(Math.abs(meanAt(frame ?? new Uint8Array(), x, channel) - wanted), `patch ${colour}`).toBeLessThan(3);
        }
      }
    }
  });

  it('gives the same file for the same plan', async ({ skip }) => {
    skip(ffmpeg === undefined && kind === 'ffmpeg', 'there is no ffmpeg to encode with');
    const [one, two] = [join(folder, `${kind}-1.mp4`), join(folder, `${kind}-2.mp4`)];
    // Analysed and rendered anew each time; a few frames tell.
    for (const video of [one, two])
      await renderVideoWith(openInbetweener, { ...planOf(choice(), video, '手持'), frames: 15 });
    expect(await readFile(two)).toEqual(await readFile(one));
  });
});

/** Mean of the middle of a patch. */
function meanAt(frame: Uint8Array, x: number, channel: number): number {
  let sum = 0;
  for (let dy = -20; dy < 20; dy++)
    for (let dx = -20; dx < 20; dx++) sum += frame[3 * ((60 + dy) * SIZE.width + x + dx) + channel]!;
  return sum / 1600;
}
