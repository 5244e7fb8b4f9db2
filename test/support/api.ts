import { createHash } from 'node:crypto';
import { until } from './until.ts';

/** The words of the seed. */
export const STATUSES = ['pending', 'queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];

/** A video as it is answered; only what tests look at is named. */
export interface ShownVideo {
  readonly id: string;
  readonly status: Status;
  readonly progress: number;
  readonly width: number | null;
  readonly height: number | null;
  readonly seed: number;
  readonly url: string | null;
  readonly completed_at: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly metadata: {
    readonly phase: string | null;
    readonly warnings: readonly { readonly code: string; readonly message: string }[];
    readonly [name: string]: unknown;
  };
  readonly [name: string]: unknown;
}

/** An answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
  text(): string;
  json<T = Readonly<Record<string, unknown>>>(): T;
}

export interface CallWish {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData;
  /** Another key, or none at all. */
  readonly key?: string | null;
}

/** The API over plain `fetch`: no client of ours stands between the test and the wire. */
export interface Api {
  readonly url: string;
  readonly key: string;
  call(path: string, wish?: CallWish): Promise<Answer>;
  /** `POST /v1/videos` as JSON, whatever comes back. */
  post(body: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** The same, which must be accepted. */
  create(body: unknown, headers?: Readonly<Record<string, string>>): Promise<ShownVideo>;
  find(id: string): Promise<ShownVideo>;
  list(): Promise<readonly ShownVideo[]>;
  content(id: string, variant?: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  cancel(id: string): Promise<Answer>;
  /** Polls until the video is as wished; a video that ended otherwise is a failure at once. */
  wait(id: string, wish: (video: ShownVideo) => boolean, limitMs?: number, everyMs?: number): Promise<ShownVideo>;
  succeeded(id: string, limitMs?: number): Promise<ShownVideo>;
  /** Both frames are prepared. */
  prepared(id: string, limitMs?: number): Promise<ShownVideo>;
}

export const MODEL = 'wan2.2-kf2v-flash';
export const OTHER_MODEL = 'wan2.1-kf2v-plus';

/** Whether nothing can happen to it any more. */
export function isFinal(status: Status): boolean {
  return STATUSES.indexOf(status) >= STATUSES.indexOf('succeeded');
}

export function createApi(url: string, key: string): Api {
  async function call(path: string, wish: CallWish = {}): Promise<Answer> {
    const { method = 'GET', headers = {}, body, key: otherKey = key } = wish;
    const response = await fetch(new URL(path, url), {
      method,
      headers: { ...(otherKey === null ? {} : { authorization: `Bearer ${otherKey}` }), ...headers },
      redirect: 'manual',
      ...(body === undefined ? {} : { body }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    return {
      status: response.status,
      headers: response.headers,
      bytes,
      text: () => bytes.toString('utf8'),
      json: <T>() => JSON.parse(bytes.toString('utf8')) as T,
    };
  }

  const post: Api['post'] = (body, headers = {}) =>
    call('/v1/videos', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  const find: Api['find'] = async (id) => must(await call(`/v1/videos/${id}`)).json<ShownVideo>();

  const wait: Api['wait'] = (id, wish, limitMs = 60_000, everyMs = 50) => {
    let last: ShownVideo | undefined;
    return until(
      `video ${id}`,
      async () => {
        const video = await find(id);
        last = video;
        if (wish(video)) return video;
        if (isFinal(video.status)) throw new Error(`unexpected end: ${JSON.stringify(video)}`);
        return undefined;
      },
      { limitMs, everyMs },
      () => `Last seen: ${JSON.stringify(last)}`,
    );
  };

  return {
    url,
    key,
    call,
    post,
    find,
    wait,
    create: async (body, headers) => must(await post(body, headers)).json<ShownVideo>(),
    list: async () => must(await call('/v1/videos?limit=100')).json<{ data: ShownVideo[] }>().data,
    content: (id, variant, headers = {}) =>
      call(`/v1/videos/${id}/content${variant === undefined ? '' : `?variant=${variant}`}`, { headers }),
    cancel: (id) => call(`/v1/videos/${id}/cancel`, { method: 'POST' }),
    succeeded: (id, limitMs) => wait(id, ({ status }) => status === 'succeeded', limitMs, 100),
    prepared: (id, limitMs) => wait(id, ({ status }) => status !== 'pending' && !isLost(status), limitMs),
  };
}

/** An answer that must be a 200. */
export function must(answer: Answer): Answer {
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text().slice(0, 2000)}`);
  return answer;
}

/** A file as its ETag promises it, and nothing less. */
export function wholeFile(answer: Answer): Buffer {
  const { bytes, headers } = must(answer);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (headers.get('etag') !== `"${sha256}"` || headers.get('content-length') !== String(bytes.length)) {
    throw new Error(`the file is not whole: ${sha256}, ${bytes.length} bytes, ${JSON.stringify([...headers])}`);
  }
  return bytes;
}

function isLost(status: Status): boolean {
  return status === 'failed' || status === 'cancelled';
}
