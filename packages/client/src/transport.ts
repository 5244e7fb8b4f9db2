import { ConnectionError, errorFrom, type InbetweenError, retryAfterMs } from './error.ts';

/** What any call may be given. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One logical call; it may take several requests. */
export interface Call extends CallOptions {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Made anew for each request, because a body is read once. */
  readonly body?: (() => string | FormData) | undefined;
  /** A status that is an answer although it is no success, such as 304. */
  readonly also?: number | undefined;
  /** No limit on how long the answer may take to arrive whole: it is a file. */
  readonly unbounded?: boolean | undefined;
}

export interface TransportParts {
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly fetch: typeof globalThis.fetch;
  /** Further requests after the first, for what may pass: no connection, 408, 429, 5xx. */
  readonly retries: number;
  /** Limit of one request. */
  readonly timeoutMs: number;
  readonly sleep: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

/** A success, and how many requests it took. */
export interface Answered {
  readonly response: Response;
  readonly requests: number;
}

export type Transport = (call: Call) => Promise<Answered>;

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
/** A server that asks for more patience than this is told to the caller instead. */
const LONGEST_OBEYED_MS = 60_000;

/**
 * Sends a call until it is answered. Every call of this API may be repeated: what reads and what ends things by nature,
 * and creating because it carries an Idempotency-Key.
 */
export function createTransport(parts: TransportParts): Transport {
  return async (call) => {
    for (let requests = 1; ; requests += 1) {
      const outcome = await request(parts, call);
      if (outcome instanceof Response) return { response: outcome, requests };
      const wait = waitBefore(outcome, requests, parts.retries);
      if (wait === undefined) throw outcome;
      await parts.sleep(wait, call.signal);
      call.signal?.throwIfAborted();
    }
  };
}

async function request(parts: TransportParts, call: Call): Promise<Response | InbetweenError> {
  call.signal?.throwIfAborted();
  const limit = call.unbounded === true ? undefined : AbortSignal.timeout(parts.timeoutMs);
  const signals = [call.signal, limit].filter((signal) => signal !== undefined);
  const body = call.body?.();
  try {
    const response = await parts.fetch(`${parts.baseUrl}${call.path}`, {
      method: call.method,
      headers: {
        ...(parts.apiKey === undefined ? {} : { authorization: `Bearer ${parts.apiKey}` }),
        ...(typeof body === 'string' ? { 'content-type': 'application/json' } : {}),
        ...call.headers,
      },
      // A file may lie elsewhere, and the platform keeps the key from going there; an ask must not wander.
      redirect: call.method === 'GET' ? 'follow' : 'error',
      ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
      ...(body === undefined ? {} : { body }),
    });
    const answered = response.ok || response.status === call.also;
    if (!answered) return await errorFrom(response);
    return call.unbounded === true ? response : await whole(response);
  } catch (cause) {
    call.signal?.throwIfAborted();
    return limit?.aborted === true
      ? new ConnectionError(`The server did not answer within ${parts.timeoutMs} ms.`, {
          status: 0,
          code: 'timeout',
          cause,
        })
      : new ConnectionError('The server could not be reached.', { status: 0, code: 'network_error', cause });
  }
}

/** Read here, so that an answer that breaks off is asked for again and the limits hold to its last byte. */
async function whole(response: Response): Promise<Response> {
  const text = await response.text();
  return new Response(text === '' ? null : text, { status: response.status, headers: response.headers });
}

/** How long to wait before the next request; undefined: give up. */
function waitBefore(error: InbetweenError, requests: number, retries: number): number | undefined {
  if (requests > retries) return undefined;
  const passing = error.status === 0 || error.status === 408 || error.status === 429 || error.status >= 500;
  if (!passing) return undefined;
  if (error.retryAfterMs !== undefined) return error.retryAfterMs <= LONGEST_OBEYED_MS ? error.retryAfterMs : undefined;
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (requests - 1));
  // Spread out, so that many clients of one restarted server do not come back together.
  return longest * (0.5 + Math.random() / 2);
}

/** Waits, or until the signal aborts; never rejects. */
export function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done);
  });
}

/** How long the server asks to wait before the next look. */
export function lookAgainMs(response: Response): number | undefined {
  return retryAfterMs(response.headers.get('retry-after'), Date.now());
}
