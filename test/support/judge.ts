import { execFile, execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inspectMp4, type Mp4Facts } from '@inbetween/renderer';
import sharp from 'sharp';
import { expect } from 'vitest';
import { decode } from '../../packages/renderer/test/decode.ts';

/** Looks at an MP4 as a stranger would: its boxes, its decoded frames, and where there is one, Debian's ffmpeg. */
export async function judgeVideo(
  mp4: Uint8Array,
  folder: string,
  size: { readonly width: number; readonly height: number },
) {
  const path = join(folder, `judged-${mp4.length}.mp4`);
  await writeFile(path, mp4);
  const facts: Mp4Facts = inspectMp4(mp4);
  expect(facts).toMatchObject({ ...size, fps: 30, frames: 150, durationMs: 5000, faststart: true });
  expect(topBoxes(mp4)).toEqual(expect.arrayContaining(['ftyp', 'moov', 'mdat']));
  const { frames, times } = await decode(path, size.width, size.height);
  expect(frames).toHaveLength(150);
  expect(times[0]).toBe(0);
  await judgeByFfmpeg(path, size);
  return { facts, first: frames[0] as Uint8Array, last: frames[149] as Uint8Array };
}

/** PSNR over all three planes between a decoded I420 frame and a PNG, in dB. */
export async function psnrToPng(frame: Uint8Array, png: Uint8Array): Promise<number> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const wanted = toI420(data, info.width, info.height);
  expect(frame.length).toBe(wanted.length);
  let squares = 0;
  for (let index = 0; index < wanted.length; index += 1) squares += ((frame[index] ?? 0) - (wanted[index] ?? 0)) ** 2;
  return squares === 0 ? 99 : 10 * Math.log10((255 ** 2 * wanted.length) / squares);
}

/** RGB → BT.709 limited range (ITU-R BT.709-6 §3), chroma by averaging 2×2; written apart from the product's own. */
function toI420(rgb: Uint8Array, width: number, height: number): Uint8Array {
  const area = width * height;
  const planes = new Uint8Array((area * 3) / 2);
  const sums = [new Float64Array(area / 4), new Float64Array(area / 4)] as const;
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 3;
      const [r, g, b] = [rgb[at] ?? 0, rgb[at + 1] ?? 0, rgb[at + 2] ?? 0];
      const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      planes[y * width + x] = Math.round(16 + (219 * luma) / 255);
      const half = (y >> 1) * (width / 2) + (x >> 1);
      sums[0][half] = (sums[0][half] ?? 0) + (b - luma) / 1.8556;
      sums[1][half] = (sums[1][half] ?? 0) + (r - luma) / 1.5748;
    }
  }
  sums.forEach((sum, plane) => {
    sum.forEach((value, index) => {
      planes[area + (plane * area) / 4 + index] = Math.round(128 + (224 * value) / 4 / 255);
    });
  });
  return planes;
}

function topBoxes(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const names: string[] = [];
  for (let at = 0; at + 8 <= bytes.length; at += Math.max(8, view.getUint32(at)))
    names.push(Buffer.from(bytes.subarray(at + 4, at + 8)).toString('latin1'));
  return names;
}

/** ffmpeg judges where it is installed; CI installs it, so there its absence is an error. */
export function hasFfmpeg(): boolean {
  try {
    execFileSync('ffprobe', ['-version'], { stdio: 'ignore' });
    return true;
  } catch {
    if (process.env['CI'] === 'true') throw new Error('CI needs ffprobe and ffmpeg (Debian package ffmpeg)');
    return false;
  }
}

async function judgeByFfmpeg(path: string, size: { readonly width: number; readonly height: number }): Promise<void> {
  if (!hasFfmpeg()) return;
  const asked =
    'stream=codec_name,width,height,r_frame_rate,nb_read_frames,pix_fmt,color_space,color_transfer,color_primaries,color_range:format_tags';
  const probed = await promisify(execFile)('ffprobe', [
    '-v',
    'error',
    '-count_frames',
    '-show_entries',
    asked,
    '-of',
    'json',
    path,
  ]);
  expect(probed.stderr).toBe('');
  const { streams, format } = JSON.parse(probed.stdout) as {
    streams: object[];
    format: { tags: Record<string, string> };
  };
  expect(streams).toHaveLength(1);
  expect(streams[0]).toMatchObject({
    codec_name: 'h264',
    ...size,
    r_frame_rate: '30/1',
    nb_read_frames: '150',
    pix_fmt: 'yuv420p',
  });
  expect(streams[0]).toMatchObject({
    color_space: 'bt709',
    color_transfer: 'bt709',
    color_primaries: 'bt709',
    color_range: 'tv',
  });
  expect(JSON.parse(format.tags['AIGC'] ?? 'null')).toMatchObject({ ContentProducer: 'Inbetween' });
  const decoded = await promisify(execFile)('ffmpeg', ['-v', 'error', '-xerror', '-i', path, '-f', 'null', '-']);
  expect(decoded.stderr).toBe('');
}
