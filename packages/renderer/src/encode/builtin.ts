import { BufferTarget, EncodedPacket, EncodedVideoPacketSource, Mp4OutputFormat, Output } from 'mediabunny';
import type { YuvPicture } from '../contract.ts';
import { chooseBitrate, trialBitrate } from './bitrate.ts';
import type { ClipShape, Encoder } from './encoder.ts';
import { CODEC, COLOUR, type CodedFrame, loadWebcodecs, Openh264, type Webcodecs } from './openh264.ts';

/**
 * Opens the encoder we ship: OpenH264 through node-webcodecs, muxed by mediabunny. The samples are typical pictures of
 * the clip (its two ends); a trial key frame of each decides the bitrate.
 */
export async function openBuiltinEncoder(
  shape: ClipShape,
  { samples, pace }: { readonly samples: readonly YuvPicture[]; readonly pace: number },
): Promise<Encoder> {
  const webcodecs = await loadWebcodecs();
  let detail = 0;
  for (const sample of samples) detail = Math.max(detail, await keyFrameBytes(webcodecs, shape, sample));
  return new BuiltinEncoder(shape, webcodecs, chooseBitrate(shape, detail, pace));
}

/** How many bytes this picture takes as the first key frame of a trial run. */
async function keyFrameBytes(webcodecs: Webcodecs, shape: ClipShape, picture: YuvPicture): Promise<number> {
  let bytes = 0;
  const trial = new Openh264(webcodecs, shape, trialBitrate(shape), (frame) => {
    bytes = frame.data.length;
  });
  try {
    await trial.encode(picture, true);
    await trial.drain();
  } finally {
    trial.close();
  }
  return bytes;
}

class BuiltinEncoder implements Encoder {
  readonly name = 'openh264 (node-webcodecs)';
  readonly #shape: ClipShape;
  readonly #stream: Openh264;
  readonly #source = new EncodedVideoPacketSource('avc');
  readonly #target = new BufferTarget();
  readonly #output: Output;
  #added = 0;
  #coded = 0;
  #muxed: Promise<void>;

  constructor(shape: ClipShape, webcodecs: Webcodecs, bitrate: number) {
    this.#shape = shape;
    this.#output = new Output({ format: new Mp4OutputFormat({ fastStart: 'in-memory' }), target: this.#target });
    // The frame rate becomes the track's timescale, so that every frame lasts exactly 1/fps.
    this.#output.addVideoTrack(this.#source, { frameRate: shape.fps });
    this.#muxed = this.#output.start();
    this.#stream = new Openh264(webcodecs, shape, bitrate, (frame) => this.#take(frame));
  }

  async add(frame: YuvPicture): Promise<void> {
    const index = this.#added++;
    // The first picture goes in twice, each time as a key frame, and the first coding is thrown away: OpenH264 knows
    // nothing of a clip at its first frame and codes it 2..3 dB worse than it could. The stream may begin at any IDR.
    if (index === 0) await this.#stream.encode(frame, true);
    // A key frame at both ends: whoever seeks to the last frame, to show it or to chain clips, gets it in full quality.
    await this.#stream.encode(frame, index === 0 || index === this.#shape.frames - 1);
  }

  async finish(): Promise<Uint8Array> {
    await this.#stream.drain();
    await this.#muxed;
    if (this.#added !== this.#shape.frames) {
      throw new Error(`the clip has ${this.#shape.frames} frames, ${this.#added} were given`);
    }
    await this.#output.finalize();
    if (this.#target.buffer === null) throw new Error('the muxer gave no file');
    await this.close();
    return new Uint8Array(this.#target.buffer);
  }

  async close(): Promise<void> {
    this.#stream.close();
    await this.#muxed.catch(() => undefined);
    if (this.#output.state === 'pending' || this.#output.state === 'started') await this.#output.cancel();
  }

  #take({ data, isKey }: CodedFrame): void {
    const index = this.#coded++ - 1;
    if (index < 0) return;
    const { width, height, fps } = this.#shape;
    // Exact times: index / fps, not the encoder's rounded microseconds.
    const packet = new EncodedPacket(data, isKey ? 'key' : 'delta', index / fps, 1 / fps);
    const decoderConfig = { codec: CODEC, codedWidth: width, codedHeight: height, colorSpace: COLOUR };
    this.#muxed = this.#muxed.then(() => this.#source.add(packet, index === 0 ? { decoderConfig } : undefined));
    this.#muxed.catch((error: unknown) => this.#stream.fail(error));
  }
}
