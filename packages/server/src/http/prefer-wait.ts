import type { FastifyRequest } from 'fastify';
import { Fault } from '../domain/fault.ts';

/** The longest a request is held open, in seconds. Proxies give up on silent requests after a minute or so. */
export const WAIT_MAX_S = 60;

/** How long a caller is willing to wait for news. */
export interface WaitWish {
  readonly seconds: number;
  /** Asked for by `Prefer`, which wants to be told whether it was heeded. */
  readonly preferred: boolean;
}

/**
 * Reads `?wait=n` or `Prefer: wait=n`. A preference is heeded as far as possible (RFC 7240), so more than a minute is a
 * minute and nonsense is nothing; a query that cannot be met is refused.
 */
export function readWait(request: Pick<FastifyRequest, 'query' | 'headers'>): WaitWish | undefined {
  const { wait } = request.query as { readonly wait?: unknown };
  if (wait !== undefined) {
    if (typeof wait === 'string' && /^\d{1,2}$/.test(wait) && Number(wait) <= WAIT_MAX_S) {
      return { seconds: Number(wait), preferred: false };
    }
    throw new Fault('invalid_request', `wait must be a whole number of seconds from 0 to ${WAIT_MAX_S}.`, {
      param: 'wait',
    });
  }
  const prefer = [request.headers['prefer'] ?? []].flat().join(',');
  const seconds = /(?:^|,)\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:[;,]|$)/i.exec(prefer)?.[1];
  return seconds === undefined ? undefined : { seconds: Math.min(WAIT_MAX_S, Number(seconds)), preferred: true };
}
