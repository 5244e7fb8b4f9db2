import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { openInbetweener } from '../../packages/renderer/src/motion/open.ts';
import { newYuvPicture } from '../../packages/renderer/src/picture/yuv.ts';
import { framesInOrder } from '../../packages/renderer/src/pipeline/frames-in-order.ts';
import { momentsOf } from '../../packages/renderer/src/pipeline/moments.ts';
import { type Clip, openClips, readFrames } from './clips.ts';
import { MINTERPOLATE } from './ffmpeg.ts';

const run = promisify(execFile);

/** Milliseconds of wall time per 720P frame, each the least of several runs that take turns. */
export interface FrameTimes {
  readonly clip: string;
  readonly ours: number;
  readonly minterpolate: number;
  readonly analysisSeconds: number;
}

/** The gap the speed is measured in: half a second of a 720P clip. */
const FROM = 8;
const TO = 16;
const FRAMES = 90;

export async function measureFrameTimes(pairs: string, work: string, runs: number): Promise<FrameTimes> {
  const clip = (await openClips(pairs, work)).find(({ width, height }) => width === 1280 && height === 720);
  if (clip === undefined) throw new Error('no clip of 1280×720 to measure the speed with');
  const found = { ours: Number.POSITIVE_INFINITY, minterpolate: Number.POSITIVE_INFINITY };
  let analysisSeconds = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < runs; turn++) {
    const ours = await timeOurs(clip);
    found.ours = Math.min(found.ours, ours.perFrame);
    analysisSeconds = Math.min(analysisSeconds, ours.analysisSeconds);
    found.minterpolate = Math.min(found.minterpolate, await timePeer(clip));
  }
  return { clip: clip.name, ...found, analysisSeconds };
}

async function timeOurs(clip: Clip): Promise<{ perFrame: number; analysisSeconds: number }> {
  const [first, last] = await readFrames(clip, [FROM, TO]);
  const { width, height } = clip;
  const opened = performance.now();
  const inbetweener = await openInbetweener(first!, last!, { seed: 1, camera: 'zoom-in' }, { threads: 2 });
  const analysisSeconds = (performance.now() - opened) / 1000;
  try {
    const source = { inbetweener, width, height, signal: undefined };
    const renderAll = async (frames: number): Promise<void> => {
      for await (const _ of framesInOrder(source, momentsOf({ timing: 'linear', overlays: [] }, frames, 1, 0), 3));
    };
    // The first frames compile the kernels, and the ends cost nothing.
    await renderAll(8);
    await inbetweener.frame(0.5, newYuvPicture(width, height));
    const begun = performance.now();
    await renderAll(FRAMES + 2);
    return { perFrame: (performance.now() - begun) / FRAMES, analysisSeconds };
  } finally {
    await inbetweener.close();
  }
}

/** Time per made frame; reading, scaling and starting the program are taken off by a run without the filter. */
async function timePeer(clip: Clip): Promise<number> {
  const keys = `select='not(mod(n,8))',setpts=N/10/TB,format=yuv420p`;
  const input = [
    '-f',
    'rawvideo',
    '-pix_fmt',
    'rgb24',
    '-s',
    `${clip.width}x${clip.height}`,
    '-r',
    '10',
    '-i',
    clip.file,
  ];
  const measure = async (filter: string): Promise<{ frames: number; ms: number }> => {
    const begun = performance.now();
    const args = ['-hide_banner', '-loglevel', 'error', '-nostdin', ...input, '-vf', filter, '-vsync', '0'];
    const { stdout } = await run('ffmpeg', [...args, '-f', 'framecrc', 'pipe:1']);
    const frames = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('#')).length;
    return { frames, ms: performance.now() - begun };
  };
  const bare = await measure(keys);
  const made = await measure(`${keys},minterpolate=fps=80:${MINTERPOLATE}`);
  return (made.ms - bare.ms) / (made.frames - made.frames / 8);
}

/** What `bench/render.ts` told of 150 frames at a size. */
export interface ClipTimes {
  readonly totalSeconds: number;
  readonly analysisSeconds: number;
  readonly megabitsPerSecond: number;
  readonly peakMemoryMiB: number;
}

export async function measureClipTimes(size: '720p' | '1080p', runs: number): Promise<ClipTimes> {
  const script = fileURLToPath(new URL('../render.ts', import.meta.url));
  let best: ClipTimes | undefined;
  for (let turn = 0; turn < runs; turn++) {
    const { stdout } = await run(process.execPath, [script, '--size', size, '--frames', '150', '--threads', '2']);
    const told = JSON.parse(stdout) as ClipTimes;
    if (best === undefined || told.totalSeconds < best.totalSeconds) best = told;
  }
  return best!;
}
