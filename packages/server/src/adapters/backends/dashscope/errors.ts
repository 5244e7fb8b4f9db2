import { Fault, type FaultCode } from '../../../domain/fault.ts';
import type { PeerReply } from '../remote/peer-http.ts';
import { NoReply } from '../remote/remote-api.ts';
import { faultOfStatus } from '../remote/reply-fault.ts';

/** A code of DashScope with what it says. */
export interface Complaint {
  readonly code: string;
  readonly message: string;
}

/**
 * The codes by their beginnings, the first match wins. Unpaid bills come as 429 like a rate limit, and must not be taken
 * for one: waiting does not pay them.
 */
const CODES: readonly (readonly [prefix: string, code: FaultCode])[] = [
  ['InvalidApiKey', 'backend_misconfigured'],
  ['NOT AUTHORIZED', 'backend_misconfigured'],
  ['AccessDenied', 'backend_misconfigured'],
  ['Model.AccessDenied', 'backend_misconfigured'],
  ['Workspace.AccessDenied', 'backend_misconfigured'],
  ['AllocationQuota.FreeTierOnly', 'backend_misconfigured'],
  ['Arrearage', 'backend_misconfigured'],
  ['CommodityNotPurchased', 'backend_misconfigured'],
  ['PrepaidBillOverdue', 'backend_misconfigured'],
  ['PostpaidBillOverdue', 'backend_misconfigured'],
  ['ModelNotFound', 'backend_misconfigured'],
  ['WorkSpaceNotFound', 'backend_misconfigured'],
  ['Throttling', 'rate_limited'],
  ['DataInspectionFailed', 'content_rejected'],
  ['IPInfringementSuspect', 'content_rejected'],
  ['CustomRoleBlocked', 'content_rejected'],
  ['InternalError', 'backend_unavailable'],
  ['SystemError', 'backend_unavailable'],
  ['ModelServiceFailed', 'backend_unavailable'],
  ['ModelServingError', 'backend_unavailable'],
  ['ModelUnavailable', 'backend_unavailable'],
  ['RequestTimeOut', 'backend_unavailable'],
];

/** It could not rewrite the prompt. */
const REWRITE = 'RewriteFailed';

const MESSAGES: Readonly<Partial<Record<FaultCode, string>>> = {
  backend_misconfigured: 'The service that makes the video does not accept the account of this server.',
  rate_limited: 'The service that makes the video has too much to do.',
  content_rejected: 'The service that makes the video refused the prompt or a frame for its content.',
  backend_unavailable: 'The service that makes the video is out of order.',
};

/** What a refused request means. */
export function faultOfReply(complaint: Complaint | undefined, reply: PeerReply): Fault | NoReply {
  const byStatus = faultOfStatus(reply);
  if (byStatus instanceof NoReply || complaint === undefined) return byStatus;
  if (complaint.code.startsWith(REWRITE)) return rewriteFailed(causeOf(complaint, reply.status));
  const code = codeOf(complaint);
  if (code === undefined) return byStatus;
  const when = reply.retryAfterMs === undefined ? {} : { retryAfterMs: reply.retryAfterMs };
  return new Fault(code, MESSAGES[code] ?? '', { cause: causeOf(complaint, reply.status), ...when });
}

/** Its prompt writer failed, at the create or in the task. Nothing was made, and only what is made is paid for. */
function rewriteFailed(cause: Error): Fault {
  const message = 'The service that makes the video could not rewrite the prompt.';
  return new Fault('backend_failed', message, { cause, retryable: false, promptFailed: true });
}

/** What a failed task means. Whatever was wrong with the service then, this task is over. */
export function faultOfTask(complaint: Complaint): Fault {
  const code = codeOf(complaint);
  const cause = causeOf(complaint, 200);
  if (complaint.code.startsWith(REWRITE)) return rewriteFailed(cause);
  if (code === 'content_rejected' || code === 'backend_misconfigured')
    return new Fault(code, MESSAGES[code] ?? '', { cause });
  return new Fault('backend_failed', 'The service that makes the video failed to make it.', { cause });
}

function codeOf({ code }: Complaint): FaultCode | undefined {
  return CODES.find(([prefix]) => code.startsWith(prefix))?.[1];
}

function causeOf({ code, message }: Complaint, status: number): Error {
  return new Error(`DashScope ${status} ${code}: ${message.slice(0, 500)}`);
}
