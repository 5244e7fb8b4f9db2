import { setTimeout as pause } from 'node:timers/promises';
import { type Container, makeClip } from '../clip.ts';
import { type Asked, type Door, FakeServer, jsonOf, type Reply } from '../fake-server.ts';
import { Moments } from '../moments.ts';

export interface FakeSdServerOptions {
  readonly door?: Door;
  /** How long one video takes. */
  readonly generateMs?: number;
  readonly formats?: readonly Container[];
  /** False: the loaded model takes no last frame. */
  readonly takesEndImage?: boolean;
  /** Jobs that may wait. */
  readonly queueSize?: number;
  /** How long a finished job is kept. */
  readonly keepMs?: number;
}

interface Job {
  readonly id: string;
  readonly created: number;
  readonly wish: VideoWish;
  status: 'queued' | 'generating' | 'completed' | 'failed' | 'cancelled';
  result?: { bytes: Uint8Array; format: Container; frames: number };
  error?: { code: string; message: string };
  endedAt?: number;
}

interface VideoWish {
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly width: number;
  readonly height: number;
  readonly seed: number;
  readonly video_frames: number;
  readonly fps: number;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  readonly format: Container;
  /** The request as it came. */
  readonly asked: Readonly<Record<string, unknown>>;
}

const TYPES: Readonly<Record<Container, string>> = { webm: 'video/webm', avi: 'video/x-msvideo', mp4: 'video/mp4' };

/** stable-diffusion.cpp's `sd-server`: jobs in memory, one at a time, no progress, no interrupt, results for a while. */
export class FakeSdServer {
  readonly http: FakeServer;
  readonly moments = new Moments<'accepted' | 'generating' | 'done'>();
  /** Ends each job with this error. */
  broken: { code: string; message: string } | undefined;
  /** Whether the model that is loaded now takes a last frame. */
  takesEndImage: boolean;
  /** Makes the clip of the first picture alone. */
  dropsLast = false;
  /** Told instead of a job's real status. */
  word: string | undefined;
  /** What was asked for, in order. */
  readonly wishes: VideoWish[] = [];
  readonly #options: Required<Omit<FakeSdServerOptions, 'door'>>;
  #jobs = new Map<string, Job>();
  #expired = new Set<string>();
  #count = 0;
  #life = 0;
  #busy = false;

