import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { makeClip } from '../clip.ts';
import { type Asked, FakeServer, fileReply, jsonOf, type Reply } from '../fake-server.ts';
import { Moments } from '../moments.ts';

export interface FakeGatewayOptions {
  readonly key?: string;
  readonly runMs?: number;
  readonly width?: number;
  readonly height?: number;
  readonly frames?: number;
  /** Its words for queued, working, done and failed. */
  readonly words?: readonly [queued: string, working: string, done: string, failed: string];
  /** Where it looks for the last frame in the body; anything else it does not see. */
  readonly lastAt?: readonly (string | number)[];
  readonly firstAt?: readonly (string | number)[];
  /** Answers creates with the same key with the same video. */
  readonly honoursKeys?: boolean;
  /** Has no content route; the address stands in the object only. */
  readonly urlOnly?: boolean;
}

interface Job {
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
  state: 'queued' | 'working' | 'done' | 'failed';
  file: Uint8Array | undefined;
}

/** A gateway of the `/v1/videos` family: new-api with its many words and shapes. */
export class FakeGateway {
  readonly http: FakeServer;
  readonly moments = new Moments<'created' | 'working' | 'done'>();
  readonly bodies: Readonly<Record<string, unknown>>[] = [];
  /** Idempotency keys of the creates that arrived. */
  readonly keys: (string | undefined)[] = [];
  refuses: { readonly status: number; readonly body: object; times: number } | undefined;
  failsWith: object | undefined;
  word: string | undefined;
  /** Told instead of the real address of a result. */
  namedUrl: string | undefined;
  /** Redirects the content route there. */
  redirect: string | undefined;
  /** Forgets everything, as a restart does. */
  forgets = false;
  /** Results are kept no longer. */
  gone = false;
  /** Answers the state of a failed video with status 500. */
  failsLoudly = false;
  readonly #options: Required<FakeGatewayOptions>;
  readonly #jobs = new Map<string, Job>();
  readonly #byKey = new Map<string, Job>();

