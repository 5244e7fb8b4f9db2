import { FAULTS, type FaultCode, type FaultKind } from '../../../domain/fault.ts';
import type { ErrorWords } from '../../error-words.ts';
import { dashscopeErrorObject } from './schema.ts';

/** DashScope's error of a request, or of a task that failed. */
export interface DashScopeError {
  readonly status: number;
  readonly code: string;
}

/** What each kind of fault is called there (Model Studio, error codes). */
const KINDS = {
  invalid: { status: 400, code: 'InvalidParameter' },
  unauthenticated: { status: 401, code: 'InvalidApiKey' },
  forbidden: { status: 403, code: 'AccessDenied' },
  payment_required: { status: 400, code: 'Arrearage' },
  not_found: { status: 404, code: 'NotFound' },
  conflict: { status: 400, code: 'UnsupportedOperation' },
  gone: { status: 404, code: 'NotFound' },
  too_large: { status: 400, code: 'BadRequest.TooLarge' },
  unsupported_type: { status: 400, code: 'BadRequest.IllegalInput' },
  mismatch: { status: 409, code: 'Conflict' },
  too_many: { status: 429, code: 'Throttling.RateQuota' },
  unavailable: { status: 503, code: 'ModelUnavailable' },
  storage_full: { status: 503, code: 'ModelUnavailable' },
  internal: { status: 500, code: 'InternalError' },
} as const satisfies Record<FaultKind, DashScopeError>;

/** Codes that have a word of their own there. */
const OWN: Partial<Record<FaultCode, DashScopeError>> = {
  unknown_model: { status: 404, code: 'ModelNotFound' },
  model_not_allowed: { status: 403, code: 'Model.AccessDenied' },
  method_not_allowed: { status: 405, code: 'UnsupportedOperation' },
  invalid_json: { status: 400, code: 'BadRequest.IllegalInput' },
  image_too_large: { status: 400, code: 'InvalidFile.Size' },
  invalid_image: { status: 400, code: 'InvalidParameter.DataInspection' },
  image_unreachable: { status: 400, code: 'InvalidURL' },
  url_not_allowed: { status: 400, code: 'InvalidURL' },
  content_rejected: { status: 400, code: 'DataInspectionFailed' },
  queue_full: { status: 429, code: 'Throttling' },
  timeout: { status: 500, code: 'InternalError.Timeout' },
};

/** A fault in DashScope's words. */
export function dashscopeError({ code }: { readonly code: FaultCode }): DashScopeError {
  return OWN[code] ?? KINDS[FAULTS[code].kind];
}

/** Its errors. Fields are named as this dialect names them. */
export const DASHSCOPE_ERRORS: ErrorWords = {
  schema: dashscopeErrorObject,
  of(code) {
    const { status, code: word } = dashscopeError({ code });
    return { status, word };
  },
  body: (fault, requestId) => ({
    code: dashscopeError(fault).code,
    message: inItsWords(fault.message),
    request_id: requestId,
  }),
};

/** Our words name the fields of the native API. */
export function inItsWords(message: string): string {
  return message
    .replaceAll('images[0]', 'input.first_frame_url')
    .replaceAll('images[1]', 'input.last_frame_url')
    .replace(/^size\b/, 'parameters.resolution')
    .replace(/^seconds must be "(\d+)"/, 'parameters.duration must be $1');
}
