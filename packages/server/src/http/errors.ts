import type { ErrorBody } from '@inbetween/client';
import { asFault, FAULTS, Fault, type FaultCode, type FaultKind } from '../domain/fault.ts';
import { errorObject } from './error-object.ts';
import type { ErrorWords } from './error-words.ts';

/** How a kind of fault is answered. The one place where faults become HTTP. */
const ANSWERS = {
  invalid: { status: 400, type: 'invalid_request_error' },
  unauthenticated: { status: 401, type: 'authentication_error' },
  payment_required: { status: 402, type: 'billing_error' },
  forbidden: { status: 403, type: 'permission_error' },
  not_found: { status: 404, type: 'not_found_error' },
  conflict: { status: 409, type: 'conflict_error' },
  gone: { status: 410, type: 'gone_error' },
  too_large: { status: 413, type: 'invalid_request_error' },
  unsupported_type: { status: 415, type: 'invalid_request_error' },
  mismatch: { status: 422, type: 'idempotency_error' },
  too_many: { status: 429, type: 'rate_limit_error' },
  internal: { status: 500, type: 'server_error' },
  unavailable: { status: 503, type: 'unavailable_error' },
  storage_full: { status: 507, type: 'unavailable_error' },
} as const satisfies Record<FaultKind, { readonly status: number; readonly type: string }>;

/** Codes for which HTTP has a status of its own that no kind stands for. */
const OWN_STATUS: Partial<Record<FaultCode, number>> = { method_not_allowed: 405, range_not_satisfiable: 416 };

/** The HTTP status of a fault. */
export function statusOf(fault: Pick<Fault, 'code' | 'kind'>): number {
  return OWN_STATUS[fault.code] ?? ANSWERS[fault.kind].status;
}

/** The one envelope of every error of every route. */
export function errorBody(fault: Fault): ErrorBody {
  return {
    error: {
      message: fault.message,
      type: ANSWERS[fault.kind].type,
      param: fault.param ?? null,
      code: fault.code,
    },
  };
}

/** The errors of the native API, of OpenAI's dialect, and of whatever belongs to no dialect. */
export const NATIVE_ERRORS: ErrorWords = {
  schema: errorObject,
  of: (code) => ({ status: statusOf({ code, kind: FAULTS[code].kind }), word: code }),
  body: errorBody,
};

/** Whole seconds, at least one: 0 would ask for a storm. */
export function retryAfter(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}

/** Headers that belong to a fault whatever route it came from. */
export function errorHeaders(fault: Fault): Record<string, string> {
  return {
    'cache-control': 'no-store',
    ...(fault.kind === 'unauthenticated' ? { 'www-authenticate': 'Bearer' } : {}),
    ...(fault.retryAfterMs === undefined ? {} : { 'retry-after': retryAfter(fault.retryAfterMs) }),
  };
}

const ACCEPTED_TYPES = 'Send application/json, or multipart/form-data with the pictures as files.';

/** What Fastify itself refuses, in our words. Its messages are written for developers of servers, not for callers. */
const FRAMEWORK: Readonly<Record<string, () => Fault>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => unsupportedType(),
  FST_ERR_CTP_BODY_TOO_LARGE: () => new Fault('request_too_large', 'The body is larger than this address accepts.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: () =>
    new Fault('invalid_request', 'The body is not as long as Content-Length says.', { param: 'Content-Length' }),
  FST_ERR_BAD_URL: () => new Fault('invalid_request', 'The address has a broken percent-encoding.'),
  FST_ERR_MAX_PARAM_LENGTH: () => new Fault('not_found', 'There is nothing at this address.'),
};

/** The fault for a body of a media type that is not read. */
export function unsupportedType(problem = 'The Content-Type is missing or not one this address reads.'): Fault {
  return new Fault('unsupported_media_type', `${problem} ${ACCEPTED_TYPES}`, { param: 'Content-Type' });
}

/** Reads anything thrown in a request as a fault; what nobody expected becomes `internal_error` without its text. */
export function faultOf(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  if (typeof thrown === 'object' && thrown !== null) {
    const { code, statusCode } = thrown as { readonly code?: unknown; readonly statusCode?: unknown };
    const known = typeof code === 'string' && Object.hasOwn(FRAMEWORK, code) ? FRAMEWORK[code] : undefined;
    if (known !== undefined) return known();
    // Fastify marks what the peer did wrong with a 4xx, a body that broke off among others.
    if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500) {
      return new Fault('invalid_request', 'The request could not be read.', { cause: thrown });
    }
  }
  return asFault(thrown);
}

/** Short, and without control characters: how a piece of input may appear in a message. */
export function echo(text: string, limit = 60): string {
  const plain = text.replace(/[\p{C}"<>&]/gu, '?');
  return plain.length > limit ? `${plain.slice(0, limit)}…` : plain;
}
