import type * as NodeWebcodecs from 'node-webcodecs';
import type { YuvPicture } from '../contract.ts';
import type { ClipShape } from './encoder.ts';

/** The part of node-webcodecs we use. */
export type Webcodecs = Pick<typeof NodeWebcodecs, 'VideoEncoder' | 'VideoFrame'>;

/** BT.709, limited range, in WebCodecs' words. */
export const COLOUR = { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false } as const;

/** Constrained Baseline is all this build makes. The level is the encoder's own choice and stands in the stream. */
export const CODEC = 'avc1.42c028';

/** One coded frame in Annex B form. */
export interface CodedFrame {
  readonly data: Uint8Array;
  readonly isKey: boolean;
}

// Frames the encoder's thread may have waiting. Two keep it busy; each costs one picture of memory.
const MOST_WAITING = 2;
// Turns of the event loop the last packets may take after a flush; one is normal.
const MOST_TURNS = 10_000;

/**
 * Loads the bundled H.264 encoder: node-webcodecs' static build of LGPL FFmpeg with OpenH264 (BSD).
 * Throws an Error that says how to go on when this platform has no such build.
 */
export async function loadWebcodecs(): Promise<Webcodecs> {
  // The only place that touches the environment: without this, node-webcodecs prefers FFmpeg libraries it finds on the
  // host, which may be GPL builds with another encoder and would make the output depend on the machine.
  process.env['NODE_WEBCODECS_FORCE'] = 'static';
  const webcodecs = await import('node-webcodecs');
  if (webcodecs.getNativeVariant() !== 'static') {
    throw new Error(
      `there is no built-in encoder for ${process.platform}-${process.arch}; choose encoder "ffmpeg" and give its path`,
    );
  }
  return webcodecs;
}

/** One run of OpenH264: pictures in, one coded frame out for each, in order, without B-frames. */
export class Openh264 {
  readonly #webcodecs: Webcodecs;
  readonly #encoder: InstanceType<Webcodecs['VideoEncoder']>;
  readonly #shape: ClipShape;
  #given = 0;
  #coded = 0;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  /** `bitrate` in bits per second. Throws when the encoder refuses the size. */
  constructor(webcodecs: Webcodecs, shape: ClipShape, bitrate: number, onFrame: (frame: CodedFrame) => void) {
    this.#webcodecs = webcodecs;
    this.#shape = shape;
    this.#encoder = new webcodecs.VideoEncoder({
      output: (chunk) => {
        const data = new Uint8Array(chunk.byteLength);
        chunk.copyTo(data);
        this.#coded++;
        onFrame({ data, isKey: chunk.type === 'key' });
        this.#wake?.();
      },
      error: (error) => this.fail(error),
    });
    this.#encoder.configure({
      codec: CODEC,
      width: shape.width,
      height: shape.height,
      bitrate,
      framerate: shape.fps, // Also the distance between key frames: one a second, so that seeking is quick.
      latencyMode: 'quality',
      hardwareAcceleration: 'prefer-software',
      avc: { format: 'annexb' }, // This encoder gives no avcC record; mediabunny makes one from the first key frame.
      // Without this the stream says full range and GBR, and looks wrong everywhere (a frame's own tag is not enough).
      colorSpace: COLOUR,
    });
  }

  /** Takes a picture (copied before this returns) and waits until there is room for the next one. */
  async encode(picture: YuvPicture, asKey: boolean): Promise<void> {
    this.#throwFailure();
    const native = new this.#webcodecs.VideoFrame(picture.data as Uint8Array<ArrayBuffer>, {
      format: 'I420',
      codedWidth: picture.width,
      codedHeight: picture.height,
      timestamp: Math.round((this.#given * 1_000_000) / this.#shape.fps),
      colorSpace: COLOUR,
    });
    this.#given++;
    this.#encoder.encode(native, { keyFrame: asKey });
    native.close();
    // `encodeQueueSize` counts calls, not frames still in the encoder, so we count ourselves.
    while (this.#given - this.#coded > MOST_WAITING && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#throwFailure();
  }

  /** Waits for every frame to come out. Throws when one is missing. */
  async drain(): Promise<void> {
    this.#throwFailure();
    await this.#encoder.flush();
    // The last frames and the end of the flush come over two queues; give the frames a bounded number of turns.
    for (let turn = 0; turn < MOST_TURNS && this.#coded < this.#given; turn++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#throwFailure();
    if (this.#coded !== this.#given) throw new Error(`the encoder gave ${this.#coded} frames for ${this.#given}`);
  }

  /** Makes this and every later call reject. The first reason stays. */
  fail(cause: unknown): void {
    this.#failure ??= cause instanceof Error ? cause : new Error('the encoder failed', { cause });
    this.#wake?.();
  }

  /** Ends the encoder's thread, after the frame it is at. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.fail(new Error('the encoder was closed'));
    this.#encoder.close();
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) {
      throw new Error(`cannot encode: ${this.#failure.message}`, { cause: this.#failure });
    }
  }
}
