import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inspectMp4 } from '@inbetween/renderer';
import { expect } from 'vitest';
import type { Api, ShownVideo } from './api.ts';
import { wholeFile } from './api.ts';
import { type Pixels, pixelsOf, psnr } from './paintings.ts';

const run = promisify(execFile);
const CHILD = fileURLToPath(new URL('decode-child.ts', import.meta.url));

/** What a finished video of ours must be. */
export const FRAMES = 150;
export const FPS = 30;
/** How near the first and last frame must be to the prepared pictures, in dB. */
const NEAR_DB = 34;
/** Chroma is halved in H.264, so it is allowed to lose a little more. */
const CHROMA_DB = 32;

/** Everything a judgement found out. */
export interface Verdict {
  readonly bytes: number;
  readonly firstDb: number;
  readonly lastDb: number;
}

/**
 * Judges the finished video of a server: the file, its container, every frame, and both ends against the pictures they
 * were made from.
 */
export async function judgeVideo(
  api: Api,
  video: ShownVideo,
  { still = false, label = '2' }: { readonly still?: boolean; readonly label?: '1' | '2' } = {},
): Promise<Verdict> {
  expect(video, JSON.stringify(video)).toMatchObject({
    status: 'succeeded',
    progress: 100,
    error: null,
    metadata: { fps: FPS, frames: FRAMES, duration: 5, phase: null },
  });
  const file = wholeFile(await api.content(video.id));
  const size = { width: video.width ?? 0, height: video.height ?? 0 };
  judgeContainer(file, { ...size, id: video.id, label });
  await judgeWithFfmpeg(file, size);
  const decoded = await decode(file);
  judgeFrames(decoded.frames, size, still);
  const firstDb = await judgeEnd('first', decoded.first, await api.content(video.id, 'first_frame'), size);
  const lastDb = await judgeEnd('last', decoded.last, await api.content(video.id, 'last_frame'), size);
  return { bytes: file.length, firstDb, lastDb };
}

/** Whom the content label in a file names. */
interface LabelNames {
  readonly producer: string;
  readonly propagator: string;
}

const OURSELVES: LabelNames = { producer: 'Inbetween', propagator: 'Inbetween' };

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The boxes, by a reader of this test's own and by the renderer's. */
export function judgeContainer(
  file: Buffer,
  { width, height, id, label = '2' }: Size & { readonly id: string; readonly label?: '1' | '2' },
): void {
  const top = boxesIn(file, 0, file.length);
  const names = top.map(({ type }) => type);
  expect(names[0]).toBe('ftyp');
  expect(names.filter((name) => ['moov', 'mdat'].includes(name))).toEqual(['moov', 'mdat']);
  expect(top.at(-1)?.end).toBe(file.length);
  const moov = top.find(({ type }) => type === 'moov');
  for (const type of ['mvhd', 'tkhd', 'mdhd']) {
    const box = moov === undefined ? undefined : boxesBelow(file, moov).find((each) => each.type === type);
    if (box === undefined) throw new Error(`no ${type}`);
    const timeBytes = file[box.body] === 1 ? 16 : 8;
    expect(
      file.subarray(box.body + 4, box.body + 4 + timeBytes).every((byte) => byte === 0),
      `times in ${type}`,
    ).toBe(true);
  }
  const facts = inspectMp4(file);
  expect(facts).toMatchObject({ width, height, frames: FRAMES, faststart: true });
  expect(facts.fps).toBeCloseTo(FPS, 6);
  expect(facts.durationMs).toBeCloseTo(5000, 3);
  expect(facts.codec).toMatch(/^avc1\.[0-9a-f]{6}$/);
  expect(JSON.parse(facts.tags['AIGC'] ?? 'null')).toEqual({
    Label: label,
    ContentProducer: 'Inbetween',
    ProduceID: id,
    ReservedCode1: '',
    ContentPropagator: 'Inbetween',
    PropagateID: id,
    ReservedCode2: '',
  });
}

interface FrameFact extends Size {
  readonly time: number;
  readonly change: number;
}

/** All frames are there, in time, of one size; nothing jumps and nothing stands still that should move. */
function judgeFrames(frames: readonly FrameFact[], { width, height }: Size, still: boolean): void {
  expect(frames.length).toBe(FRAMES);
  for (const [index, frame] of frames.entries()) {
    expect(frame.time).toBeCloseTo(index / FPS, 4);
    expect([frame.width, frame.height]).toEqual([width, height]);
  }
  const changes = frames.slice(1).map(({ change }) => change);
  const total = changes.reduce((sum, change) => sum + change, 0);
  if (still) expect(Math.max(...changes)).toBeLessThan(1.5);
  else {
    expect(total).toBeGreaterThan(5);
    // A cut would put most of all the change into one step.
    expect(Math.max(...changes)).toBeLessThan(Math.max(3, total / 6));
  }
}