  constructor(options: FakeGatewayOptions = {}) {
    this.#options = {
      key: 'sk-gateway',
      runMs: 20,
      width: 160,
      height: 96,
      frames: 20,
      words: ['queued', 'in_progress', 'completed', 'failed'],
      firstAt: ['images', 0],
      lastAt: ['images', 1],
      honoursKeys: false,
      urlOnly: false,
      ...options,
    };
    this.http = new FakeServer({ answer: (asked) => this.#answer(asked) });
  }

  get url(): string {
    return this.http.url;
  }

  get accepted(): number {
    return this.#jobs.size;
  }

  start(port?: number): Promise<void> {
    return this.http.listen(port);
  }

  async kill(): Promise<void> {
    this.moments.releaseAll();
    await this.http.kill();
  }

  #answer(asked: Asked): Reply | Promise<Reply> {
    const { method, path, headers } = asked;
    const file = /^\/files\/(.+)\.mp4$/.exec(path);
    if (file !== null) return this.#file(file[1] ?? '', headers);
    // As the real family answers it.
    if (headers.authorization !== `Bearer ${this.#options.key}`) {
      const error = { code: 'token_invalid', message: 'Invalid token (request id: 1)', type: 'api_error' };
      return { status: 500, body: { error } };
    }
    if (method === 'GET' && path === '/v1/models')
      return { body: { object: 'list', data: [{ id: 'wan2.2-kf2v-flash' }, { id: 'wan2.1-kf2v-plus' }] } };
    if (method === 'POST' && path === '/v1/videos') return this.#create(asked);
    const [, id = '', part] = /^\/v1\/videos\/([^/]+)(?:\/(content|cancel))?$/.exec(path) ?? [];
    const job = this.forgets ? undefined : this.#jobs.get(id);
    if (job === undefined)
      return { status: 400, body: { code: 'task_not_exist', message: 'task_not_exist', data: null } };
    if (part === 'content') return this.#content(job, headers);
    if (part !== undefined)
      return { status: 404, body: { error: { message: 'no such route', type: 'x', code: null } } };
    const loud = this.failsLoudly && job.state === 'failed';
    return { status: loud ? 500 : 200, body: this.#show(job) };
  }

  async #create({ body, headers }: Asked): Promise<Reply> {
    const key = headers['idempotency-key'];
    this.keys.push(typeof key === 'string' ? key : undefined);
    if (this.refuses !== undefined && this.refuses.times > 0) {
      this.refuses.times -= 1;
      return { status: this.refuses.status, body: this.refuses.body };
    }
    const known = this.#options.honoursKeys && typeof key === 'string' ? this.#byKey.get(key) : undefined;
    if (known !== undefined) return { headers: { 'idempotency-replayed': 'true' }, body: this.#show(known) };
    const asked = jsonOf(body) as Record<string, unknown> | undefined;
    const first = pictureAt(asked, this.#options.firstAt);
    if (asked === undefined || first === undefined)
      return { status: 400, body: { code: 'invalid_request', message: 'image is required', data: null } };
    const job: Job = { id: `task_${randomUUID().replaceAll('-', '')}`, body: asked, state: 'queued', file: undefined };
    this.#jobs.set(job.id, job);
    if (typeof key === 'string') this.#byKey.set(key, job);
    this.bodies.push(asked);
    // A gateway that finds no last frame where it looks makes a video all the same.
    void this.#run(job, first, pictureAt(asked, this.#options.lastAt) ?? first);
    await this.moments.pass('created');
    return { body: this.#show(job) };
  }

  async #run(job: Job, first: Uint8Array, last: Uint8Array): Promise<void> {
    await pause(5);
    job.state = 'working';
    await this.moments.pass('working');
    await pause(this.#options.runMs);
    const { width, height, frames } = this.#options;
    if (this.failsWith === undefined) job.file = await makeClip({ first, last, width, height, frames, fps: 16 });
    await this.moments.pass('done');
    job.state = this.failsWith === undefined ? 'done' : 'failed';
  }

  #show(job: Job): object {
    const [queued, working, done, failed] = this.#options.words;
    const word = { queued, working, done, failed }[job.state];
    const progress = { queued: 0, working: 40, done: 100, failed: 40 }[job.state];
    const url = this.namedUrl ?? `${this.url}/files/${job.id}.mp4`;
    return {
      id: job.id,
      task_id: job.id,
      object: 'video',
      model: job.body['model'],
      status: this.word ?? word,
      progress,
      created_at: 1_798_675_200,
      ...(job.state === 'failed' ? { error: this.failsWith } : {}),
      ...(job.state === 'done' ? { metadata: { url }, usage: { credits: 3 } } : {}),
    };
  }

  #content(job: Job, asked: Asked['headers']): Reply {
    if (this.gone) return { status: 410, body: { error: { message: 'expired', type: 'x', code: 'expired' } } };
    if (this.#options.urlOnly) return { status: 404, body: { error: { message: 'no such route' } } };
    if (this.redirect !== undefined) return { status: 302, headers: { location: this.redirect } };
    if (job.state !== 'done' || job.file === undefined)
      return { status: 400, body: { error: { message: 'Task is not completed yet', type: 'invalid_request_error' } } };
    return fileReply(job.file, 'video/mp4', asked);
  }

  #file(id: string, asked: Asked['headers']): Reply {
    const file = this.gone ? undefined : this.#jobs.get(id)?.file;
    return file === undefined ? { status: 404 } : fileReply(file, 'video/mp4', asked);
  }
}

export async function startFakeGateway(options?: FakeGatewayOptions): Promise<FakeGateway> {
  const fake = new FakeGateway(options);
  await fake.start();
  return fake;
}

function pictureAt(body: unknown, path: readonly (string | number)[]): Uint8Array | undefined {
  let at: unknown = body;
  for (const step of path)
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined;
  if (typeof at !== 'string') return undefined;
  return Buffer.from(at.replace(/^data:image\/png;base64,/, ''), 'base64');
}
