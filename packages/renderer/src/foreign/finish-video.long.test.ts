import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferTarget, EncodedPacket, EncodedVideoPacketSource, Output, WebMOutputFormat } from 'mediabunny';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, lumaPsnr } from '../../test/decode.ts';
import type { YuvPicture } from '../contract.ts';
import { openBuiltinEncoder } from '../encode/builtin.ts';
import { loadWebcodecs } from '../encode/openh264.ts';
import { inspectMp4 } from '../mp4/inspect.ts';
import { writeMetadata } from '../mp4/metadata.ts';
import { yuvToRgb } from '../picture/yuv.ts';
import { type FinishPlan, finishVideo } from './finish-video.ts';
import { ForeignVideoError } from './foreign-video-error.ts';
import { rgbToYuv } from './rgb-to-yuv.ts';

const WIDTH = 320;
const HEIGHT = 192;
const FRAMES = 20;
const FPS = 16;

let folder: string;
let ends: { first: YuvPicture; last: YuvPicture };

/** A bright square on a slope, at `left`. */
async function picture(left: number, name: string): Promise<YuvPicture> {
  const data = new Uint8Array(WIDTH * HEIGHT * 3);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const inside = x >= left && x < left + 90 && y >= 40 && y < 150;
      data.set(inside ? [230, 190, 40] : [40 + x / 4, 60 + y / 4, 90], (y * WIDTH + x) * 3);
    }
  }
  await sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .png()
    .toFile(join(folder, name));
  return rgbToYuv({ width: WIDTH, height: HEIGHT, data });
}

function mixed(one: YuvPicture, other: YuvPicture, share: number): YuvPicture {
  const data = new Uint8Array(one.data.length);
  for (let at = 0; at < data.length; at++) data[at] = Math.round(one.data[at]! * (1 - share) + other.data[at]! * share);
  return { width: WIDTH, height: HEIGHT, data };
}

const clip = (from: YuvPicture, to: YuvPicture) =>
  Array.from({ length: FRAMES }, (_, index) => mixed(from, to, index / (FRAMES - 1)));

async function mp4Of(frames: readonly YuvPicture[]): Promise<Uint8Array> {
  const encoder = await openBuiltinEncoder(
    { width: WIDTH, height: HEIGHT, fps: FPS, frames: FRAMES },
    { samples: [ends.first], pace: 1 },
  );
  for (const frame of frames) await encoder.add(frame);
  return encoder.finish();
}