async function judgeEnd(
  which: string,
  yuv: Uint8Array,
  prepared: Parameters<typeof wholeFile>[0],
  { width, height }: Size,
): Promise<number> {
  const pixels = await pixelsOf(wholeFile(prepared));
  expect([pixels.width, pixels.height]).toEqual([width, height]);
  const wanted = toI420(pixels);
  expect(yuv.length, `bytes of the ${which} frame`).toBe(wanted.length);
  const luma = width * height;
  const db = psnr(yuv.subarray(0, luma), wanted.subarray(0, luma));
  expect(db, `luma of the ${which} frame`).toBeGreaterThanOrEqual(NEAR_DB);
  expect(psnr(yuv.subarray(luma), wanted.subarray(luma)), `chroma of the ${which} frame`).toBeGreaterThanOrEqual(
    CHROMA_DB,
  );
  return db;
}

/** Decodes all frames in a child. */
export async function decode(
  file: Uint8Array,
): Promise<{ readonly frames: readonly FrameFact[]; readonly first: Buffer; readonly last: Buffer }> {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-judge-'));
  try {
    const [source, first, last] = ['in.mp4', 'first.yuv', 'last.yuv'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(source, file);
    const { stdout } = await run(process.execPath, [CHILD, source, first, last], { timeout: 60_000 });
    return { frames: JSON.parse(stdout) as FrameFact[], first: await readFile(first), last: await readFile(last) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let found: Promise<boolean> | undefined;

/** Whether the second judge is here; where everything must be checked, its absence is an error. */
function hasFfmpeg(): Promise<boolean> {
  found ??= Promise.all([run('ffprobe', ['-version']), run('ffmpeg', ['-version'])]).then(
    () => true,
    () => {
      if (process.env['CI'] === 'true') throw new Error('ffprobe and ffmpeg are needed in CI: install "ffmpeg"');
      return false;
    },
  );
  return found;
}

/** A judge nobody here wrote: counts frames by decoding, reads the colours and the label, and complains of any damage. */
export async function judgeWithFfmpeg(
  file: Uint8Array,
  { width, height }: Size,
  names: LabelNames = OURSELVES,
): Promise<void> {
  if (!(await hasFfmpeg())) return;
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-judge-'));
  try {
    const path = join(folder, 'in.mp4');
    await writeFile(path, file);
    const probe = ['-v', 'error', '-count_frames', '-show_streams', '-show_format', '-of', 'json', path];
    const { stdout, stderr } = await run('ffprobe', probe, { timeout: 60_000 });
    expect(stderr).toBe('');
    const { streams, format } = JSON.parse(stdout) as { streams: object[]; format: { tags: { AIGC: string } } };
    expect(streams).toHaveLength(1);
    expect(streams[0]).toMatchObject({
      codec_type: 'video',
      codec_name: 'h264',
      codec_tag_string: 'avc1',
      pix_fmt: 'yuv420p',
      width,
      height,
      nb_read_frames: String(FRAMES),
      r_frame_rate: `${FPS}/1`,
      avg_frame_rate: `${FPS}/1`,
      color_range: 'tv',
      color_space: 'bt709',
      color_transfer: 'bt709',
      color_primaries: 'bt709',
    });
    expect(format).toMatchObject({ duration: '5.000000', tags: { AIGC: expect.stringContaining('"ProduceID"') } });
    expect(JSON.parse(format.tags.AIGC)).toMatchObject({
      ContentProducer: names.producer,
      ContentPropagator: names.propagator,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** RGB to I420 as BT.709 with limited range says it; written here so that the renderer does not judge itself. */
function toI420({ width, height, data }: Pixels): Uint8Array {
  const [halfWidth, halfHeight] = [width / 2, height / 2];
  const out = new Uint8Array(width * height + 2 * halfWidth * halfHeight);
  const blue = new Float64Array(halfWidth * halfHeight);
  const red = new Float64Array(halfWidth * halfHeight);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = (y * width + x) * 3;
      const [r, g, b] = [data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0];
      const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
      out[y * width + x] = Math.round(16 + (luma * 219) / 255);
      const half = (y >> 1) * halfWidth + (x >> 1);
      blue[half] = (blue[half] ?? 0) + (b - luma) / 1.8556 / 4;
      red[half] = (red[half] ?? 0) + (r - luma) / 1.5748 / 4;
    }
  }
  const planes = width * height;
  for (const [index, value] of blue.entries()) out[planes + index] = Math.round(128 + (value * 224) / 255);
  for (const [index, value] of red.entries()) out[planes + blue.length + index] = Math.round(128 + (value * 224) / 255);
  return out;
}

interface FoundBox {
  readonly type: string;
  readonly body: number;
  readonly end: number;
}

/** The boxes between two places of a file; sizes that do not fit are a failure. */
function boxesIn(file: Buffer, from: number, to: number): readonly FoundBox[] {
  const boxes: FoundBox[] = [];
  for (let at = from; at < to; ) {
    const short = file.readUInt32BE(at);
    const size = short === 1 ? Number(file.readBigUInt64BE(at + 8)) : short;
    if (size < 8 || at + size > to) throw new Error(`a box of ${size} bytes at ${at}`);
    const head = short === 1 ? 16 : 8;
    boxes.push({ type: file.toString('latin1', at + 4, at + 8), body: at + head, end: at + size });
    at += size;
  }
  return boxes;
}

const PARENTS = ['trak', 'mdia'];

function boxesBelow(file: Buffer, box: FoundBox): readonly FoundBox[] {
  return boxesIn(file, box.body, box.end).flatMap((each) =>
    PARENTS.includes(each.type) ? [each, ...boxesBelow(file, each)] : [each],
  );
}
