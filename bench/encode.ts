/**
 * What the encoder costs the rendered frames: every decoded frame against the frame it was made of.
 *
 *   npx --no-install node bench/encode.ts [--encoder builtin|/path/of/ffmpeg] [--size 720P] [--frames 150] [--only graf]
 *                                         [--pairs folder] [--first a.png --last b.png] [--out folder] [--prompt fast]
 *
 * For each pair of the test pictures, prepared as the server does: mean and least luma PSNR, colour PSNR, both ends
 * against the pictures, the step at block borders (1 = no blocks to be seen, rendered in brackets), and the bitrate.
 * Debian's ffmpeg decodes. With `--out`, the frame that lost most of each pair is left there, rendered beside decoded.
 */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import type { EncoderChoice, OpenInbetweener, RgbPicture } from '../packages/renderer/src/index.ts';
import { openInbetweener } from '../packages/renderer/src/motion/open.ts';
import { yuvBytes, yuvToRgb } from '../packages/renderer/src/picture/yuv.ts';
import { momentsOf } from '../packages/renderer/src/pipeline/moments.ts';
import { renderVideoWith } from '../packages/renderer/src/pipeline/render-video.ts';
import { readPrompt } from '../packages/renderer/src/prompt/read.ts';
import { outputSize } from '../packages/server/src/domain/size.ts';
import { type Loss, lossOf, meanOfLosses } from './encode/loss.ts';
import { type Pair, readEven, readMatchedPairs, readUnrelatedPairs } from './interp/pictures.ts';

const FPS = 30;
const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: fileURLToPath(new URL('../../shared/pairs', import.meta.url)) },
    encoder: { type: 'string', default: 'builtin' },
    size: { type: 'string', default: '720P' },
    frames: { type: 'string', default: '150' },
    prompt: { type: 'string', default: '' },
    only: { type: 'string' },
    first: { type: 'string' },
    last: { type: 'string' },
    out: { type: 'string' },
  },
});
const frames = Number(values.frames);
const encoder: EncoderChoice =
  values.encoder === 'builtin' ? { kind: 'builtin' } : { kind: 'ffmpeg', path: values.encoder };
const wanted = values.only?.split(',');
const pairs = (await choosePairs()).filter(({ name }) => wanted?.some((word) => name.includes(word)) ?? true);

const results: { name: string; loss: Loss }[] = [];
console.log('| pair | mode | size | luma mean | least | colour | first | last | block step | Mbit/s | s |');
console.log('|---|---|---|---|---|---|---|---|---|---|---|');
for (const pair of pairs) {
  const scratch = await mkdtemp(join(tmpdir(), 'inbetween-encode-'));
  try {
    results.push({ name: pair.name, loss: await measure(pair, scratch) });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
const mean = meanOfLosses(results.map(({ loss }) => loss));
console.log(
  `mean over ${results.length} pairs: luma ${mean.luma.toFixed(2)} dB, colour ${mean.colour.toFixed(2)} dB, ` +
    `${mean.megabits.toFixed(2)} Mbit/s`,
);

async function choosePairs(): Promise<Pair[]> {
  if (values.first !== undefined && values.last !== undefined) {
    const [first, last] = await Promise.all([readEven(values.first), readEven(values.last)]);
    return [{ name: `${basename(values.first)} → ${basename(values.last)}`, first, last }];
  }
  return [...(await readMatchedPairs(values.pairs)), ...(await readUnrelatedPairs(values.pairs))];
}

async function measure({ name, first, last }: Pair, scratch: string): Promise<Loss> {
  const tier = (['480P', '720P', '1080P'] as const).find((one) => one === values.size.toUpperCase());
  if (tier === undefined) throw new Error(`--size is 480P, 720P or 1080P, not "${values.size}"`);
  const { width, height } = outputSize(first, tier);
  const files = {
    first: join(scratch, 'first.png'),
    last: join(scratch, 'last.png'),
    video: join(scratch, 'clip.mp4'),
  };
  await prepare(first, width, height, files.first);
  await prepare(last, width, height, files.last);
  const raw = await open(join(scratch, 'frames.yuv'), 'w+');
  try {
    const moments = momentsOf(readPrompt(values.prompt, ''), frames, frames / FPS, 1);
    const size = yuvBytes(width, height);
    const keep = async (s: number, data: Uint8Array): Promise<void> => {
      const index = moments.findIndex((moment) => moment.s === s);
      await raw.write(data, 0, size, index * size);
    };
    const plan = {
      ...files,
      fps: FPS,
      frames,
      seed: 1,
      prompt: values.prompt,
      negativePrompt: '',
      threads: 2,
      encoder,
    };
    const begun = performance.now();
    const report = await renderVideoWith(recording(keep), plan);
    const seconds = (performance.now() - begun) / 1000;
    const megabits = ((await stat(files.video)).size * 8) / 1e6 / (frames / FPS);
    const loss = await lossOf(decoded(files.video, size), raw, { width, height, frames, megabits });
    console.log(
      `| ${name} | ${report.mode} | ${width}×${height} | ${loss.luma.toFixed(2)} | ${loss.least.toFixed(2)} (${loss.leastAt}) ` +
        `| ${loss.colour.toFixed(2)} | ${loss.first.toFixed(1)} | ${loss.last.toFixed(1)} ` +
        `| ${loss.blocks.toFixed(3)} (${loss.blocksRendered.toFixed(3)}) | ${megabits.toFixed(2)} | ${seconds.toFixed(1)} |`,
    );
    if (values.out !== undefined) await showWorst(name, loss, { width, height }, values.out);
    return loss;
  } finally {
    await raw.close();
  }
}

/** The renderer, with a look at every frame it gives. */
function recording(keep: (s: number, data: Uint8Array) => Promise<void>): OpenInbetweener {
  return async (...given) => {
    const inner = await openInbetweener(...given);
    return {
      report: inner.report,
      close: () => inner.close(),
      frame: async (s, into, view) => {
        await inner.frame(s, into, view);
        await keep(s, Uint8Array.from(into.data));
      },
    };
  };
}

/** Every frame of the clip, as a decoder that is not ours gives it. */
async function* decoded(video: string, size: number): AsyncGenerator<Uint8Array> {
  const args = ['-v', 'error', '-nostdin', '-i', video, '-f', 'rawvideo', '-pix_fmt', 'yuv420p', 'pipe:1'];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let frame = new Uint8Array(size);
  let filled = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(size - filled, chunk.length - at);
      frame.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < size) continue;
      yield frame;
      frame = new Uint8Array(size);
      filled = 0;
    }
  }
}

async function prepare(picture: RgbPicture, width: number, height: number, path: string): Promise<void> {
  await sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .resize(width, height, { fit: 'cover' })
    .png({ compressionLevel: 1 })
    .toFile(path);
}

async function showWorst(name: string, loss: Loss, size: { width: number; height: number }, folder: string) {
  await mkdir(folder, { recursive: true });
  const pictures = [loss.worst.rendered, loss.worst.decoded].map((data) => {
    const { width, height, data: rgb } = yuvToRgb({ ...size, data });
    return sharp(rgb, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
  });
  const file = `${name.replace(/[^\w.-]+/g, '_')}-${loss.leastAt}.png`;
  await sharp(await Promise.all(pictures), { join: { across: 2, shim: 4 } }).toFile(join(folder, file));
}
