/**
 * How long two pictures take to become a finished MP4.
 *
 *   npx --no-install node bench/render.ts [--size 720p|1080p] [--frames 150] [--encoder builtin|/path/of/ffmpeg]
 *                                         [--first a.png --last b.png] [--keep folder] [--threads 2] [--fast]
 *
 * Runs from a clean clone with the shipped sample frames, scaled to the size asked for. Prints one JSON object:
 * wall seconds (analysis, rendering with encoding, all), CPU seconds of all threads (what to compare on a machine that has
 * other work), rendered frames a second, file size, bitrate and peak memory.
 */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { type EncoderChoice, renderVideo } from '../packages/renderer/src/index.ts';

const SIZES: Readonly<Record<string, readonly [number, number]>> = {
  '480p': [848, 464],
  '720p': [1280, 720],
  '1080p': [1920, 1072],
};
const FPS = 30;

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '720p' },
    frames: { type: 'string', default: '150' },
    threads: { type: 'string', default: '2' },
    fast: { type: 'boolean', default: false },
    encoder: { type: 'string', default: 'builtin' },
    first: { type: 'string', default: sample('sample_first') },
    last: { type: 'string', default: sample('sample_last') },
    keep: { type: 'string' },
  },
});

const size = SIZES[values.size.toLowerCase()];
if (size === undefined) throw new Error(`--size is one of ${Object.keys(SIZES).join(', ')}, not "${values.size}"`);
const [width, height] = size;
const encoder: EncoderChoice =
  values.encoder === 'builtin' ? { kind: 'builtin' } : { kind: 'ffmpeg', path: values.encoder };
const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'inbetween-bench-')));
await mkdir(folder, { recursive: true });
try {
  const first = await prepare(values.first, 'first.png');
  const last = await prepare(values.last, 'last.png');
  const video = join(folder, 'clip.mp4');
  const begun = performance.now();
  const cpuBefore = process.cpuUsage();
  let rendering = begun;
  const report = await renderVideo(
    {
      first,
      last,
      video,
      lastFrame: join(folder, 'last-frame.png'),
      thumbnail: join(folder, 'thumbnail.webp'),
      fps: FPS,
      frames: Number(values.frames),
      seed: 1,
      prompt: '',
      negativePrompt: '',
      watermark: 'AI生成',
      metadata: { AIGC: '{"Label":"1"}' },
      encoder,
      threads: Number(values.threads),
      fast: values.fast,
    },
    {
      onProgress: ({ phase }) => {
        if (phase === 'analysing') rendering = performance.now();
      },
    },
  );
  const ended = performance.now();
  const cpu = process.cpuUsage(cpuBefore);
  const { size: bytes } = await stat(video);
  const result = {
    size: `${width}x${height}`,
    frames: report.frames,
    mode: report.mode,
    encoder: report.encoder,
    analysisSeconds: seconds(rendering - begun),
    renderSeconds: seconds(ended - rendering),
    totalSeconds: seconds(ended - begun),
    cpuSeconds: seconds((cpu.user + cpu.system) / 1000),
    renderFps: Math.round((report.frames * 10_000) / (ended - rendering)) / 10,
    fileBytes: bytes,
    megabitsPerSecond: Math.round((bytes * 8) / report.durationMs / 10) / 100,
    // Linux counts in KiB.
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  };
  console.log(JSON.stringify(result, undefined, 2));
} finally {
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
}

function sample(name: string): string {
  return fileURLToPath(new URL(`../packages/renderer/assets/${name}.png`, import.meta.url));
}

/** Covers the size, as the server prepares a frame. */
async function prepare(source: string, name: string): Promise<string> {
  const target = join(folder, name);
  await sharp(source).resize(width, height, { fit: 'cover' }).removeAlpha().png({ compressionLevel: 1 }).toFile(target);
  return target;
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 10) / 100;
}
