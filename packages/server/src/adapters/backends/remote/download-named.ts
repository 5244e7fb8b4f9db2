import { Fault } from '../../../domain/fault.ts';
import type { Downloader } from '../../../ports/fetcher.ts';
import { NoReply } from './remote-api.ts';

/** The largest result that is accepted: five seconds of video have a few megabytes. */
export const MAX_RESULT_BYTES = 512 << 20;
const RESULT_MS = 10 * 60_000;

/**
 * Downloads a result from an address that a peer has named, without any credential. Exactly the configured origin is
 * trusted like the configuration; any other address must be public.
 *
 * @throws NoReply when it may go better in a while; Fault when the address is refused, or refuses
 */
export async function downloadNamed(
  downloader: Downloader,
  url: string,
  trust: 'configured' | 'public',
  toFile: string,
  signal: AbortSignal,
): Promise<void> {
  const limits = { bytes: MAX_RESULT_BYTES, ms: RESULT_MS, trust };
  const got = await downloader.download(url, toFile, limits, signal);
  switch (got.kind) {
    case 'file':
      return;
    case 'broke_off':
      throw new NoReply('the result did not come', true, got.cause);
    case 'refused':
      throw new Fault('backend_failed', 'The finished video could not be fetched from the address it was given.', {
        cause: got.cause,
      });
  }
}
