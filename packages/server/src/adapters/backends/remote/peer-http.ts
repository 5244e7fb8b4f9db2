import type { Dispatcher, FormData } from 'undici';
import { Client } from 'undici';
import { Fault } from '../../../domain/fault.ts';
import { openPartial, TooLarge } from '../../system/partial-file.ts';
import { asStorageFailure } from '../../system/storage-full.ts';
import { MAX_RESULT_BYTES } from './download-named.ts';
import { NoReply } from './remote-api.ts';

/** Where a configured peer listens, and what every request to it carries. */
export interface PeerAddress {
  /** Origin and path prefix, without a slash at its end. From the configuration, so it is not checked for being public. */
  readonly url: string;
  /** Credentials among them; they go to this origin and nowhere else. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface PeerRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Begins with a slash; appended to the peer's URL. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly json: unknown } | { readonly form: FormData };
}

/** An answer of any status, its body read. */
export interface PeerReply {
  readonly status: number;
  /** The body as JSON; undefined when it is none. */
  readonly json: unknown;
  /** The body's beginning as text, for the log. */
  readonly text: string;
  /** What `Retry-After` says, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;
  /** Where a redirect points; it is not followed. */
  readonly location: string | undefined;
}

/** An answer that holds a file, or one of any other status with its body read. */
export type PeerDownload = { readonly kind: 'file'; readonly type: string } | (PeerReply & { readonly kind: 'reply' });

/** Far above any answer that is no file: ComfyUI's queue carries the graphs of all that wait. */
const MAX_JSON_BYTES = 32 << 20;
const LOGGED = 2_000;
/** A download that brings nothing for so long has broken off. */
const IDLE_MS = 60_000;

/**
 * One request on a connection of its own, so that "not connected" is told from "sent, and no answer": the first is a
 * definite no, the second may have been accepted. Redirects are answers like any other and are never followed, for they
 * would take credentials to somewhere else.
 *
 * @throws NoReply
 */
export async function askPeer(address: PeerAddress, request: PeerRequest, signal: AbortSignal): Promise<PeerReply> {
  return exchange(address, request, signal, 0, (answer) => readReply(answer, answer.body));
}

/**
 * The same, for an answer that holds too much to keep: `read` passes on what of the body is worth keeping.
 *
 * @throws NoReply; whatever `read` throws as a Fault
 */
export async function askPeerThrough(
  address: PeerAddress,
  request: PeerRequest,
  read: (body: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<PeerReply> {
  return exchange(address, request, signal, IDLE_MS, (answer) => readReply(answer, read(answer.body)));
}

/**
 * Streams into a new file when the answer is 200; any other answer is returned as it is. Nothing is there until all of it
 * is; asked again, it goes on where it broke off, if the peer can do that.
 *
 * @throws NoReply, also for a body that ends early; Fault `storage_full`, and `damaged_output` for one without end
 */
export async function downloadFrom(
  address: PeerAddress,
  request: PeerRequest,
  toFile: string,
  signal: AbortSignal,
): Promise<PeerDownload> {
  const partial = await openPartial(toFile, `${address.url}${request.path}`);
  const asked = { ...request, headers: { ...request.headers, ...partial.headers } };
  return exchange(address, asked, signal, IDLE_MS, async (answer): Promise<PeerDownload> => {
    const { statusCode: status, body } = answer;
    if (status === 416) {
      await partial.discard();
      throw new NoReply('what is there is no part of what the peer has', true);
    }
    if (status !== 200 && status !== 206) {
      return { kind: 'reply', ...(await readReply(answer, body)) };
    }
    const incoming = { status, header: (name: string) => headerOf(answer, name), body };
    await partial.receive(incoming, MAX_RESULT_BYTES, signal).catch((error: unknown) => {
      throw error instanceof TooLarge ? tooLarge(error) : error;
    });
    return { kind: 'file', type: headerOf(answer, 'content-type') };
  });
}

function tooLarge(cause: unknown): Fault {
  return new Fault('damaged_output', 'The finished video is far too large.', { cause, retryable: false });
}

async function exchange<T>(
  { url, headers }: PeerAddress,
  { method, path, headers: more, body }: PeerRequest,
  signal: AbortSignal,
  idleMs: number,
  read: (answer: Dispatcher.ResponseData) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const target = new URL(`${url}${path}`);
  let connected = false;
  // Headers and bodies may take as long as the caller's signal allows: engines answer when they are done. Only a file that
  // has begun to come shall not stop coming.
  const client = new Client(target.origin, { headersTimeout: 0, bodyTimeout: idleMs, allowH2: false });
  client.on('connect', () => {
    connected = true;
  });
  const encoded = encode(body);
  try {
    const answer = await client.request({
      method,
      path: `${target.pathname}${target.search}`,
      headers: {
        accept: '*/*',
        'accept-encoding': 'identity',
        'user-agent': 'Inbetween',
        ...encoded.headers,
        ...headers,
        ...more,
      },
      body: encoded.body,
      reset: true,
      signal,
    });
    answer.body.on('error', () => {});
    return await read(answer);
  } catch (error) {
    throw signal.aborted ? signal.reason : noReply(error, connected);
  } finally {
    await client.destroy();
  }
}

function noReply(error: unknown, connected: boolean): unknown {
  if (error instanceof NoReply || error instanceof Fault) return error;
  const failure = asStorageFailure(error);
  if (failure !== error) return failure;
  // The peer's name and address stand in the log, never in an answer to a caller.
  const what = error instanceof Error ? error.message : 'unknown';
  return new NoReply(connected ? `the peer broke off: ${what}` : `not connected: ${what}`, connected, error);
}

function encode(body: PeerRequest['body']): { body: string | FormData | null; headers: Record<string, string> } {
  if (body === undefined) return { body: null, headers: {} };
  if ('form' in body) return { body: body.form, headers: {} };
  return { body: JSON.stringify(body.json), headers: { 'content-type': 'application/json' } };
}

async function readReply(answer: Dispatcher.ResponseData, body: AsyncIterable<Uint8Array>): Promise<PeerReply> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.byteLength;
    if (length > MAX_JSON_BYTES) throw new NoReply(`the answer has more than ${MAX_JSON_BYTES} bytes`, true);
    parts.push(chunk);
  }
  const text = Buffer.concat(parts).toString('utf8');
  return {
    status: answer.statusCode,
    json: parseJson(text),
    text: text.slice(0, LOGGED),
    retryAfterMs: readRetryAfter(headerOf(answer, 'retry-after')),
    location: headerOf(answer, 'location') || undefined,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever it is instead, the caller reads it as "not what was expected".
    return undefined;
  }
}

/** Seconds or an HTTP date; an hour at most, whatever the peer says. */
export function readRetryAfter(text: string, now: number = Date.now()): number | undefined {
  const seconds = /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - now;
  return Number.isFinite(seconds) && text !== '' ? Math.min(3_600_000, Math.max(0, Math.round(seconds))) : undefined;
}

function headerOf({ headers }: Dispatcher.ResponseData, name: string): string {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : (value ?? '');
}
