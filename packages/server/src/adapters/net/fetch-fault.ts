import { Fault, type FaultCode } from '../../domain/fault.ts';

/** How a guarded fetch ended, for the counter `inbetween_fetches_total`. */
export type FetchOutcome =
  | 'ok'
  | 'refused'
  | 'unreachable'
  | 'status'
  | 'redirects'
  | 'encoding'
  | 'too_large'
  | 'timeout'
  | 'aborted';

/** A fault of a fetch that knows under which outcome it counts. */
export class FetchFault extends Fault {
  readonly outcome: FetchOutcome;
  /** It may go better in a while: nobody said no. */
  readonly passing: boolean;

  constructor(outcome: FetchOutcome, code: FaultCode, message: string, cause?: unknown, passing = false) {
    super(code, message, { cause });
    this.outcome = outcome;
    this.passing = passing;
  }
}

/**
 * The one fault for everything below HTTP: unresolvable, resolved to a private address, refused, closed, bad
 * certificate, not HTTP, broken off. Two different messages here would turn the server into a port scanner of the
 * network it stands in, so what really happened is only in `cause`, which is only logged.
 */
export const unreachable = (cause: unknown) =>
  new FetchFault('unreachable', 'image_unreachable', 'The address could not be fetched.', cause, true);

export const badStatus = (status: number) => {
  const message = `The address answered with status ${status}.`;
  const passing = status >= 500 || status === 408 || status === 429;
  return new FetchFault('status', 'image_unreachable', message, undefined, passing);
};

export const timedOut = (ms: number) => {
  const message = `The address did not deliver within ${ms / 1000} s.`;
  return new FetchFault('timeout', 'image_unreachable', message, undefined, true);
};

export const tooLarge = (limit: number) =>
  new FetchFault('too_large', 'image_too_large', `The address holds more than ${limit} bytes.`);

export const compressed = () =>
  new FetchFault(
    'encoding',
    'image_unreachable',
    'The address answered with a compressed body, which is not accepted.',
  );

export const tooManyRedirects = (limit: number) =>
  new FetchFault('redirects', 'image_unreachable', `The address redirects more than ${limit} times.`);

export const redirectToNowhere = () =>
  new FetchFault('redirects', 'image_unreachable', 'The address redirects without saying where to.');

export const redirectRefused = (cause: unknown) =>
  new FetchFault('refused', 'url_not_allowed', 'The address redirects to one that is not allowed.', cause);

export const redirectDowngraded = () =>
  new FetchFault('refused', 'url_not_allowed', 'The address redirects from https to http.');

export const shuttingDown = () =>
  new FetchFault('aborted', 'shutting_down', 'The server is shutting down.', undefined, true);
