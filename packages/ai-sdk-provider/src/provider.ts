import type { Experimental_VideoModelV4 as VideoModelV4 } from '@ai-sdk/provider';
import { Inbetween } from '@inbetween/client';
import { createVideoModel } from './model.ts';

export interface InbetweenProviderOptions {
  /** Where the server is, such as `http://127.0.0.1:8787`. */
  readonly baseURL: string;
  readonly apiKey?: string;
  /** In place of the platform's own. */
  readonly fetch?: typeof globalThis.fetch;
}

export interface InbetweenProvider {
  /** The model of this name, such as `wan2.2-kf2v-flash`. */
  video(modelId: string): VideoModelV4;
  videoModel(modelId: string): VideoModelV4;
}

/**
 * Models of an Inbetween server for `experimental_generateVideo`:
 *
 * ```ts
 * const inbetween = createInbetween({ baseURL: 'http://127.0.0.1:8787', apiKey });
 * const { video } = await experimental_generateVideo({
 *   model: inbetween.video('wan2.2-kf2v-flash'),
 *   prompt: 'the cat looks up',
 *   frameImages: [{ image: first, frameType: 'first_frame' }, { image: last, frameType: 'last_frame' }],
 * });
 * ```
 */
export function createInbetween({ baseURL, apiKey, fetch }: InbetweenProviderOptions): InbetweenProvider {
  const client = new Inbetween({
    baseUrl: baseURL,
    // The AI SDK tries again by itself.
    retries: 0,
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(fetch === undefined ? {} : { fetch }),
  });
  const video = (modelId: string) => createVideoModel(client, modelId, baseURL);
  return { video, videoModel: video };
}
