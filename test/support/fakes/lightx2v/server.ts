import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import sharp from 'sharp';
import { makeClip } from '../clip.ts';
import { type Asked, type Door, FakeServer, fileReply, formOf, jsonOf, type Reply } from '../fake-server.ts';
import { Moments } from '../moments.ts';
import type { NetworkFault } from '../network-fault.ts';

export interface FakeLightX2vOptions {
  readonly door?: Door;
  /** How long one video takes. */
  readonly generateMs?: number;
  /** The tier of the server's configuration; `tiny` keeps tests quick. */
  readonly resolution?: keyof typeof BUCKETS;
  readonly queueSize?: number;
  /** What the server was started with; another task takes no last frame. */
  readonly modelClass?: string;
}

/** The sides it snaps to, by the ratio of height to width. */
const BUCKETS = {
  '480p': { landscape: [832, 480], square: [480, 480], portrait: [480, 832] },
  '720p': { landscape: [1280, 720], square: [960, 960], portrait: [720, 1280] },
  tiny: { landscape: [208, 128], square: [128, 128], portrait: [128, 208] },
} as const;

type Word = 'pending' | 'processing' | 'completed' | 'failed' | 'cancelled';

interface Task {
  readonly id: string;
  readonly wish: TaskWish;
  readonly savePath: string;
  word: Word;
  startedAt: number | null;
  endedAt: number | null;
  error: string | null;
  errorType: string | null;
}

interface TaskWish {
  readonly prompt: string;
  readonly negative_prompt: string;
  readonly infer_steps: number;
  readonly seed: number;
  readonly target_video_length: number;
  readonly first: Uint8Array;
  readonly last: Uint8Array | undefined;
}

/** LightX2V's server, started for first-and-last-frame video, with the traps that its code has. */
export class FakeLightX2v {
  readonly http: FakeServer;
  readonly moments = new Moments<'accepted' | 'processing' | 'done'>();
  broken: { error: string; type: string } | undefined;
  dropsLast = false;
  /** Told instead of a task's real status. */
  word: string | undefined;
  readonly wishes: TaskWish[] = [];
  /** What is on its disk; outlives the process. */
  readonly outputs = new Map<string, Uint8Array>();
  readonly #options: Required<Omit<FakeLightX2vOptions, 'door'>>;
  #queueSize: number;
  #tasks = new Map<string, Task>();
  #life = 0;
  /** The task that has the GPU, whatever it is called meanwhile. */
  #current: string | null = null;
  #busy = false;

