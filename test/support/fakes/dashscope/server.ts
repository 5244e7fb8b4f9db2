import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import sharp from 'sharp';
import { makeClip } from '../clip.ts';
import { type Asked, FakeServer, fileReply, formOf, jsonOf, type Reply } from '../fake-server.ts';
import { Moments } from '../moments.ts';

export interface FakeDashscopeOptions {
  readonly key?: string;
  readonly region?: 'cn' | 'intl';
  /** How long a task waits, and how long it runs. */
  readonly queueMs?: number;
  readonly runMs?: number;
  /** Pixels of the results' longer side; small keeps tests quick. */
  readonly side?: number;
  readonly frames?: number;
  /** Tasks that run at once; more wait. */
  readonly concurrency?: number;
}

type Word = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED' | 'UNKNOWN';

export interface Task {
  readonly id: string;
  readonly wish: TaskWish;
  readonly submittedAt: number;
  word: Word;
  endedAt: number | null;
  error: { readonly code: string; readonly message: string } | null;
}

export interface TaskWish {
  readonly path: string;
  readonly model: string;
  readonly prompt: string | null;
  readonly negativePrompt: string | null;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
}

const KEY_FRAMES = '/api/v1/services/aigc/image2video/video-synthesis';
const MEDIA = '/api/v1/services/aigc/video-generation/video-synthesis';
const MODELS = {
  cn: ['wan2.2-kf2v-flash', 'wanx2.1-kf2v-plus', 'wan2.7-i2v'],
  intl: ['wan2.2-kf2v-flash', 'wan2.1-kf2v-plus', 'wan2.7-i2v'],
} as const;

/** DashScope's video tasks: create, query, list, cancel, the temporary upload, and results behind signed addresses. */
export class FakeDashscope {
  readonly http: FakeServer;
  readonly moments = new Moments<'created' | 'running' | 'done'>();
  /** What creates are refused with. */
  refuses: { readonly status: number; readonly code: string; readonly message: string; times: number } | undefined;
  /** What tasks fail with. */
  fails: { readonly code: string; readonly message: string } | undefined;
  /** Told instead of a task's real status. */
  word: string | undefined;
  /** Ends every video with the first frame. */
  dropsLast = false;
  /** Prompts that it is to rewrite fail: at once, or as tasks. */
  rewriteFails: 'create' | 'task' | undefined;
  /** Signed addresses that are over, as after 24 hours. */
  expired = false;
  /** Where results are; another origin than the API's, as the real ones are. */
  resultOrigin: string | undefined;
  readonly wishes: TaskWish[] = [];
  readonly uploads = new Map<string, Uint8Array>();
  readonly #options: Required<Omit<FakeDashscopeOptions, never>>;
  readonly #results = new Map<string, Uint8Array>();
  readonly #tasks = new Map<string, Task>();
  #running = 0;

