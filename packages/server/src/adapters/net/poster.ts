import type { Dispatcher } from 'undici';
import { Fault } from '../../domain/fault.ts';
import type { Log } from '../../ports/log.ts';
import type { Post, Posted, Poster } from '../../ports/poster.ts';
import type { AllowedHost } from './allow-list.ts';
import { shuttingDown, timedOut, unreachable } from './fetch-fault.ts';
import { pinnedConnector } from './pinned-connect.ts';
import { checkedAddresses, type Resolve, systemResolve } from './resolve.ts';
import { checkUrl, type Target } from './url-check.ts';

export interface PosterParts {
  /** Hosts the operator exempts from the address and port checks. */
  readonly allow: readonly AllowedHost[];
  /** The operating system's resolver unless given. */
  readonly resolve?: Resolve;
  readonly log: Log;
}

const MAX_HEADER_BYTES = 16 * 1024;
/** A receiver may say why it refused, but nobody reads it: so much is let in, so that an honest one is not cut off. */
const MAX_UNREAD_BYTES = 64 * 1024;

/** POSTs to callers' addresses under the same checks as the guarded fetcher: resolved, checked, and pinned. */
export function createPoster({
  allow,
  resolve = systemResolve,
  log,
}: PosterParts): Poster & { close(): Promise<void> } {
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  async function run(target: Target, post: Post, ms: number, signal: AbortSignal): Promise<Posted> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(timedOut(ms)), ms);
    const stop = AbortSignal.any([signal, closing.signal, timeout.signal]);
    const stopped = Promise.withResolvers<never>();
    // A resolver cannot be stopped, only left alone.
    stop.addEventListener('abort', () => stopped.reject(stop.reason), { once: true });
    stopped.promise.catch(() => undefined);
    try {
      stop.throwIfAborted();
      const addresses = await Promise.race([checkedAddresses(target, resolve, allow), stopped.promise]);
      return await send(target, addresses, post, stop);
    } catch (error) {
      if (stop.aborted) throw stop.reason;
      log.info({ host: target.url.host, error }, 'a POST had no answer');
      throw error instanceof Fault ? error : unreachable(error);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    check(url) {
      checkUrl(url, 'public', allow);
    },
    async post(url, post, ms, signal) {
      const work = run(checkUrl(url, 'public', allow), post, ms, signal);
      running.add(work);
      return work.finally(() => running.delete(work));
    },
    async close() {
      closing.abort(shuttingDown());
      await Promise.allSettled(running);
    },
  };
}

/** One POST on a connection of its own, for the reasons told in `exchange.ts`. */
async function send(
  target: Target,
  addresses: Parameters<typeof pinnedConnector>[0],
  { headers, body }: Post,
  signal: AbortSignal,
): Promise<Posted> {
  const { Client } = await import('undici');
  const client = new Client(target.url.origin, {
    connect: pinnedConnector(addresses, signal),
    allowH2: false,
    useMilo: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  try {
    const answer = await client.request({
      method: 'POST',
      path: `${target.url.pathname}${target.url.search}`,
      headers: { ...headers, 'user-agent': 'Inbetween-Webhooks' },
      body,
      reset: true,
      signal,
    });
    // Whatever becomes of the answer's body, the status has been said.
    answer.body.on('error', () => {});
    await answer.body.dump({ limit: MAX_UNREAD_BYTES, signal }).catch(() => undefined);
    return { status: answer.statusCode, retryAfterMs: retryAfter(answer) };
  } finally {
    await client.destroy();
  }
}

/** Seconds or a date, as HTTP allows. */
function retryAfter({ headers }: Dispatcher.ResponseData): number | undefined {
  const value = headers['retry-after'];
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