  constructor(options: FakeSdServerOptions = {}) {
    const preset = { generateMs: 20, formats: ['webm', 'avi'], takesEndImage: true, queueSize: 64, keepMs: 600_000 };
    this.#options = { ...(preset as Required<Omit<FakeSdServerOptions, 'door'>>), ...options };
    this.takesEndImage = this.#options.takesEndImage;
    this.http = new FakeServer({ answer: (asked) => this.#answer(asked), door: options.door });
  }

  get url(): string {
    return this.http.url;
  }

  start(port?: number): Promise<void> {
    return this.http.listen(port);
  }

  /** All jobs were in memory. */
  async kill(): Promise<void> {
    this.#life += 1;
    this.#jobs = new Map();
    this.#expired = new Set();
    this.#busy = false;
    this.moments.releaseAll();
    await this.http.kill();
  }

  /** The time in which results are kept is over for all of them. */
  expireAll(): void {
    for (const { id, status } of this.#jobs.values()) if (status === 'completed') this.#expire(id);
  }

  #answer(asked: Asked): Reply | Promise<Reply> {
    const found = /^\/sdcpp\/v1\/jobs\/([^/]+)(\/cancel)?$/.exec(asked.path);
    switch (`${asked.method} ${found === null ? asked.path : `jobs${found[2] ?? ''}`}`) {
      case 'GET /sdcpp/v1/capabilities':
        return { body: this.#capabilities() };
      case 'POST /sdcpp/v1/vid_gen':
        return this.#submit(asked.body);
      case 'GET jobs':
        return this.#find(found?.[1] ?? '');
      case 'POST jobs/cancel':
        return this.#cancel(found?.[1] ?? '');
      default:
        return { status: 404, body: { error: 'not found' } };
    }
  }

  #capabilities(): object {
    const { formats, queueSize } = this.#options;
    return {
      model: { name: 'Wan2.2-I2V-A14B-LowNoise-Q8_0.gguf' },
      supported_modes: ['vid_gen'],
      features_by_mode: { vid_gen: { init_image: true, end_image: this.takesEndImage, lora: true, vae_tiling: true } },
      defaults_by_mode: { vid_gen: { width: 832, height: 480, video_frames: 33, fps: 16 } },
      output_formats_by_mode: { vid_gen: formats },
      limits: { max_queue_size: queueSize, max_width: 4096, max_height: 4096 },
      loras: [],
    };
  }

  async #submit(body: Buffer): Promise<Reply> {
    const asked = jsonOf(body) as Record<string, unknown> | undefined;
    if (asked === undefined) return { status: 400, body: { error: 'invalid json' } };
    const format = String(asked['output_format'] ?? 'webm') as Container;
    if (!this.#options.formats.includes(format)) {
      return { status: 400, body: { error: `output_format ${format} is not supported by this build` } };
    }
    const [first, last] = [pictureOf(asked['init_image']), pictureOf(asked['end_image'])];
    if (first === undefined) return { status: 400, body: { error: 'init_image is not a valid image' } };
    const waiting = [...this.#jobs.values()].filter(({ status }) => status === 'queued').length;
    if (waiting >= this.#options.queueSize) return { status: 429, body: { error: 'job queue is full' } };
    const number = (name: string, preset: number) => Number(asked[name] ?? preset);
    const upTo16 = (value: number) => Math.ceil(value / 16) * 16;
    const wish: VideoWish = {
      prompt: String(asked['prompt'] ?? ''),
      negative_prompt: String(asked['negative_prompt'] ?? ''),
      width: upTo16(number('width', 832)),
      height: upTo16(number('height', 480)),
      seed: number('seed', -1),
      // The largest 4n+1 that is not more than asked for.
      video_frames: Math.floor((number('video_frames', 33) - 1) / 4) * 4 + 1,
      fps: number('fps', 16),
      first,
      last: this.takesEndImage ? (last ?? first) : first,
      format,
      asked,
    };
    this.wishes.push(wish);
    this.#count += 1;
    const id = `job_${String(this.#count).padStart(16, '0')}`;
    const created = Math.floor(Date.now() / 1000);
    this.#jobs.set(id, { id, created, wish, status: 'queued' });
    void this.#work(this.#life);
    await this.moments.pass('accepted');
    const poll = `/sdcpp/v1/jobs/${id}`;
    return { status: 202, body: { id, kind: 'vid_gen', status: 'queued', created, poll_url: poll } };
  }

  #find(id: string): Reply {
    if (this.#expired.has(id)) return { status: 410, body: { error: 'job expired' } };
    const job = this.#jobs.get(id);
    if (job === undefined) return { status: 404, body: { error: 'job not found' } };
    if (Date.now() - (job.endedAt ?? Number.POSITIVE_INFINITY) > this.#options.keepMs) {
      this.#expire(id);
      return { status: 410, body: { error: 'job expired' } };
    }
    const waiting = [...this.#jobs.values()].filter(({ status }) => status === 'queued');
    const { status, created, result, error, wish } = job;
    return {
      body: {
        id,
        kind: 'vid_gen',
        status: this.word ?? status,
        created,
        ...(status === 'queued' ? { queue_position: waiting.indexOf(job) + 1 } : {}),
        ...(result === undefined || this.word !== undefined
          ? {}
          : {
              result: {
                b64_json: Buffer.from(result.bytes).toString('base64'),
                mime_type: TYPES[result.format],
                fps: wish.fps,
                frame_count: result.frames,
                output_format: result.format,
              },
            }),
        ...(error === undefined ? {} : { error }),
      },
    };
  }

  #cancel(id: string): Reply {
    const job = this.#jobs.get(id);
    if (job === undefined) return { status: 404, body: { error: 'job not found' } };
    if (job.status === 'generating')
      return { status: 409, body: { error: 'a generating job cannot be interrupted yet' } };
    if (job.status === 'queued') job.status = 'cancelled';
    return { body: { id, kind: 'vid_gen', status: job.status } };
  }

  async #work(life: number): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (;;) {
      const job = [...this.#jobs.values()].find(({ status }) => status === 'queued');
      if (job === undefined) break;
      job.status = 'generating';
      await this.#generate(job, life);
      if (life !== this.#life) return;
    }
    this.#busy = false;
  }

  async #generate(job: Job, life: number): Promise<void> {
    await this.moments.pass('generating');
    const { first, last, width, height, video_frames: frames, fps, format } = job.wish;
    await pause(this.#options.generateMs);
    if (life !== this.#life) return;
    if (this.broken !== undefined) {
      Object.assign(job, { status: 'failed', error: this.broken, endedAt: Date.now() });
      return;
    }
    const end = this.dropsLast ? first : last;
    const bytes = await makeClip({ first, last: end, width, height, frames, fps }, format);
    Object.assign(job, { status: 'completed', result: { bytes, format, frames }, endedAt: Date.now() });
    await this.moments.pass('done');
  }

  #expire(id: string): void {
    this.#jobs.delete(id);
    this.#expired.add(id);
  }
}

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

/** Raw base64 or a `data:` URL. */
function pictureOf(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text.replace(/^data:[^,]*,/, ''), 'base64');
  return bytes.subarray(0, 4).equals(PNG) ? bytes : undefined;
}

/** A fake sd-server that already listens. */
export async function startFakeSdServer(options?: FakeSdServerOptions): Promise<FakeSdServer> {
  const fake = new FakeSdServer(options);
  await fake.start();
  return fake;
}
