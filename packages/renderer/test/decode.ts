import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { yuvBytes } from '../src/picture/yuv.ts';

const CHILD = fileURLToPath(new URL('decode-child.ts', import.meta.url));

/** Decodes a video in a process of its own, because a damaged file can end the process that decodes it. */
export async function decode(
  video: string,
  width: number,
  height: number,
): Promise<{ frames: Uint8Array[]; times: number[] }> {
  const raw = `${video}.yuv`;
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, video, raw]);
  const { times } = JSON.parse(stdout) as { times: number[] };
  const bytes = await readFile(raw);
  const size = yuvBytes(width, height);
  const frames = times.map((_, index) => new Uint8Array(bytes.subarray(index * size, (index + 1) * size)));
  return { frames, times };
}

/** Luma PSNR in dB between two I420 pictures of one size; 99 when they are equal. */
export function lumaPsnr(one: Uint8Array, other: Uint8Array, width: number, height: number): number {
  let squares = 0;
  for (let index = 0; index < width * height; index++) squares += ((one[index] ?? 0) - (other[index] ?? 0)) ** 2;
  return squares === 0 ? 99 : 10 * Math.log10((255 ** 2 * width * height) / squares);
}