  constructor(options: FakeDashscopeOptions = {}) {
    const preset = {
      key: 'sk-fake',
      region: 'cn',
      queueMs: 5,
      runMs: 20,
      side: 320,
      frames: 20,
      concurrency: 2,
    } as const;
    this.#options = { ...preset, ...options };
    this.http = new FakeServer({ answer: (asked) => this.#answer(asked) });
  }

  get url(): string {
    return this.http.url;
  }

  /** Whatever was ever accepted, in order. */
  get tasks(): readonly Readonly<Task>[] {
    return [...this.#tasks.values()];
  }

  /** Tasks that were accepted, as the account is billed for them when they succeed. */
  get billed(): number {
    return [...this.#tasks.values()].filter(({ word }) => word === 'SUCCEEDED').length;
  }

  start(port?: number): Promise<void> {
    return this.http.listen(port);
  }

  /** Their machines come and go; tasks and results stay. */
  async kill(): Promise<void> {
    this.moments.releaseAll();
    await this.http.kill();
  }

  #answer(asked: Asked): Reply | Promise<Reply> {
    const { method, path, headers } = asked;
    const result = /^\/results\/(.+)\.mp4$/.exec(path);
    if (result !== null) return this.#result(result[1] ?? '', asked);
    if (method === 'POST' && path === '/oss') return this.#store(asked);
    if (headers.authorization !== `Bearer ${this.#options.key}`)
      return problem(401, 'InvalidApiKey', 'Invalid API-key provided.');
    if (method === 'POST' && (path === KEY_FRAMES || path === MEDIA)) return this.#create(asked);
    if (method === 'GET' && path === '/api/v1/uploads') return this.#policy(asked);
    if (method === 'GET' && /^\/api\/v1\/tasks\/?$/.test(path)) return this.#list();
    const task = /^\/api\/v1\/tasks\/([^/]+?)(\/cancel)?$/.exec(path);
    if (task !== null && method === 'GET') return { body: this.#show(task[1] ?? '') };
    if (task !== null && method === 'POST' && task[2] !== undefined) return this.#cancel(task[1] ?? '');
    return problem(404, 'NotFound', `${method} ${path}`);
  }

  async #create(asked: Asked): Promise<Reply> {
    if (asked.headers['x-dashscope-async'] !== 'enable')
      return problem(403, 'AccessDenied', 'current user api does not support synchronous calls');
    if (this.refuses !== undefined && this.refuses.times > 0) {
      this.refuses.times -= 1;
      return problem(this.refuses.status, this.refuses.code, this.refuses.message);
    }
    const wish = await this.#readWish(asked);
    if ('status' in wish) return wish;
    const rewrites = wish.parameters['prompt_extend'] !== false;
    if (this.rewriteFails === 'create' && rewrites) return problem(500, REWRITE.code, REWRITE.message);
    const id = randomUUID();
    const task: Task = { id, wish, submittedAt: Date.now(), word: 'PENDING', endedAt: null, error: null };
    this.#tasks.set(id, task);
    this.wishes.push(wish);
    void this.#run(task);
    await this.moments.pass('created');
    return { body: { output: { task_status: 'PENDING', task_id: id }, request_id: randomUUID() } };
  }

  async #readWish({ path, body, headers }: Asked): Promise<TaskWish | (Reply & { status: number })> {
    const asked = jsonOf(body) as Record<string, Record<string, unknown> & { media?: unknown }> | undefined;
    const model = String(asked?.['model'] ?? '');
    if (!(MODELS[this.#options.region] as readonly string[]).includes(model))
      return problem(404, 'ModelNotFound', `Model not exist: ${model}`);
    const input = asked?.['input'] ?? {};
    const media = (Array.isArray(input.media) ? input.media : []) as { type: string; url: string }[];
    const isMedia = path === MEDIA;
    if (isMedia === model.includes('kf2v')) return problem(400, 'InvalidParameter', 'url error, please check url！');
    const named = (type: string) => media.find((item) => item.type === type)?.url;
    const urls = isMedia
      ? [named('first_frame'), named('last_frame')]
      : [input['first_frame_url'], input['last_frame_url']];
    const frames: Uint8Array[] = [];
    for (const url of urls) {
      const bytes = this.#read(String(url ?? ''), headers['x-dashscope-ossresourceresolve'] === 'enable');
      if (bytes === undefined) return problem(400, 'InvalidParameter.DataInspection', 'Unable to download the media');
      const facts = await sharp(bytes)
        .metadata()
        .catch(() => undefined);
      if (facts === undefined) return problem(400, 'InvalidImage.FileFormat', 'The image format is not supported');
      if (facts.hasAlpha) return problem(400, 'InvalidImageFormat', 'PNG with alpha is not supported');
      const sides = [facts.width, facts.height];
      const [min, max] = isMedia ? [240, 8000] : [360, 2000];
      if (sides.some((side) => side < min || side > max))
        return problem(400, 'InvalidImageResolution', `The size is not match: ${sides.join('x')}`);
      frames.push(bytes);
    }
    const [first, last] = frames;
    if (first === undefined || last === undefined) return problem(400, 'BadRequest.EmptyInput', 'no frames');
    return {
      path,
      model,
      prompt: (input['prompt'] as string | undefined) ?? null,
      negativePrompt: (input['negative_prompt'] as string | undefined) ?? null,
      parameters: asked?.['parameters'] ?? {},
      first,
      last,
    };
  }

  #read(url: string, resolvesOss: boolean): Uint8Array | undefined {
    const inline = /^data:image\/(?:png|jpeg|webp|bmp);base64,(.+)$/s.exec(url);
    if (inline !== null) return Buffer.from(inline[1] ?? '', 'base64');
    if (url.startsWith('oss://') && resolvesOss) return this.uploads.get(url.slice('oss://'.length));
    return undefined;
  }

  async #run(task: Task): Promise<void> {
    const { queueMs, runMs, concurrency } = this.#options;
    await pause(queueMs);
    while (this.#running >= concurrency) await pause(5);
    if (task.word !== 'PENDING') return;
    this.#running += 1;
    task.word = 'RUNNING';
    await this.moments.pass('running');
    await pause(runMs);
    this.#running -= 1;
    task.endedAt = Date.now();
    const rewrites = task.wish.parameters['prompt_extend'] !== false;
    const fails = this.rewriteFails === 'task' && rewrites ? REWRITE : this.fails;
    if (fails !== undefined) {
      task.error = fails;
      task.word = 'FAILED';
      return;
    }
    const { first, last } = task.wish;
    const { width = 16, height = 16 } = await sharp(first).metadata();
    const scale = Math.min(1, this.#options.side / Math.max(width, height));
    const even = (side: number) => Math.max(32, Math.round((side * scale) / 16) * 16);
    const shape = { width: even(width), height: even(height), frames: this.#options.frames, fps: 30 };
    this.#results.set(task.id, await makeClip({ first, last: this.dropsLast ? first : last, ...shape }));
    await this.moments.pass('done');
    task.word = 'SUCCEEDED';
  }

  #show(id: string): object {
    const task = this.#tasks.get(id);
    const request = { request_id: randomUUID() };
    if (task === undefined) return { ...request, output: { task_id: id, task_status: 'UNKNOWN' } };
    const { word, submittedAt, endedAt, error, wish } = task;
    const times = { submit_time: stamp(submittedAt), ...(endedAt === null ? {} : { end_time: stamp(endedAt) }) };
    const output = { task_id: id, task_status: this.word ?? word, ...times };
    if (output.task_status === 'FAILED') return { ...request, output: { ...output, ...error } };
    if (output.task_status !== 'SUCCEEDED') return { ...request, output };
    const extended = wish.parameters['prompt_extend'] !== false;
    const base = this.resultOrigin ?? this.url;
    return {
      ...request,
      output: {
        ...output,
        video_url: `${base}/results/${id}.mp4?Expires=${Math.floor(Date.now() / 1000) + 86_400}&Signature=abc`,
        orig_prompt: wish.prompt,
        ...(extended ? { actual_prompt: `${wish.prompt}，镜头缓缓上移` } : {}),
      },
      usage: { video_duration: 5, video_count: 1, SR: Number(String(wish.parameters['resolution']).replace('P', '')) },
    };
  }

  #list(): Reply {
    const data = [...this.#tasks.values()].map(({ id, word }) => ({ task_id: id, status: word }));
    return {
      body: { total: data.length, data: data.slice(0, 10), page_no: 1, page_size: 10, request_id: randomUUID() },
    };
  }

  #cancel(id: string): Reply {
    const task = this.#tasks.get(id);
    if (task?.word !== 'PENDING')
      return problem(
        400,
        'UnsupportedOperation',
        'Failed to cancel the task, please confirm if the task is in PENDING status.',
      );
    task.word = 'CANCELED';
    task.endedAt = Date.now();
    return { body: { request_id: randomUUID() } };
  }

  #result(id: string, { headers }: Asked): Reply {
    // A signed address wants no key, and a key must not be sent to it.
    if (headers.authorization !== undefined) return { status: 400, body: '<Error>InvalidArgument</Error>' };
    const bytes = this.#results.get(id);
    if (this.expired || bytes === undefined) return { status: 403, body: '<Error><Code>AccessDenied</Code></Error>' };
    return fileReply(bytes, 'video/mp4', headers);
  }

  #policy({ query }: Asked): Reply {
    if (query.get('action') !== 'getPolicy' || this.#options.region === 'intl')
      return problem(400, 'InvalidParameter', 'action');
    const data = {
      policy: 'eyJ',
      signature: 'sig',
      upload_dir: `dashscope-instant/${query.get('model')}/2026-11-26/${randomUUID()}`,
      upload_host: `${this.url}/oss`,
      expire_in_seconds: 300,
      max_file_size_mb: 100,
      capacity_limit_mb: 999_999,
      oss_access_key_id: 'LTAI',
      x_oss_object_acl: 'private',
      x_oss_forbid_overwrite: 'true',
    };
    return { body: { data, request_id: randomUUID() } };
  }

  async #store(asked: Asked): Promise<Reply> {
    const form = await formOf(asked);
    const file = form?.get('file');
    if (asked.headers.authorization !== undefined || form === undefined || !(file instanceof Blob))
      return { status: 403 };
    this.uploads.set(String(form.get('key')), new Uint8Array(await file.arrayBuffer()));
    return { status: 200 };
  }
}

export async function startFakeDashscope(options?: FakeDashscopeOptions): Promise<FakeDashscope> {
  const fake = new FakeDashscope(options);
  await fake.start();
  return fake;
}

const REWRITE = { code: 'RewriteFailed', message: 'Rewriting the prompt failed.' };

function problem(status: number, code: string, message: string): Reply & { status: number } {
  return { status, body: { code, message, request_id: randomUUID() } };
}

/** Local time of Beijing, as the real ones. */
function stamp(at: number): string {
  return new Date(at + 8 * 3_600_000).toISOString().replace('T', ' ').replace('Z', '');
}
