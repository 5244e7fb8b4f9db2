import type { Dispatcher } from 'undici';
import type { Address } from './address.ts';
import { badStatus, compressed, redirectToNowhere, tooLarge } from './fetch-fault.ts';
import { pinnedConnector } from './pinned-connect.ts';
import type { Target } from './url-check.ts';

/** What one request brought: what was read of a good answer, or where else to ask. */
export type Exchanged<T> =
  | { readonly kind: 'answer'; readonly read: T }
  | { readonly kind: 'redirect'; readonly location: string };

/** How a good answer is asked for and read. */
export interface Reading<T> {
  readonly headers: Readonly<Record<string, string>>;
  /** Other statuses than 2xx that `read` understands. */
  readonly alsoGood: readonly number[];
  /** Between two pieces of the body, in milliseconds; 0: only the signal ends the waiting. */
  readonly idleMs: number;
  read(answer: Dispatcher.ResponseData): Promise<T>;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Enough for every honest server; undici reads no more than this before it gives up. */
const MAX_HEADER_BYTES = 16 * 1024;

/**
 * One GET on a connection of its own. A client per request and no pool: no connection outlives the check it was opened
 * under, none is shared between trusted and untrusted, and nothing (cookies, sessions) is carried from one to the next.
 * undici's plain client also knows no proxy variables, which would send the request to an unchecked address.
 */
export async function exchange<T>(
  target: Target,
  addresses: readonly Address[],
  { headers, alsoGood, idleMs, read }: Reading<T>,
  signal: AbortSignal,
): Promise<Exchanged<T>> {
  // Loaded by the first request: an idle server should not hold the memory of a client that it may never need.
  const { Client } = await import('undici');
  const client = new Client(target.url.origin, {
    connect: pinnedConnector(addresses, signal),
    allowH2: false,
    useMilo: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The signal holds the one limit on the whole fetch; undici's own timers would only add a second truth.
    headersTimeout: 0,
    bodyTimeout: idleMs,
  });
  try {
    const answer = await client.request({
      method: 'GET',
      path: `${target.url.pathname}${target.url.search}`,
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Inbetween', ...headers },
      reset: true,
      signal,
    });
    // Destroying the client below ends an unread body with an error nobody waits for.
    answer.body.on('error', () => {});
    if (REDIRECTS.has(answer.statusCode)) return { kind: 'redirect', location: readLocation(answer) };
    const good = answer.statusCode >= 200 && answer.statusCode <= 299;
    if (!good && !alsoGood.includes(answer.statusCode)) throw badStatus(answer.statusCode);
    // A few kilobytes of gzip can hold gigabytes; pictures and videos gain nothing from it, so it is refused unread.
    const encoding = header(answer.headers, 'content-encoding').trim().toLowerCase();
    if (encoding !== '' && encoding !== 'identity') throw compressed();
    return { kind: 'answer', read: await read(answer) };
  } finally {
    await client.destroy();
  }
}

/** The whole body in memory. @throws FetchFault for more than `maxBytes` */
export async function readBody({ headers, body }: Dispatcher.ResponseData, maxBytes: number): Promise<Uint8Array> {
  if (Number(header(headers, 'content-length')) > maxBytes) throw tooLarge(maxBytes);

  // One growing buffer, not a list of chunks: a server that sends chunks of one byte would make us keep ten million
  // objects for ten megabytes. It starts small, because Content-Length is only a promise.
  let bytes = new Uint8Array(Math.min(maxBytes, 64 * 1024));
  let length = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    const needed = length + chunk.byteLength;
    if (needed > maxBytes) throw tooLarge(maxBytes);
    if (needed > bytes.byteLength) {
      const grown = new Uint8Array(Math.min(maxBytes, Math.max(needed, bytes.byteLength * 2)));
      grown.set(bytes.subarray(0, length));
      bytes = grown;
    }
    bytes.set(chunk, length);
    length = needed;
  }
  return bytes.subarray(0, length);
}

function readLocation({ headers }: Dispatcher.ResponseData): string {
  const location = header(headers, 'location');
  if (location === '') throw redirectToNowhere();
  return location;
}

/** The media type without parameters. */
export function readType({ headers }: Dispatcher.ResponseData): string {
  return (header(headers, 'content-type').split(';')[0] ?? '').trim().toLowerCase();
}

/** A header as one text; one that was sent twice is joined, as HTTP says. */
export function header(headers: Dispatcher.ResponseData['headers'], name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}
