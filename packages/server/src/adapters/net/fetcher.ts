import { Fault } from '../../domain/fault.ts';
import type { Fetched, Fetcher, FetchLimits } from '../../ports/fetcher.ts';
import type { Log } from '../../ports/log.ts';
import type { Meter } from '../../ports/meter.ts';
import type { AllowedHost } from './allow-list.ts';
import { type Exchanged, exchange } from './exchange.ts';
import {
  FetchFault,
  type FetchOutcome,
  redirectDowngraded,
  redirectRefused,
  redirectToNowhere,
  shuttingDown,
  timedOut,
  tooManyRedirects,
  unreachable,
} from './fetch-fault.ts';
import { checkedAddresses, type Resolve, systemResolve } from './resolve.ts';
import { checkUrl, type Target } from './url-check.ts';

/** What the guarded fetcher is made of. */
export interface FetcherParts {
  /** Hosts the operator exempts from the address and port checks. */
  readonly allow: readonly AllowedHost[];
  /** The operating system's resolver unless given. */
  readonly resolve?: Resolve;
  readonly log: Log;
  readonly meter: Meter;
}

const MAX_REDIRECTS = 3;

/**
 * The only way out to addresses that somebody else wrote. Each hop goes check → resolve → check every address →
 * connect to exactly those; nothing of one hop (connection, cookie, referrer) is known to the next.
 *
 * `close` stops what is under way and resolves when all of it has ended.
 */
export function createFetcher(parts: FetcherParts): Fetcher & { close(): Promise<void> } {
  const { allow, resolve = systemResolve, log, meter } = parts;
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  const check = (text: string, trust: FetchLimits['trust']): Target => checkUrl(text, trust, allow);

  async function visit(target: Target, limits: FetchLimits, signal: AbortSignal): Promise<Exchanged> {
    try {
      const addresses = await orAborted(checkedAddresses(target, resolve, allow), signal);
      return await exchange(target, addresses, limits.bytes, signal);
    } catch (error) {
      throw error instanceof Fault ? error : unreachable(error);
    }
  }

  async function follow(first: Target, limits: FetchLimits, signal: AbortSignal): Promise<Fetched> {
    let target = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const answer = await visit(target, limits, signal);
      if (answer.kind === 'fetched') return answer.fetched;
      target = redirected(first, target, answer.location, limits.trust);
    }
    throw tooManyRedirects(MAX_REDIRECTS);
  }

  function redirected(first: Target, from: Target, location: string, trust: FetchLimits['trust']): Target {
    if (!URL.canParse(location, from.url.href)) throw redirectToNowhere();
    const url = new URL(location, from.url.href);
    // Whoever can read or change the second leg would have the picture, whatever the first one promised.
    if (from.url.protocol === 'https:' && url.protocol === 'http:') throw redirectDowngraded();
    try {
      // A configured origin speaks for itself only; where it sends us is as foreign as what a caller writes.
      return check(url.href, url.origin === first.url.origin ? trust : 'public');
    } catch (error) {
      throw redirectRefused(error);
    }
  }

  async function run(target: Target, limits: FetchLimits, signal: AbortSignal): Promise<Fetched> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(timedOut(limits.ms)), limits.ms);
    const stop = AbortSignal.any([signal, closing.signal, timeout.signal]);
    try {
      stop.throwIfAborted();
      return await follow(target, limits, stop);
    } catch (error) {
      // Being stopped shows as some network error; what matters is who stopped it.
      throw stop.aborted ? stop.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }

  function conclude(outcome: FetchOutcome, target: Target | undefined, error?: unknown): void {
    meter.count('inbetween_fetches_total', { outcome });
    // Host only: paths and queries of callers' URLs hold signatures.
    if (outcome !== 'ok') log.info({ outcome, host: target?.url.host, error }, 'a fetch failed');
  }

  return {
    check(text, trust) {
      check(text, trust);
    },

    async fetch(text, limits, signal) {
      let target: Target | undefined;
      try {
        target = check(text, limits.trust);
        const work = run(target, limits, signal);
        running.add(work);
        const fetched = await work.finally(() => running.delete(work));
        conclude('ok', target);
        return fetched;
      } catch (error) {
        conclude(outcomeOf(error, signal), target, error);
        throw error;
      }
    },

    async close() {
      closing.abort(shuttingDown());
      await Promise.allSettled(running);
    },
  };
}

function outcomeOf(error: unknown, signal: AbortSignal): FetchOutcome {
  if (error instanceof FetchFault) return error.outcome;
  return signal.aborted ? 'aborted' : 'refused';
}

/** The promise, or a rejection as soon as the signal aborts: a resolver cannot be stopped, only left alone. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
