/** Anything that went wrong with a call: what the server answered, or why there was no answer. */
export class InbetweenError extends Error {
  override readonly name: string = 'InbetweenError';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** The server's stable word; `network_error`, `timeout` or `invalid_answer` when it is ours. */
  readonly code: string;
  /** The field at fault, such as `images[0]`. */
  readonly param: string | undefined;
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;
  /** When the server said it is worth asking again, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    facts: {
      readonly status: number;
      readonly code: string;
      readonly param?: string | undefined;
      readonly requestId?: string | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.status = facts.status;
    this.code = facts.code;
    this.param = facts.param;
    this.requestId = facts.requestId;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** 400, 413, 415, 416 or 422: the request is wrong; `param` names the field. */
export class InvalidRequestError extends InbetweenError {
  override readonly name = 'InvalidRequestError';
}
/** 401: no key, or a wrong one. */
export class AuthenticationError extends InbetweenError {
  override readonly name = 'AuthenticationError';
}
/** 402 or 403: the key may not do this. */
export class PermissionError extends InbetweenError {
  override readonly name = 'PermissionError';
}
/** 404: not there, or not yours. */
export class NotFoundError extends InbetweenError {
  override readonly name = 'NotFoundError';
}
/** 409 or 410: not as the video is now. */
export class ConflictError extends InbetweenError {
  override readonly name = 'ConflictError';
}
/** 429: too much at once; `retryAfterMs` says when to ask again. */
export class RateLimitError extends InbetweenError {
  override readonly name = 'RateLimitError';
}
/** 5xx: the server's fault. */
export class ServerError extends InbetweenError {
  override readonly name = 'ServerError';
}
/** There was no answer: no connection, or none in time. */
export class ConnectionError extends InbetweenError {
  override readonly name = 'ConnectionError';
}

const CLASSES: Readonly<Record<number, typeof InbetweenError>> = {
  400: InvalidRequestError,
  401: AuthenticationError,
  402: PermissionError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  410: ConflictError,
  413: InvalidRequestError,
  415: InvalidRequestError,
  416: InvalidRequestError,
  422: InvalidRequestError,
  429: RateLimitError,
};

function classOf(status: number): typeof InbetweenError {
  return CLASSES[status] ?? (status >= 500 ? ServerError : InbetweenError);
}

/** Reads an answer that is no success. A proxy in between answers in its own words, so nothing is taken for granted. */
export async function errorFrom(response: Response): Promise<InbetweenError> {
  const text = await response.text().catch(() => '');
  const { message, code, param } = readBody(text);
  const Class = classOf(response.status);
  return new Class(message ?? `The server answered ${response.status}.`, {
    status: response.status,
    code: code ?? 'unknown_error',
    param,
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfterMs: retryAfterMs(response.headers.get('retry-after'), Date.now()),
  });
}

interface Told {
  readonly message?: string | undefined;
  readonly code?: string | undefined;
  readonly param?: string | undefined;
}

function readBody(text: string): Told {
  try {
    const { error } = JSON.parse(text) as { readonly error?: Readonly<Record<string, unknown>> | null };
    return { message: word(error?.['message']), code: word(error?.['code']), param: word(error?.['param']) };
  } catch {
    return {};
  }
}

function word(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Reads `Retry-After`: seconds, or a date. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}
