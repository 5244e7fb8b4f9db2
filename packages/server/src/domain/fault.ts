/**
 * Faults: the failures we expect. A fault carries a stable code and a message a caller may see; whatever else went
 * wrong rides along as `cause` and is only logged. Anything thrown that is not a Fault is a bug.
 */

/** What sort of failure a code is; `http/` maps each kind to one status, and nothing else does. */
export type FaultKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'payment_required'
  | 'not_found'
  | 'conflict'
  | 'gone'
  | 'too_large'
  | 'unsupported_type'
  | 'mismatch'
  | 'too_many'
  | 'unavailable'
  | 'storage_full'
  | 'internal';

interface FaultTrait {
  readonly kind: FaultKind;
  /** May the same attempt be tried again by us, as it is? */
  readonly retryable: boolean;
}

const trait = (kind: FaultKind, retryable = false): FaultTrait => ({ kind, retryable });

/** The one table of faults: codes of answers and codes of failed videos. */
export const FAULTS = {
  // the ask
  invalid_request: trait('invalid'),
  invalid_json: trait('invalid'),
  invalid_image: trait('invalid'),
  missing_field: trait('invalid'),
  unsupported_size: trait('invalid'),
  unknown_model: trait('invalid'),
  not_supported: trait('invalid'),
  unsupported_media_type: trait('unsupported_type'),
  request_too_large: trait('too_large'),
  idempotency_mismatch: trait('mismatch'),
  // who asks
  missing_api_key: trait('unauthenticated'),
  invalid_api_key: trait('unauthenticated'),
  invalid_signature: trait('forbidden'),
  insufficient_scope: trait('forbidden'),
  model_not_allowed: trait('forbidden'),
  address_not_allowed: trait('forbidden'),
  insufficient_balance: trait('payment_required'),
  // what is asked for
  not_found: trait('not_found'),
  method_not_allowed: trait('invalid'),
  video_not_ready: trait('conflict'),
  no_content: trait('conflict'),
  already_finished: trait('conflict'),
  endpoint_disabled: trait('conflict'),
  limit_reached: trait('conflict'),
  already_exists: trait('conflict'),
  content_expired: trait('gone'),
  range_not_satisfiable: trait('invalid'),
  // how we are
  rate_limited: trait('too_many'),
  queue_full: trait('too_many'),
  too_many_queued: trait('too_many'),
  overloaded: trait('unavailable'),
  shutting_down: trait('unavailable'),
  storage_full: trait('storage_full', true),
  /** Our own database or file store does not answer; says nothing about the video. */
  storage_unavailable: trait('unavailable', true),
  internal_error: trait('internal', true),
  // why a video failed
  image_unreachable: trait('invalid', true),
  image_too_large: trait('invalid'),
  url_not_allowed: trait('invalid'),
  backend_failed: trait('internal', true),
  backend_unavailable: trait('unavailable', true),
  backend_misconfigured: trait('unavailable'),
  content_rejected: trait('invalid'),
  moderation_unavailable: trait('unavailable', true),
  submission_unknown: trait('internal'),
  damaged_output: trait('internal', true),
  last_frame_ignored: trait('internal'),
  worker_lost: trait('internal'),
  timeout: trait('internal'),
  cancelled: trait('conflict'),
} as const satisfies Record<string, FaultTrait>;

/** A stable, documented word for a failure. */
export type FaultCode = keyof typeof FAULTS;

export interface FaultDetails {
  /** The request field at fault, as the caller wrote it: `images[0]`, `size`. */
  readonly param?: string;
  /** When it is worth asking again, in milliseconds from now. */
  readonly retryAfterMs?: number;
  /** Of a backend: its peer may go on with the attempt all the same, so it is resumed and never begun a second time. */
  readonly attemptGoesOn?: boolean;
  /** Overrides what the table says of the code: what a billed peer accepted is not made a second time. */
  readonly retryable?: boolean;
  /** Of a backend: only rewriting the prompt failed, so the next attempt is made with the prompt as it was written. */
  readonly promptFailed?: boolean;
  readonly cause?: unknown;
}

/** An expected failure with a message that is safe to show to the caller. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly attemptGoesOn: boolean;
  readonly retryable: boolean;
  readonly promptFailed: boolean;

  constructor(code: FaultCode, message: string, details: FaultDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.param = details.param;
    this.retryAfterMs = details.retryAfterMs;
    this.attemptGoesOn = details.attemptGoesOn ?? false;
    this.retryable = details.retryable ?? FAULTS[code].retryable;
    this.promptFailed = details.promptFailed ?? false;
  }

  get kind(): FaultKind {
    return FAULTS[this.code].kind;
  }
}

/** What a failed video keeps of its fault. */
export interface Failure {
  readonly code: FaultCode;
  readonly message: string;
}

/**
 * Reads anything thrown as a fault: a Fault stays itself, a bug becomes `internal_error` without its text. What a bug
 * interrupted may go on at a peer.
 */
export function asFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  return new Fault('internal_error', 'Something went wrong on our side. It has been logged.', {
    cause: thrown,
    attemptGoesOn: true,
  });
}
