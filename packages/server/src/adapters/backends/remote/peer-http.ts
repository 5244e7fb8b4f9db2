import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Dispatcher, FormData } from 'undici';
import { Client } from 'undici';
import { asStorageFailure } from '../../system/storage-full.ts';
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

/** JSON of a peer that returns a whole video in it is the largest we accept. */
const MAX_JSON_BYTES = 512 << 20;
const MAX_FILE_BYTES = 512 << 20;
const LOGGED = 2_000;

/**
 * One request on a connection of its own, so that "not connected" is told from "sent, and no answer": the first is a
 * definite no, the second may have been accepted. Redirects are answers like any other and are never followed, for they
 * would take credentials to somewhere else.
 *
 * @throws NoReply
 */
export async function askPeer(address: PeerAddress, request: PeerRequest, signal: AbortSignal): Promise<PeerReply> {
  return exchange(address, request, signal, async (answer) => readReply(answer));
}

/**
 * Downloads into a new file when the answer is 200; any other answer is returned as it is.
 *
 * @throws NoReply, also for a body that ends early; Fault `storage_full`
 */
export async function downloadFrom(
  address: PeerAddress,
  request: PeerRequest,
  toFile: string,
  signal: AbortSignal,
): Promise<PeerDownload> {
  return exchange(address, request, signal, async (answer): Promise<PeerDownload> => {
    if (answer.statusCode !== 200) return { kind: 'reply', ...(await readReply(answer)) };
    await writeBody(answer.body, toFile);
    return { kind: 'file', type: headerOf(answer, 'content-type') };
  });
}

async function exchange<T>(
  { url, headers }: PeerAddress,
  { method, path, headers: more, body }: PeerRequest,
  signal: AbortSignal,
  read: (answer: Dispatcher.ResponseData) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const target = new URL(`${url}${path}`);
  let connected = false;
  // Headers and bodies may take as long as the caller's signal allows: engines answer when they are done.
  const client = new Client(target.origin, { headersTimeout: 0, bodyTimeout: 0, allowH2: false });
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
  if (error instanceof NoReply) return error;
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

async function readReply(answer: Dispatcher.ResponseData): Promise<PeerReply> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
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

async function writeBody(body: Dispatcher.ResponseData['body'], toFile: string): Promise<void> {
  let length = 0;
  const counted = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      length += chunk.byteLength;
      if (length > MAX_FILE_BYTES) done(new NoReply(`the file has more than ${MAX_FILE_BYTES} bytes`, true));
      else done(null, chunk);
    },
  });
  await pipeline(Readable.from(body), counted, createWriteStream(toFile));
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
