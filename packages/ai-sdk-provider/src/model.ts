import {
  APICallError,
  type JSONValue,
  type Experimental_VideoModelV4OperationStatusResult as StatusResult,
  type Experimental_VideoModelV4 as VideoModelV4,
} from '@ai-sdk/provider';
import { type Inbetween, InbetweenError, type VideoObject } from '@inbetween/client';
import { readAsk } from './translate.ts';

const PROVIDER = 'inbetween';

/** A model that is started and then asked for how it is doing; the AI SDK does the waiting. */
export function createVideoModel(client: Inbetween, modelId: string, url: string): VideoModelV4 {
  const response = () => ({ timestamp: new Date(), modelId, headers: undefined });
  return {
    specificationVersion: 'v4',
    provider: `${PROVIDER}.video`,
    modelId,
    maxVideosPerCall: 1,

    async doStart(options) {
      const { ask, warnings } = readAsk(modelId, options);
      // The SDK sends one key for all tries of a call, so that none of them makes a second video.
      const key = options.headers?.['idempotency-key'];
      const video = await told(url, () =>
        client.videos.create(ask, {
          signal: options.abortSignal,
          ...(key === undefined ? {} : { idempotencyKey: key }),
        }),
      );
      return {
        operation: { id: video.id, told: codesOf(video) },
        warnings: [...warnings, ...remarks(video)],
        providerMetadata: { [PROVIDER]: { id: video.id } },
        response: response(),
      };
    },

    async doStatus({ operation, abortSignal: signal }): Promise<StatusResult> {
      const { id, told: earlier } = readOperation(operation);
      const video = await told(url, () => client.videos.retrieve(id, { signal }));
      const providerMetadata = { [PROVIDER]: factsOf(video) };
      switch (video.status) {
        case 'succeeded': {
          // Bytes, not an address: the SDK refuses to download from machines that are not public.
          const data = await told(url, () => client.videos.download(id, { signal }));
          const videos = [{ type: 'binary' as const, data, mediaType: 'video/mp4' }];
          return {
            status: 'completed',
            videos,
            warnings: remarks(video, earlier),
            providerMetadata,
            response: response(),
          };
        }
        case 'failed':
        case 'cancelled': {
          const error =
            video.error === null ? `The video was ${video.status}.` : `${video.error.code}: ${video.error.message}`;
          return { status: 'error', error, providerMetadata, response: response() };
        }
        default:
          return { status: 'pending', providerMetadata, response: response() };
      }
    },
  };
}

/** What the AI SDK understands of our errors: whether it is of use to try again. */
async function told<T>(url: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof InbetweenError)) throw error;
    const { message, status, code, param, requestId } = error;
    throw new APICallError({
      message,
      url,
      requestBodyValues: {},
      isRetryable: status === 0 || status === 408 || status === 429 || status >= 500,
      data: { code, param, requestId },
      cause: error,
      ...(status === 0 ? {} : { statusCode: status }),
    });
  }
}

function codesOf({ metadata }: VideoObject): string[] {
  return metadata.warnings.map(({ code }) => code);
}

/** @param told codes of the warnings that were told at the start: the AI SDK joins those of the start and of the end */
function remarks({ metadata }: VideoObject, told: readonly string[] = []) {
  return metadata.warnings
    .filter(({ code }) => !told.includes(code))
    .map(({ message }) => ({ type: 'other' as const, message }));
}

function factsOf(video: VideoObject) {
  const { id, status, progress, url, width, height, seed, actual_prompt: actualPrompt, metadata } = video;
  const { backend, fps, frames, duration } = metadata;
  return { id, status, progress, url, width, height, seed, actualPrompt, backend, fps, frames, duration };
}

/** What `doStart` gave; operations of earlier releases have no `told`. */
function readOperation(operation: JSONValue): { readonly id: string; readonly told: readonly string[] } {
  if (typeof operation === 'object' && operation !== null && !Array.isArray(operation)) {
    const { id, told } = operation as { readonly id?: unknown; readonly told?: unknown };
    if (typeof id === 'string') return { id, told: Array.isArray(told) ? told.map(String) : [] };
  }
  throw new TypeError('The operation is not one that this model started.');
}
