import { type FilesClient, filesClient } from './files.ts';
import { read } from './read.ts';
import { type CallOptions, createTransport, sleep } from './transport.ts';
import { type UsageClient, usageClient } from './usage.ts';
import { type VideosClient, videosClient } from './videos.ts';
import type { ModelList } from './wire.ts';

export type { ImageInput } from './images.ts';

/** Where the server is and how to talk to it. */
export interface InbetweenOptions {
  /** Such as `http://127.0.0.1:8080`; a trailing `/v1` is understood. */
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** In place of the platform's own. */
  readonly fetch?: typeof globalThis.fetch;
  /** Further requests after a first that failed in passing. Default 3. */
  readonly retries?: number;
  /** Limit of one request; files have none. Default two minutes. */
  readonly timeoutMs?: number;
  /** In place of the platform's timers; for tests. */
  readonly sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

/**
 * A client of an Inbetween server.
 *
 * ```ts
 * const inbetween = new Inbetween({ baseUrl: 'http://127.0.0.1:8080', apiKey });
 * const { id } = await inbetween.videos.create({ model: 'wan2.2-kf2v-flash', images: [first, last] });
 * const video = await inbetween.videos.wait(id, { onUpdate: (now) => show(now.progress) });
 * ```
 */
export class Inbetween {
  readonly videos: VideosClient;
  readonly files: FilesClient;
  readonly usage: UsageClient;
  readonly models: { list(options?: CallOptions): Promise<ModelList> };

  constructor(options: InbetweenOptions) {
    const pause = options.sleep ?? sleep;
    const send = createTransport({
      baseUrl: options.baseUrl.replace(/\/+$/, '').replace(/\/v1$/, ''),
      apiKey: options.apiKey,
      // Called without its owner, the browser's own fetch refuses to work.
      fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
      retries: options.retries ?? 3,
      timeoutMs: options.timeoutMs ?? 120_000,
      sleep: pause,
    });
    this.videos = videosClient(send, pause);
    this.files = filesClient(send);
    this.usage = usageClient(send);
    this.models = {
      list: async ({ signal } = {}) => read(await send({ method: 'GET', path: '/v1/models', signal })),
    };
  }
}
