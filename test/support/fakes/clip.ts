import { createHash } from 'node:crypto';
import { BufferTarget, EncodedPacket, EncodedVideoPacketSource, Output, WebMOutputFormat } from 'mediabunny';
import sharp from 'sharp';
import type { RgbPicture, YuvPicture } from '../../../packages/renderer/src/contract.ts';
import { openBuiltinEncoder } from '../../../packages/renderer/src/encode/builtin.ts';
import { loadWebcodecs } from '../../../packages/renderer/src/encode/openh264.ts';
import { toI420 } from '../../../packages/renderer/src/motion/render/i420.ts';
import { newYuvPicture } from '../../../packages/renderer/src/picture/yuv.ts';
import { aviOf } from './avi.ts';

/** A clip that an engine is to make; sides are multiples of 16. */
export interface ClipWish {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly fps: number;
}

export type Container = 'mp4' | 'webm' | 'avi';

const made = new Map<string, Promise<Uint8Array>>();
const MOST_KEPT = 24;

/**
 * Makes a clip that begins with the first picture and ends with the last, as an engine does that respects both: a dissolve
 * between them, really coded. The same wish is made once per process.
 */
export function makeClip(wish: ClipWish, container: Container = 'mp4'): Promise<Uint8Array> {
  const { width, height, frames, fps } = wish;
  const key = createHash('sha256')
    .update(wish.first)
    .update('|')
    .update(wish.last)
    .update(`|${width}x${height}x${frames}@${fps}.${container}`)
    .digest('hex');
  const known = made.get(key);
  if (known !== undefined) return known;
  const [oldest] = made.keys();
  if (made.size >= MOST_KEPT && oldest !== undefined) made.delete(oldest);
  const clip = WRITERS[container](wish);
  made.set(key, clip);
  clip.catch(() => made.delete(key));
  return clip;
}

const WRITERS: Readonly<Record<Container, (wish: ClipWish) => Promise<Uint8Array>>> = {
  async mp4(wish) {
    const ends = await readEnds(wish);
    const encoder = await openBuiltinEncoder(wish, { samples: [ends.first, ends.last], pace: 1 });
    try {
      for (const picture of dissolve(ends, wish)) await encoder.add(picture);
      return await encoder.finish();
    } finally {
      await encoder.close();
    }
  },
  webm: writeWebm,
  async avi(wish) {
    const { width, height, frames } = wish;
    const [first, last] = await Promise.all([rgbOf(wish.first, wish), rgbOf(wish.last, wish)]);
    const jpegs: Uint8Array[] = [];
    for (let index = 0; index < frames; index += 1) {
      const data = mix(first, last, shareAt(index, frames), new Uint8Array(first.length));
      jpegs.push(
        await sharp(data, { raw: { width, height, channels: 3 } })
          .jpeg({ quality: 90 })
          .toBuffer(),
      );
    }
    return aviOf(jpegs, wish);
  },
};

/** VP8, every frame a key frame, as sd-server writes it. */
async function writeWebm(wish: ClipWish): Promise<Uint8Array> {
  const { width, height, frames, fps } = wish;
  const { VideoEncoder, VideoFrame } = await loadWebcodecs();
  const source = new EncodedVideoPacketSource('vp8');
  const target = new BufferTarget();
  const output = new Output({ format: new WebMOutputFormat(), target });
  output.addVideoTrack(source, { frameRate: fps });
  await output.start();
  let muxed = Promise.resolve();
  let count = 0;
  const encoder = new VideoEncoder({
    output: (coded) => {
      const data = new Uint8Array(coded.byteLength);
      coded.copyTo(data);
      const index = count++;
      const packet = new EncodedPacket(data, coded.type === 'key' ? 'key' : 'delta', index / fps, 1 / fps);
      const meta = { decoderConfig: { codec: 'vp8', codedWidth: width, codedHeight: height } };
      muxed = muxed.then(() => source.add(packet, index === 0 ? meta : undefined));
    },
    error: (error) => {
      muxed = Promise.reject(error);
    },
  });
  encoder.configure({ codec: 'vp8', width, height, bitrate: width * height * fps, framerate: fps });
  for (const [index, picture] of [...dissolve(await readEnds(wish, toBt601), wish)].entries()) {
    const frame = new VideoFrame(new Uint8Array(picture.data), {
      format: 'I420',
      codedWidth: width,
      codedHeight: height,
      timestamp: Math.round((index * 1_000_000) / fps),
    });
    encoder.encode(frame, { keyFrame: true });
    frame.close();
  }
  await encoder.flush();
  for (let turn = 0; turn < 10_000 && count < frames; turn += 1) await new Promise((done) => setImmediate(done));
  encoder.close();
  await muxed;
  if (count !== frames) throw new Error(`${count} coded frames of ${frames}`);
  await output.finalize();
  if (target.buffer === null) throw new Error('the muxer gave no file');
  return new Uint8Array(target.buffer);
}

interface Ends {
  readonly first: YuvPicture;
  readonly last: YuvPicture;
}

async function readEnds(wish: ClipWish, convert: typeof toI420 = toI420): Promise<Ends> {
  const { width, height } = wish;
  const [first, last] = await Promise.all(
    [wish.first, wish.last].map(async (file) => {
      const picture = newYuvPicture(width, height);
      convert({ width, height, data: await rgbOf(file, wish) }, picture.data);
      return picture;
    }),
  );
  if (first === undefined || last === undefined) throw new Error('two ends were read');
  return { first, last };
}

/** Pixels of the asked size: scaled to cover, cut in the middle, as the engines do it. */
async function rgbOf(file: Uint8Array, { width, height }: ClipWish): Promise<Uint8Array> {
  const data = await sharp(file)
    .removeAlpha()
    .toColourspace('srgb')
    .resize(width, height, { fit: 'cover' })
    .raw()
    .toBuffer();
  return new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** sRGB to I420 by BT.601, limited range: what libvpx is given, and what VP8 without a word means. */
function toBt601({ width, height, data }: RgbPicture, out: Uint8Array): void {
  const luma = width * height;
  const half = width >> 1;
  const chroma = new Float64Array(luma / 2);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * width + x;
      const [r = 0, g = 0, b = 0] = [data[at * 3], data[at * 3 + 1], data[at * 3 + 2]];
      const bright = 0.299 * r + 0.587 * g + 0.114 * b;
      out[at] = Math.round(16 + (bright * 219) / 255);
      const c = (y >> 1) * half + (x >> 1);
      chroma[c] = (chroma[c] ?? 0) + (b - bright) / 1.772 / 4;
      chroma[luma / 4 + c] = (chroma[luma / 4 + c] ?? 0) + (r - bright) / 1.402 / 4;
    }
  }
  for (const [index, value] of chroma.entries()) out[luma + index] = Math.round(128 + (value * 224) / 255);
}

function* dissolve({ first, last }: Ends, { width, height, frames }: ClipWish): Generator<YuvPicture> {
  for (let index = 0; index < frames; index += 1) {
    const picture = newYuvPicture(width, height);
    mix(first.data, last.data, shareAt(index, frames), picture.data);
    yield picture;
  }
}

const shareAt = (index: number, frames: number) => (frames === 1 ? 0 : index / (frames - 1));

function mix(one: Uint8Array, other: Uint8Array, share: number, into: Uint8Array): Uint8Array {
  for (let at = 0; at < into.length; at += 1) {
    into[at] = Math.round((one[at] ?? 0) * (1 - share) + (other[at] ?? 0) * share);
  }
  return into;
}
