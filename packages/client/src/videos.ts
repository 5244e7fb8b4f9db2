import { errorFrom, InbetweenError } from './error.ts';
import { follow } from './follow.ts';
import { type CreateVideo, encode } from './images.ts';
import { queryOf, read } from './read.ts';
import { type CallOptions, lookAgainMs, type Transport } from './transport.ts';
import type { ContentVariant, DeletedVideo, ListObject, VideoObject, VideoQuote, VideoStatus } from './wire.ts';

export type { CreateVideo } from './images.ts';

/** Filters and order of a list. */
export interface ListVideos {
  /** Per page, 1 to 100. */
  readonly limit?: number;
  readonly after?: string;
  readonly order?: 'asc' | 'desc';
  readonly status?: VideoStatus;
  readonly model?: string;
  /** `<key>:<value>` */
  readonly tag?: string;
}

export interface WaitOptions extends CallOptions {
  /** Called with each answer that differs from the one before. */
  readonly onUpdate?: (video: VideoObject) => void;
  /** Gives up after this long, with code `timeout`; absent: as long as it takes. */
  readonly timeoutMs?: number;
  /** `events` (default): the server tells what happens, and polling is the way out; `poll`: looks again and again. */
  readonly by?: 'events' | 'poll';
  /** Time between two looks; absent: what the server asks for. */
  readonly intervalMs?: number;
}

/** What can be done with videos. */
export interface VideosClient {
  /**
   * One call is one video, however many requests it takes: an Idempotency-Key goes with it. Give your own key to make
   * the call repeatable over restarts of your program too.
   */
  create(ask: CreateVideo, options?: CallOptions & { readonly idempotencyKey?: string }): Promise<VideoObject>;
  /** What a create would make and cost; checked to the pixels, and nothing is made or kept. */
  quote(ask: CreateVideo, options?: CallOptions & { readonly idempotencyKey?: string }): Promise<VideoQuote>;
  retrieve(id: string, options?: CallOptions): Promise<VideoObject>;
  /** All videos that match, page by page as they are asked for. */
  list(query?: ListVideos, options?: CallOptions): AsyncIterable<VideoObject>;
  /** One page. */
  page(query?: ListVideos, options?: CallOptions): Promise<ListObject<VideoObject>>;
  cancel(id: string, options?: CallOptions): Promise<VideoObject>;
  delete(id: string, options?: CallOptions): Promise<DeletedVideo>;
  /** A file; read it as a stream (`.body`) or whole (`.blob()`). */
  content(
    id: string,
    options?: CallOptions & { readonly variant?: ContentVariant; readonly range?: string },
  ): Promise<Response>;
  /** A file, whole and in memory. Read a large one as a stream: `content`. */
  download(id: string, options?: CallOptions & { readonly variant?: ContentVariant }): Promise<Uint8Array>;
  /** Resolves with the final object, whether it succeeded, failed or was cancelled. */
  wait(id: string, options?: WaitOptions): Promise<VideoObject>;
}

const LOOK_AGAIN_MS = 2_000;

const FINAL = {
  pending: false,
  queued: false,
  running: false,
  succeeded: true,
  failed: true,
  cancelled: true,
} as const satisfies Record<VideoStatus, boolean>;

export function videosClient(
  send: Transport,
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>,
): VideosClient {
  const client: VideosClient = {
    async create(ask, { signal, idempotencyKey = randomKey() } = {}) {
      const headers = { 'idempotency-key': idempotencyKey };
      return read(await send({ method: 'POST', path: '/v1/videos', headers, body: encode(ask), signal }));
    },
    async quote(ask, { signal, idempotencyKey } = {}) {
      const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey };
      return read(await send({ method: 'POST', path: '/v1/videos?dry_run=true', headers, body: encode(ask), signal }));
    },
    async retrieve(id, { signal } = {}) {
      return read(await send({ method: 'GET', path: pathOf(id), signal }));
    },
    async *list(query = {}, options = {}) {
      let next: ListVideos | undefined = query;
      while (next !== undefined) {
        const page: ListObject<VideoObject> = await client.page(next, options);
        yield* page.data;
        next = page.has_more && page.last_id !== null ? { ...query, after: page.last_id } : undefined;
      }
    },
    async page(query = {}, { signal } = {}) {
      return read(await send({ method: 'GET', path: `/v1/videos${queryOf(query)}`, signal }));
    },
    async cancel(id, { signal } = {}) {
      return read(await send({ method: 'POST', path: `${pathOf(id)}/cancel`, signal }));
    },
    async delete(id, { signal } = {}) {
      // Sent again after its answer was lost, a delete that worked finds nothing any more.
      const answered = await send({ method: 'DELETE', path: pathOf(id), also: 404, signal });
      if (answered.response.status !== 404) return read(answered);
      if (answered.requests > 1) return { id, object: 'video.deleted', deleted: true };
      throw await errorFrom(answered.response);
    },
    async content(id, { variant = 'video', range, signal } = {}) {
      const headers = range === undefined ? {} : { range };
      const path = `${pathOf(id)}/content?variant=${variant}`;
      return (await send({ method: 'GET', path, headers, unbounded: true, signal })).response;
    },
    async download(id, options = {}) {
      return new Uint8Array(await (await client.content(id, options)).arrayBuffer());
    },
    async wait(id, { by = 'events', onUpdate, signal, timeoutMs, intervalMs } = {}) {
      const limit = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
      const signals = [signal, limit].filter((each) => each !== undefined);
      const until = signals.length === 0 ? undefined : AbortSignal.any(signals);
      try {
        if (by === 'events') {
          for await (const video of follow(send, pathOf(id), until)) {
            onUpdate?.(video);
            if (FINAL[video.status]) return video;
          }
        }
        return await poll(send, id, until, onUpdate, (wished) => sleep(intervalMs ?? wished ?? LOOK_AGAIN_MS, until));
      } catch (error) {
        signal?.throwIfAborted();
        if (limit?.aborted !== true) throw error;
        const message = `The video was not finished within ${timeoutMs} ms; it goes on, and can be waited for again.`;
        throw new InbetweenError(message, { status: 0, code: 'timeout', cause: error });
      }
    },
  };
  return client;
}

/** Looks until the status is final. Unchanged answers cost a header, not a body. */
async function poll(
  send: Transport,
  id: string,
  signal: AbortSignal | undefined,
  onUpdate: ((video: VideoObject) => void) | undefined,
  pause: (wishedMs: number | undefined) => Promise<void>,
): Promise<VideoObject> {
  for (let etag: string | null = null; ; ) {
    const headers: Record<string, string> = etag === null ? {} : { 'if-none-match': etag };
    const answered = await send({ method: 'GET', path: pathOf(id), headers, also: 304, signal });
    const { response } = answered;
    if (response.status !== 304) {
      const video: VideoObject = await read(answered);
      onUpdate?.(video);
      if (FINAL[video.status]) return video;
      etag = response.headers.get('etag');
    }
    await pause(lookAgainMs(response));
    signal?.throwIfAborted();
  }
}

function pathOf(id: string): string {
  return `/v1/videos/${encodeURIComponent(id)}`;
}

/** Not `randomUUID`: browsers have that on secure pages only, and a server in the next room is plain http. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