  constructor(options: FakeLightX2vOptions = {}) {
    const preset = { generateMs: 20, resolution: '480p' as const, queueSize: 10, modelClass: 'wan2.2_moe_distill' };
    this.#options = { ...preset, ...options };
    this.#queueSize = this.#options.queueSize;
    this.http = new FakeServer({ answer: (asked) => this.#answer(asked), door: options.door });
  }

  get url(): string {
    return this.http.url;
  }

  start(port?: number): Promise<void> {
    return this.http.listen(port);
  }

  async kill(): Promise<void> {
    this.#life += 1;
    this.#tasks = new Map();
    this.#busy = false;
    this.#current = null;
    this.moments.releaseAll();
    await this.http.kill();
  }

  /** Takes so many tasks from now on. */
  widen(queueSize: number): void {
    this.#queueSize = queueSize;
  }

  /** As somebody does it who has the address. */
  cancelAll(): void {
    for (const task of this.#tasks.values()) this.#stop(task);
  }

  /** A fault that lies in wait for downloads of results. */
  resultFault(fault: NetworkFault, times: number): void {
    for (const id of this.#tasks.keys()) this.http.faults.add(`GET /v1/tasks/${id}/result`, fault, times);
  }

  #answer(asked: Asked): Reply | Promise<Reply> {
    const { method, path } = asked;
    const found = /^\/v1\/tasks\/([^/]+)(?:\/(status|result))?$/.exec(path);
    const file = /^\/v1\/files\/download\/(.+)$/.exec(path);
    if (file !== null) {
      const bytes = this.outputs.get(file[1] ?? '');
      return bytes === undefined ? detail(404, 'File not found') : fileReply(bytes, 'video/mp4', asked.headers);
    }
    switch (`${method} ${path}`) {
      case 'POST /v1/tasks/video':
        return { status: 307, headers: { location: `${this.url}/v1/tasks/video/` } };
      case 'POST /v1/tasks/video/':
        return this.#submitJson(asked.body);
      case 'POST /v1/tasks/video/form':
        return this.#submitForm(asked);
      case 'GET /v1/tasks/queue/status':
        return { body: this.#queue() };
      case 'GET /v1/service/status':
        return { body: { service_status: 'idle', task_id: '' } };
      case 'GET /v1/service/metadata':
        return { body: { nproc_per_node: 1, model_cls: this.#options.modelClass, model_path: '/models/wan' } };
      case 'GET /health':
        return { body: { status: 'ok' } };
    }
    const task = this.#tasks.get(found?.[1] ?? '');
    if (found === null) return detail(404, 'Not Found');
    if (task === undefined) return detail(404, 'Task not found');
    if (method === 'DELETE' && found[2] === undefined) return { body: this.#stop(task) };
    if (method === 'GET' && found[2] === 'status') return { body: this.#show(task) };
    if (method === 'GET' && found[2] === 'result') {
      const bytes = this.outputs.get(`${task.savePath}.mp4`);
      if (task.word !== 'completed' || bytes === undefined) return detail(404, 'Task not completed');
      return fileReply(bytes, 'video/mp4', asked.headers);
    }
    return detail(405, 'Method Not Allowed');
  }

  #queue(): object {
    const of = (word: Word) => [...this.#tasks.values()].filter((task) => task.word === word);
    const pending = of('pending').length;
    const queueSize = this.#queueSize;
    return {
      is_processing: this.#current !== null,
      current_task: this.#current,
      pending_count: pending,
      active_count: pending + of('processing').length,
      queue_size: queueSize,
      queue_available: queueSize - pending - of('processing').length,
    };
  }

  #show({ id, word, startedAt, endedAt, error, errorType, savePath }: Task): object {
    return {
      task_id: id,
      status: this.word ?? word,
      start_time: startedAt,
      end_time: endedAt,
      error,
      error_type: errorType,
      save_result_path: savePath,
    };
  }

  /** Only a waiting task is really stopped; of a running one the mark is forgotten again when it ends. */
  #stop(task: Task): object {
    if (task.word === 'pending' || task.word === 'processing') {
      task.word = 'cancelled';
      return { stop_status: 'success', reason: 'Task stopped successfully.' };
    }
    return { stop_status: 'do_nothing', reason: 'Task not found or already finished.' };
  }

  async #submitJson(body: Buffer): Promise<Reply> {
    const asked = jsonOf(body) as Record<string, unknown> | undefined;
    if (asked === undefined) return detail(422, 'JSON decode error');
    const first = decode(asked['image_path']) ?? (await readLocal(asked['image_path']));
    if (first === undefined) return detail(400, 'image_path cannot be read');
    // Only the first picture may be a URL or base64 here; the other one is opened as a file of this machine.
    const last = await readLocal(asked['last_frame_path']);
    return this.#enqueue(String(asked['task_id'] ?? randomUUID()), asked, first, last);
  }

  async #submitForm(asked: Asked): Promise<Reply> {
    const form = await formOf(asked);
    const [first, last] = await Promise.all([fileIn(form, 'image_file'), fileIn(form, 'last_frame_file')]);
    if (form === undefined || first === undefined) return detail(422, 'image_file: Field required');
    const fields = Object.fromEntries([...form].filter(([, value]) => typeof value === 'string'));
    return this.#enqueue(randomUUID(), fields, first, last);
  }

  #enqueue(
    id: string,
    asked: Readonly<Record<string, unknown>>,
    first: Uint8Array,
    last: Uint8Array | undefined,
  ): Reply | Promise<Reply> {
    if (this.#tasks.has(id)) return detail(503, `Task ID ${id} already exists`);
    const active = [...this.#tasks.values()].filter(({ word }) => word === 'pending' || word === 'processing').length;
    const queueSize = this.#queueSize;
    if (active >= queueSize) return detail(503, `Task queue is full (max ${queueSize} tasks)`);
    const text = (name: string, preset: string) => String(asked[name] ?? preset);
    const wish: TaskWish = {
      prompt: text('prompt', ''),
      // The form's own presets win over the server's configuration.
      negative_prompt: text('negative_prompt', ''),
      infer_steps: Number(text('infer_steps', '5')),
      seed: Number(text('seed', '42')),
      target_video_length: Number(text('target_video_length', '81')),
      first,
      last,
    };
    this.wishes.push(wish);
    const savePath = text('save_result_path', '') === '' ? id : text('save_result_path', '');
    const fresh = { word: 'pending' as const, startedAt: null, endedAt: null, error: null, errorType: null };
    this.#tasks.set(id, { id, wish, savePath, ...fresh });
    void this.#work(this.#life);
    const answer = { body: { task_id: id, task_status: 'pending', save_result_path: savePath } };
    return this.moments.pass('accepted').then(() => answer);
  }

  async #work(life: number): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    for (;;) {
      const task = [...this.#tasks.values()].find(({ word }) => word === 'pending');
      if (task === undefined) break;
      task.word = 'processing';
      task.startedAt = Date.now() / 1000;
      this.#current = task.id;
      try {
        await this.#process(task, life);
      } catch (error) {
        Object.assign(task, { word: 'failed', error: String(error), errorType: 'UnidentifiedImageError' });
      }
      if (life !== this.#life) return;
      this.#current = null;
    }
    this.#busy = false;
  }

  async #process(task: Task, life: number): Promise<void> {
    await this.moments.pass('processing');
    await pause(this.#options.generateMs);
    if (life !== this.#life) return;
    const { first, last, target_video_length: frames } = task.wish;
    const failure =
      this.broken ??
      (last === undefined ? { error: "[Errno 2] No such file: 'last'", type: 'FileNotFoundError' } : undefined);
    task.endedAt = Date.now() / 1000;
    if (failure !== undefined) {
      Object.assign(task, { word: 'failed', error: failure.error, errorType: failure.type });
      return;
    }
    const [width, height] = await this.#bucketOf(first);
    const end = this.dropsLast ? first : (last ?? first);
    this.outputs.set(`${task.savePath}.mp4`, await makeClip({ first, last: end, width, height, frames, fps: 16 }));
    // Whatever was marked meanwhile: nobody looks before this is written.
    task.word = 'completed';
    await this.moments.pass('done');
  }

  async #bucketOf(picture: Uint8Array): Promise<readonly [width: number, height: number]> {
    const { width = 1, height = 1 } = await sharp(picture).metadata();
    const buckets = Object.values(BUCKETS[this.#options.resolution]);
    const distance = ([w, h]: readonly [number, number]) => Math.abs(Math.log(h / w) - Math.log(height / width));
    return buckets.toSorted((a, b) => distance(a) - distance(b))[0] ?? [480, 480];
  }
}

function detail(status: number, text: string): Reply {
  return { status, body: { detail: text } };
}

async function fileIn(form: FormData | undefined, name: string): Promise<Uint8Array | undefined> {
  const file = form?.get(name);
  return file instanceof File ? new Uint8Array(await file.arrayBuffer()) : undefined;
}

function decode(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string' || text === '' || text.startsWith('/')) return undefined;
  return Buffer.from(text.replace(/^data:[^,]*,/, ''), 'base64');
}

async function readLocal(path: unknown): Promise<Uint8Array | undefined> {
  return typeof path === 'string' ? readFile(path).catch(() => undefined) : undefined;
}

/** A fake LightX2V that already listens. */
export async function startFakeLightX2v(options?: FakeLightX2vOptions): Promise<FakeLightX2v> {
  const fake = new FakeLightX2v(options);
  await fake.start();
  return fake;
}
