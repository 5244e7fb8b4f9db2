import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { RgbPicture } from '../../packages/renderer/src/index.ts';

/** The peer at the best setting it has; scene change detection off, so that it always interpolates. */
export const MINTERPOLATE = 'mi_mode=mci:mc_mode=aobmc:me_mode=bilat:vsbmc=1:scd=none';
/** Conversions between RGB and YUV without shortcuts, so that the peer loses nothing by them. */
const EXACT = 'flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp';

/** Runs ffmpeg to its end. Throws with its words when it fails. */
export async function runFfmpeg(args: readonly string[]): Promise<void> {
  const child = start(args);
  child.stdin.end();
  child.stdout.resume();
  await endOf(child);
}

function start(args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args], { stdio: 'pipe' });
}

async function endOf(child: ChildProcessWithoutNullStreams): Promise<void> {
  let words = '';
  child.stderr.on('data', (chunk: Buffer) => {
    words += chunk.toString();
  });
  const [code] = await new Promise<[number | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve([status]));
  });
  if (code !== 0) throw new Error(`ffmpeg ended with ${code}: ${words.trim()}`);
}

/**
 * The frames minterpolate makes of key frames: all of them, `step` per gap and the key frames among them, in order of
 * time from the first key frame to the last. They are aligned by the key frames, which the filter passes through.
 */
export async function* minterpolate(keys: readonly RgbPicture[], step: number): AsyncGenerator<RgbPicture> {
  const first = keys[0]!;
  const last = keys[keys.length - 1]!;
  // The filter looks at four frames to fill the gap in their middle: without these the outer gaps would be lost.
  const fed = [first, ...keys, last, last];
  const size = `${first.width}x${first.height}`;
  const raw = ['-f', 'rawvideo', '-pix_fmt', 'rgb24'];
  const filter = `scale=${EXACT},format=yuv444p,minterpolate=fps=${10 * step}:${MINTERPOLATE},scale=${EXACT},format=rgb24`;
  const child = start([...raw, '-s', size, '-r', '10', '-i', 'pipe:0', '-vf', filter, ...raw, 'pipe:1']);
  const ended = endOf(child);
  // Told by the loop below, which ends early when the program does.
  ended.catch(() => undefined);
  child.stdin.on('error', () => undefined);
  void feed(child, fed);
  const need = (keys.length - 1) * step + 1;
  // The first key frame may come up to two gaps late, and is known by the second one, a gap after it.
  const ready: RgbPicture[] = [];
  let given = -1;
  const take = (): RgbPicture[] => ready.splice(0, Math.min(ready.length, need - given));
  const align = (): void => {
    ready.splice(0, alignment(ready, keys, step));
    given = 0;
  };
  for await (const frame of cut(child.stdout, first.width, first.height)) {
    ready.push(frame);
    if (given < 0 && ready.length === 3 * step + 1) align();
    if (given < 0) continue;
    for (const aligned of take()) {
      given++;
      yield aligned;
    }
    if (given >= need) ready.length = 0;
  }
  if (given < 0) align();
  for (const aligned of take()) {
    given++;
    yield aligned;
  }
  await ended;
  if (given < need) throw new Error(`minterpolate gave ${given} of ${need} frames`);
}

async function feed(child: ChildProcessWithoutNullStreams, frames: readonly RgbPicture[]): Promise<void> {
  for (const { data } of frames) {
    if (child.stdin.destroyed) return;
    if (!child.stdin.write(data)) await new Promise<void>((resolve) => child.stdin.once('drain', () => resolve()));
  }
  child.stdin.end();
}

async function* cut(stream: AsyncIterable<Buffer>, width: number, height: number): AsyncGenerator<RgbPicture> {
  const bytes = width * height * 3;
  let frame = new Uint8Array(bytes);
  let filled = 0;
  for await (const chunk of stream) {
    for (let at = 0; at < chunk.length; ) {
      const taken = Math.min(bytes - filled, chunk.length - at);
      frame.set(chunk.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < bytes) continue;
      yield { width, height, data: frame };
      frame = new Uint8Array(bytes);
      filled = 0;
    }
  }
}

/** Where in the output the first key frame is: where the first two key frames fit best, `step` frames apart. */
function alignment(held: readonly RgbPicture[], keys: readonly RgbPicture[], step: number): number {
  const distance = (one: RgbPicture, other: RgbPicture): number => {
    let sum = 0;
    for (let i = 0; i < one.data.length; i += 7) sum += Math.abs(one.data[i]! - other.data[i]!);
    return sum;
  };
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at + step < held.length; at++) {
    const sum = distance(held[at]!, keys[0]!) + distance(held[at + step]!, keys[1]!);
    // The doubled first frame fits as well as the true one; the later of two equals is the true one.
    if (sum <= least) {
      least = sum;
      best = at;
    }
  }
  return best;
}
