import type { YuvPicture } from '../contract.ts';
import { loadWebcodecs } from '../encode/openh264.ts';
import { type Encoding, toBt709 } from './colour.ts';
import { decodeJpegs } from './decode-jpegs.ts';
import { ForeignVideoError } from './foreign-video-error.ts';
import type { ForeignVideo, TrackVideo } from './open.ts';

/** Frames the decoder may hold; reordering needs at most 16. */
const MOST_HELD = 24;

interface NativeFrame {
  readonly codedWidth: number;
  readonly codedHeight: number;
  readonly format: string | null;
  readonly colorSpace: { readonly matrix: string | null; readonly fullRange: boolean | null };
  allocationSize(): number;
  copyTo(into: Uint8Array): Promise<unknown>;
  close(): void;
}

/** Decodes a video frame by frame, in the order in which it is shown, into BT.709 limited I420. Throws ForeignVideoError. */
export function decodeForeign(video: ForeignVideo, signal?: AbortSignal): AsyncGenerator<YuvPicture> {
  return video.kind === 'avi' ? decodeJpegs(video.jpegs, signal) : decodeTrack(video, signal);
}

/**
 * The decoder is fed by hand, a few packets ahead: mediabunny's own reader stops for ever over this codec library when
 * each frame is waited for before the next is taken. Throws ForeignVideoError, also when frames are missing.
 */
async function* decodeTrack(video: TrackVideo, signal?: AbortSignal): AsyncGenerator<YuvPicture> {
  const { VideoDecoder } = (await loadWebcodecs()) as unknown as Record<'VideoDecoder', typeof globalThis.VideoDecoder>;
  const { EncodedVideoChunk } = await import('node-webcodecs');
  // mediabunny makes chunks of the global class.
  Object.assign(globalThis, { EncodedVideoChunk });
  const ready: Promise<YuvPicture>[] = [];
  let failure: ForeignVideoError | undefined;
  let came = 0;
  let wake = () => {};
  const decoder = new VideoDecoder({
    output: (frame) => {
      came += 1;
      const picture = copyOf(frame as unknown as NativeFrame, video.config.codec === 'vp8');
      picture.catch(() => undefined);
      ready.push(picture);
      wake();
    },
    error: (error) => {
      failure ??= new ForeignVideoError(`the video cannot be decoded: ${error.message}`, { cause: error });
      wake();
    },
  });
  // Its threads do not keep the process alive.
  const alive = setInterval(() => {}, 1_000);
  const check = () => {
    signal?.throwIfAborted();
    if (failure !== undefined) throw failure;
  };
  try {
    decoder.configure(video.config);
    let flushed = false;
    let fed = 0;
    for (let next = 0; ; ) {
      check();
      const picture = ready.shift();
      if (picture !== undefined) {
        yield await picture;
        continue;
      }
      const packet = video.packets[next];
      if (packet !== undefined && fed - came < MOST_HELD) {
        decoder.decode(packet.toEncodedVideoChunk());
        next += 1;
        fed += 1;
        // Outputs come between turns of the event loop.
        await new Promise<void>((resolve) => setImmediate(resolve));
        continue;
      }
      if (packet === undefined) {
        if (flushed) break;
        await decoder.flush().catch((error: unknown) => {
          failure ??= new ForeignVideoError('the video cannot be decoded to its end', { cause: error });
        });
        for (let turn = 0; turn < 100; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
        flushed = true;
        continue;
      }
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, 30_000);
        wake = () => {
          clearTimeout(limit);
          resolve();
        };
      });
      if (ready.length === 0) throw failure ?? new ForeignVideoError('the decoder gives no more frames');
    }
    if (came !== video.packets.length)
      throw new ForeignVideoError(`${video.packets.length - came} of ${video.packets.length} frames cannot be decoded`);
  } finally {
    clearInterval(alive);
    if (decoder.state !== 'closed') decoder.close();
  }
}

/** @param old the codec's own rule is BT.601 where the stream says nothing */
async function copyOf(frame: NativeFrame, old: boolean): Promise<YuvPicture> {
  const { codedWidth: width, codedHeight: height, format, colorSpace } = frame;
  try {
    if (width % 2 !== 0 || height % 2 !== 0)
      throw new ForeignVideoError(`the video is ${width}×${height}; both sides must be even`);
    const bytes = new Uint8Array(frame.allocationSize());
    await frame.copyTo(bytes);
    const data = format === 'NV12' ? planar(bytes, width, height) : bytes;
    if ((format !== 'I420' && format !== 'NV12') || data.length < (width * height * 3) / 2)
      throw new ForeignVideoError(`the video has the pixel format ${format}, not 4:2:0 with 8 bits`);
    const encoding: Encoding = {
      matrix: ['smpte170m', 'bt470bg'].includes(colorSpace.matrix ?? (old ? 'smpte170m' : 'bt709')) ? 'bt601' : 'bt709',
      fullRange: colorSpace.fullRange === true,
    };
    return toBt709({ width, height, data: data.subarray(0, (width * height * 3) / 2) }, encoding);
  } finally {
    frame.close();
  }
}

/** Interleaved chroma as two planes. */
function planar(bytes: Uint8Array, width: number, height: number): Uint8Array {
  const luma = width * height;
  const out = new Uint8Array((luma * 3) / 2);
  out.set(bytes.subarray(0, luma));
  for (let index = 0; index < luma / 4; index++) {
    out[luma + index] = bytes[luma + 2 * index] ?? 128;
    out[luma + luma / 4 + index] = bytes[luma + 2 * index + 1] ?? 128;
  }
  return out;
}