/** VP8 in WebM, as sd-server answers. */
async function webmOf(frames: readonly YuvPicture[]): Promise<Uint8Array> {
  const { VideoEncoder, VideoFrame } = await loadWebcodecs();
  const target = new BufferTarget();
  const output = new Output({ format: new WebMOutputFormat(), target });
  const source = new EncodedVideoPacketSource('vp8');
  output.addVideoTrack(source, { frameRate: FPS });
  await output.start();
  const packets: EncodedPacket[] = [];
  const encoder = new VideoEncoder({
    output: (chunk) => {
      const data = new Uint8Array(chunk.byteLength);
      chunk.copyTo(data);
      packets.push(new EncodedPacket(data, chunk.type === 'key' ? 'key' : 'delta', chunk.timestamp / 1e6, 1 / FPS));
    },
    error: (error) => {
      throw error;
    },
  });
  encoder.configure({ codec: 'vp8', width: WIDTH, height: HEIGHT, bitrate: 2_000_000, framerate: FPS });
  for (const [index, { data }] of frames.entries()) {
    const frame = new VideoFrame(data as Uint8Array<ArrayBuffer>, {
      format: 'I420',
      codedWidth: WIDTH,
      codedHeight: HEIGHT,
      timestamp: Math.round((index * 1e6) / FPS),
    });
    encoder.encode(frame, { keyFrame: index === 0 });
    frame.close();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await encoder.flush();
  for (let turn = 0; turn < 200 && packets.length < FRAMES; turn++)
    await new Promise((resolve) => setImmediate(resolve));
  encoder.close();
  const decoderConfig = { codec: 'vp8', codedWidth: WIDTH, codedHeight: HEIGHT };
  for (const [index, packet] of packets.entries())
    await source.add(packet, index === 0 ? { decoderConfig } : undefined);
  await output.finalize();
  return new Uint8Array(target.buffer as ArrayBuffer);
}

/** As sd-server writes it: `RIFF AVI `, one MJPG stream, frames in `movi`. */
async function aviOf(frames: readonly YuvPicture[]): Promise<Uint8Array> {
  const chunk = (name: string, body: Uint8Array) => {
    const head = Buffer.alloc(8);
    head.write(name, 'latin1');
    head.writeUInt32LE(body.length, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  };
  const list = (name: string, ...parts: Uint8Array[]) => chunk('LIST', Buffer.concat([Buffer.from(name), ...parts]));
  const stream = Buffer.alloc(56);
  stream.write('vidsMJPG', 'latin1');
  stream.writeUInt32LE(1, 20);
  stream.writeUInt32LE(FPS, 24);
  const jpegs = await Promise.all(
    frames.map(async (frame) => {
      const { data } = yuvToRgb(frame);
      const raw = { width: WIDTH, height: HEIGHT, channels: 3 as const };
      return chunk('00dc', await sharp(data, { raw }).jpeg({ quality: 92 }).toBuffer());
    }),
  );
  const header = list('hdrl', chunk('avih', Buffer.alloc(56)), list('strl', chunk('strh', stream)));
  return chunk('RIFF', Buffer.concat([Buffer.from('AVI '), header, list('movi', ...jpegs)]));
}

async function finish(file: Uint8Array, changes: Partial<FinishPlan> = {}) {
  const at = (name: string) => join(folder, name);
  await writeFile(at('input'), file);
  const plan: FinishPlan = {
    input: at('input'),
    first: at('first.png'),
    last: at('last.png'),
    video: at('video.mp4'),
    thumbnail: at('thumbnail.webp'),
    spritesheet: at('spritesheet.webp'),
    lastFrame: at('last_frame.png'),
    metadata: { AIGC: '{"Label":"1"}' },
    watermarked: false,
    matchTail: false,
    encoder: { kind: 'builtin' },
    ...changes,
  };
  const report = await finishVideo(plan);
  return { report, plan, facts: inspectMp4(new Uint8Array(await readFile(plan.video))) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'foreign-'));
  ends = { first: await picture(20, 'first.png'), last: await picture(200, 'last.png') };
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe('a foreign video', { timeout: 60_000 }, () => {
  test('of H.264 keeps its pictures, and nothing that somebody wrote into it', async () => {
    const secret = writeMetadata(await mp4Of(clip(ends.first, ends.last)), { prompt: '{"graph":"secret"}' });
    const { report, plan, facts } = await finish(secret);
    expect(report.pictures).toBe('kept');
    expect(facts).toMatchObject({ width: WIDTH, height: HEIGHT, frames: FRAMES, faststart: true });
    expect(facts.fps).toBeCloseTo(FPS, 3);
    expect(facts.tags).toEqual({ AIGC: '{"Label":"1"}' });
    expect(Buffer.from(await readFile(plan.video)).includes('secret')).toBe(false);
    const before = await decode(plan.input, WIDTH, HEIGHT);
    const after = await decode(plan.video, WIDTH, HEIGHT);
    expect(after.frames).toEqual(before.frames);
    expect(await sharp(plan.lastFrame).metadata()).toMatchObject({ format: 'png', width: WIDTH, height: HEIGHT });
    expect(await sharp(plan.thumbnail).metadata()).toMatchObject({ format: 'webp' });
  });

  test('of VP8 in WebM becomes H.264 in MP4 with its own pace', async () => {
    const { report, plan, facts } = await finish(await webmOf(clip(ends.first, ends.last)));
    expect(report.pictures).toBe('transcoded');
    expect(facts.codec).toMatch(/^avc1\./);
    expect(facts).toMatchObject({ frames: FRAMES, faststart: true });
    expect(facts.fps).toBeCloseTo(FPS, 3);
    expect(facts.colour).toMatchObject({ matrix: 1, fullRange: false });
    const { frames } = await decode(plan.video, WIDTH, HEIGHT);
    expect(frames).toHaveLength(FRAMES);
  });

  test('of Motion JPEG in AVI becomes H.264 in MP4 with its own pace', async () => {
    const { report, plan, facts } = await finish(await aviOf(clip(ends.first, ends.last)));
    expect(report.pictures).toBe('transcoded');
    expect(facts).toMatchObject({ frames: FRAMES, faststart: true });
    expect(facts.fps).toBeCloseTo(FPS, 3);
    expect(report.distances.lastToLast).toBeLessThan(3);
    const { frames } = await decode(plan.video, WIDTH, HEIGHT);
    expect(lumaPsnr(frames[0]!, ends.first.data, WIDTH, HEIGHT)).toBeGreaterThan(30);
  });

  test('is measured against both inputs, and one that ignores the last frame is told', async () => {
    const good = (await finish(await mp4Of(clip(ends.first, ends.last)))).report.distances;
    expect(good.firstToFirst).toBeLessThan(3);
    expect(good.lastToLast).toBeLessThan(3);
    expect(good.lastToFirst).toBeGreaterThan(10);
    expect(good.inputs).toBeGreaterThan(10);
    const bad = (await finish(await mp4Of(clip(ends.first, ends.first)))).report.distances;
    expect(bad.lastToFirst).toBeLessThan(bad.lastToLast);
  });

  test('gets our words on every frame, but not on its last frame as a picture', async () => {
    const file = await mp4Of(clip(ends.first, ends.last));
    const { report, plan } = await finish(file, { watermark: 'AI generated' });
    expect(report.pictures).toBe('transcoded');
    const before = await decode(plan.input, WIDTH, HEIGHT);
    const after = await decode(plan.video, WIDTH, HEIGHT);
    for (const index of [0, FRAMES - 1]) {
      expect(cornerChange(before.frames[index]!, after.frames[index]!)).toBeGreaterThan(5);
    }
    const still = await sharp(plan.lastFrame).removeAlpha().raw().toBuffer();
    const yuv = rgbToYuv({ width: WIDTH, height: HEIGHT, data: new Uint8Array(still) });
    expect(lumaPsnr(yuv.data, before.frames[FRAMES - 1]!, WIDTH, HEIGHT)).toBeGreaterThan(38);
  });

  test.each([
    ['as they came', {}],
    ['with our words', { watermark: 'AI generated' }],
  ])('shows its frames %s on a sheet, from the first to the last', async (_, changes) => {
    const { plan } = await finish(await mp4Of(clip(ends.first, ends.last)), changes);
    const { frames } = await decode(plan.video, WIDTH, HEIGHT);
    // Read here, as sharp remembers files by their paths.
    const sheet = await readFile(plan.spritesheet);
    expect(await sharp(sheet).metadata()).toMatchObject({ format: 'webp', width: 960, height: 576 });
    for (const [index, left, top] of [
      [0, 0, 0],
      [FRAMES - 1, 720, 432],
    ] as const) {
      const shown = yuvToRgb({ width: WIDTH, height: HEIGHT, data: frames[index]! });
      const raw = { width: WIDTH, height: HEIGHT, channels: 3 as const };
      const wanted = await sharp(shown.data, { raw }).resize(240, 144).raw().toBuffer();
      const area = { left, top, width: 240, height: 144 };
      const tile = await sharp(sheet).extract(area).removeAlpha().raw().toBuffer();
      expect(meanDifference(tile, wanted)).toBeLessThan(4);
    }
  });

  test('of a single frame has a sheet of one', async () => {
    const { plan, facts } = await finish(await aviOf([ends.first]));
    expect(facts.frames).toBe(1);
    expect(await sharp(await readFile(plan.spritesheet)).metadata()).toMatchObject({ width: 960, height: 144 });
  });

  test('ends in the colours of the last input when that is wanted', async () => {
    const faded = {
      ...ends.last,
      data: ends.last.data.map((value, at) => (at < WIDTH * HEIGHT ? value * 0.9 : value)),
    };
    const file = await mp4Of(clip(ends.first, faded));
    const means = async (plan: FinishPlan) => {
      const { frames } = await decode(plan.video, WIDTH, HEIGHT);
      return [0, FRAMES - 1].map((index) => meanOf(frames[index]!));
    };
    const [startBefore = 0, endBefore = 0] = await means((await finish(file)).plan);
    const [startAfter = 0, endAfter = 0] = await means((await finish(file, { matchTail: true })).plan);
    const wanted = meanOf(ends.last.data);
    expect(Math.abs(endBefore - wanted)).toBeGreaterThan(5);
    expect(Math.abs(endAfter - wanted)).toBeLessThan(1.5);
    expect(Math.abs(startAfter - startBefore)).toBeLessThan(1.5);
  });

  test.each([
    ['cut in half', async () => (await mp4Of(clip(ends.first, ends.last))).subarray(0, 4_000)],
    ['of text', async () => Buffer.from('<html>not found</html>'.repeat(100))],
    ['empty', async () => new Uint8Array(0)],
    ['an AVI cut in half', async () => (await aviOf(clip(ends.first, ends.last))).subarray(0, 30_000)],
  ])('%s is refused as damaged', async (_, make) => {
    await expect(finish(await make())).rejects.toBeInstanceOf(ForeignVideoError);
  });
});

function meanOf(data: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < WIDTH * HEIGHT; at++) sum += data[at]!;
  return sum / (WIDTH * HEIGHT);
}

function meanDifference(one: Uint8Array, other: Uint8Array): number {
  return one.reduce((sum, value, at) => sum + Math.abs(value - other[at]!), 0) / one.length;
}

/** Mean change in the lower right, where the words stand. */
function cornerChange(one: Uint8Array, other: Uint8Array): number {
  let sum = 0;
  let count = 0;
  for (let y = HEIGHT - 24; y < HEIGHT - 8; y++) {
    for (let x = WIDTH - 90; x < WIDTH - 10; x++, count++) sum += Math.abs(one[y * WIDTH + x]! - other[y * WIDTH + x]!);
  }
  return sum / count;
}
