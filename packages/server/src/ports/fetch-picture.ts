import { Fault } from '../domain/fault.ts';
import { PICTURE_LIMITS } from '../domain/frame.ts';
import { inspectPicture } from '../domain/picture/inspect.ts';
import type { Fetcher } from './fetcher.ts';

/** Whole time for one frame behind a URL. */
const FETCH_MS = 30_000;

/**
 * Fetches a frame that a caller named, and looks at its header.
 *
 * @param param the item of the request, which begins the words of every fault
 * @throws Fault
 */
export async function fetchPicture(
  fetcher: Fetcher,
  url: string,
  param: string,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const limits = { bytes: PICTURE_LIMITS.maxBytes, ms: FETCH_MS, trust: 'public' } as const;
  let bytes: Uint8Array;
  try {
    ({ bytes } = await fetcher.fetch(url, limits, signal));
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const details = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
    throw new Fault(error.code, `${param}: ${error.message}`, { param, cause: error, ...details });
  }
  inspectPicture(bytes, param);
  return bytes;
}
