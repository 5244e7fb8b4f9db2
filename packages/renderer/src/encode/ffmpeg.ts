import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { YuvPicture } from '../contract.ts';
import type { ClipShape, Encoder } from './encoder.ts';

// How much of ffmpeg's complaints is kept for the error message.
const MOST_WORDS = 2_000;

/**
 * Opens the operator's own ffmpeg (libx264), a process of its own, so that its licence stays outside ours.
 * `path` must be absolute: an ffmpeg is never looked for in PATH. ffmpeg needs a file to write faststart; it lies in a new
 * folder inside `scratch` until the encoder is closed. Throws an Error when ffmpeg cannot be started.
 */
export async function openFfmpegEncoder(shape: ClipShape, path: string, scratch: string): Promise<Encoder> {
  if (!isAbsolute(path)) throw new Error(`the path of ffmpeg must be absolute, not "${path}"`);
  const folder = await mkdtemp(join(scratch, 'ffmpeg-'));
  try {
    const output = join(folder, 'clip.mp4');
    const child = spawn(path, argumentsFor(shape, output), {
      stdio: ['pipe', 'ignore', 'pipe'],
      shell: false,
      env: {}, // Nothing of ours: no key, no proxy, no preset folder.
    });
    await once(child, 'spawn');
    return new FfmpegEncoder(shape, child, folder, output);
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(`cannot start ffmpeg at ${path}`, { cause });
  }
}

function argumentsFor({ width, height, fps }: ClipShape, output: string): string[] {
  const colour = ['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
  const input = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${width}x${height}`, '-framerate', `${fps}`];
  // Two threads whatever the machine: x264's output depends on their number. CRF 16 is 41..47 dB on photographs.
  const coder = ['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '16', '-threads', '2', '-g', `${fps * 2}`];
  const muxer = ['-map_metadata', '-1', '-fflags', '+bitexact', '-flags:v', '+bitexact', '-movflags', '+faststart'];
  return ['-nostdin', '-hide_banner', '-loglevel', 'error', ...input, ...colour, '-i', 'pipe:0', '-an', ...coder]
    .concat(['-pix_fmt', 'yuv420p', '-profile:v', 'high', ...colour, '-video_track_timescale', `${fps * 1000}`])
    .concat([...muxer, '-f', 'mp4', '-y', output]);
}

class FfmpegEncoder implements Encoder {
  readonly name = 'libx264 (ffmpeg)';
  readonly #shape: ClipShape;
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #output: string;
  readonly #ended: Promise<number | string>;
  #words = '';
  #added = 0;
  #exited = false;

  constructor(shape: ClipShape, child: ChildProcess, folder: string, output: string) {
    this.#shape = shape;
    this.#child = child;
    this.#folder = folder;
    this.#output = output;
    child.stderr?.setEncoding('utf8').on('data', (words: string) => {
      this.#words = (this.#words + words).slice(-MOST_WORDS);
    });
    // A broken pipe is told by the exit code and ffmpeg's own words.
    child.stdin?.on('error', () => undefined);
    this.#ended = once(child, 'close').then(([code, signal]: (number | string | null)[]) => {
      this.#exited = true;
      return code ?? signal ?? 'unknown';
    });
  }

  async add(frame: YuvPicture): Promise<void> {
    const input = this.#child.stdin;
    if (this.#exited || input === null) throw await this.#failure();
    this.#added++;
    // Waiting for the write itself (not only for room) means that the caller may fill the buffer again.
    const written = new Promise<boolean>((resolve) => {
      input.write(frame.data, (error) => resolve(error === null || error === undefined));
    });
    const went = await Promise.race([written, this.#ended.then(() => false)]);
    if (!went) throw await this.#failure();
  }

  async finish(): Promise<Uint8Array> {
    const input = this.#child.stdin;
    if (input !== null) {
      input.end();
      await finished(input).catch(() => undefined);
    }
    if ((await this.#ended) !== 0) throw await this.#failure();
    if (this.#added !== this.#shape.frames) {
      throw new Error(`the clip has ${this.#shape.frames} frames, ${this.#added} were given`);
    }
    const file = await readFile(this.#output);
    await this.close();
    return new Uint8Array(file.buffer, file.byteOffset, file.length);
  }

  async close(): Promise<void> {
    if (!this.#exited) {
      this.#child.stdin?.destroy();
      this.#child.kill('SIGKILL');
    }
    await this.#ended;
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #failure(): Promise<Error> {
    if (!this.#exited) this.#child.kill('SIGKILL');
    const code = await this.#ended;
    return new Error(`ffmpeg ended with ${code}: ${this.#words.trim() || 'it said nothing'}`);
  }
}
