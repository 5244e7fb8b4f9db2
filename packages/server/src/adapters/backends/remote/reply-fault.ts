import { Fault } from '../../../domain/fault.ts';
import type { PeerReply } from './peer-http.ts';
import { NoReply } from './remote-api.ts';

/**
 * Statuses by which something in between says that it had no answer itself (bad gateway, gateway timeout, and the
 * 52x of a well-known network): the peer behind it may have accepted.
 */
const NO_ANSWER_BEHIND: ReadonlySet<number> = new Set([408, 499, 502, 504, 520, 521, 522, 523, 524]);

/**
 * What an answer with an error status means where a peer's own error words say nothing better. The peer's text goes into
 * the cause, which is only logged.
 */
export function faultOfStatus(reply: PeerReply): Fault | NoReply {
  const { status, text, retryAfterMs } = reply;
  const cause = new Error(`status ${status}: ${text}`);
  const details = retryAfterMs === undefined ? { cause } : { cause, retryAfterMs };
  if (NO_ANSWER_BEHIND.has(status)) return new NoReply(`a gateway answered ${status}`, true, cause);
  if (status === 429) return new Fault('rate_limited', 'The service that makes the video has too much to do.', details);
  if (status === 401 || status === 403 || status === 402) return refused(cause);
  if (status >= 500)
    return new Fault('backend_unavailable', 'The service that makes the video is out of order.', details);
  if (status >= 300 && status < 400) return refused(cause);
  if (status === 404 || status === 405) return refused(cause);
  return new Fault('backend_failed', 'The service that makes the video refused the request.', {
    cause,
    retryable: false,
  });
}

/** Our credential, account or address is wrong: nothing the caller could change. */
export function refused(cause: unknown): Fault {
  return new Fault('backend_misconfigured', 'The service that makes the video is not set up for this request.', {
    cause,
  });
}

/** What it means that a finished video is not given. */
export function faultOfResult(reply: PeerReply): Fault | NoReply {
  if (reply.status !== 404 && reply.status !== 410) return faultOfStatus(reply);
  return resultGone(`status ${reply.status}: ${reply.text}`);
}

/** It was made, and nobody fetched it in time. */
export function resultGone(why: string): Fault {
  const message = 'The finished video is gone at the service that made it.';
  return new Fault('backend_failed', message, { cause: new Error(why) });
}

/** Somebody stopped the work at the peer itself, and will not want it begun again. */
export function stoppedThere(peer: string): Fault {
  const cause = new Error(`somebody stopped it at ${peer}`);
  return new Fault('cancelled', 'The work was stopped at the service that makes the video.', { cause });
}
