import { Fault } from '../../domain/fault.ts';
import type { Downloaded, Downloader, Fetched, Fetcher, FetchLimits } from '../../ports/fetcher.ts';
import type { Log } from '../../ports/log.ts';
import type { Meter } from '../../ports/meter.ts';
import { BrokenOff, openPartial, TooLarge } from '../system/partial-file.ts';
import type { AllowedHost } from './allow-list.ts';
import { type Exchanged, exchange, header, type Reading, readBody, readType } from './exchange.ts';
import {
  FetchFault,
  type FetchOutcome,
  redirectDowngraded,
  redirectRefused,
  redirectToNowhere,
  shuttingDown,
  timedOut,
  tooLarge,
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

export interface GuardedFetcher extends Fetcher, Downloader {
  /** Stops what is under way and resolves when all of it has ended. */
  close(): Promise<void>;
}

const MAX_REDIRECTS = 3;
/** A download that brings nothing for so long has broken off. */
const IDLE_MS = 60_000;
/** "Range not satisfiable": what is there is no part of what they have. */
const NO_SUCH_RANGE = 416;

/**
 * The only way out to addresses that somebody else wrote. Each hop goes check → resolve → check every address →
 * connect to exactly those; nothing of one hop (connection, cookie, referrer) is known to the next.
 */
export function createFetcher(parts: FetcherParts): GuardedFetcher {
  const { allow, resolve = systemResolve, log, meter } = parts;
  const closing = new AbortController();
  const running = new Set<Promise<unknown>>();

  const check = (text: string, trust: FetchLimits['trust']): Target => checkUrl(text, trust, allow);

  async function visit<T>(target: Target, reading: Reading<T>, signal: AbortSignal): Promise<Exchanged<T>> {
    try {
      const addresses = await orAborted(checkedAddresses(target, resolve, allow), signal);
      return await exchange(target, addresses, reading, signal);
    } catch (error) {
      throw error instanceof Fault ? error : unreachable(error);
    }
  }

  async function follow<T>(
    first: Target,
    { trust }: FetchLimits,
    reading: Reading<T>,
    signal: AbortSignal,
  ): Promise<T> {
    let target = first;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
      const answer = await visit(target, reading, signal);
      if (answer.kind === 'answer') return answer.read;
      target = redirected(first, target, answer.location, trust);
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

  async function run<T>(
    target: Target,
    limits: FetchLimits,
    open: (signal: AbortSignal) => Promise<Reading<T>>,
    signal: AbortSignal,
  ): Promise<T> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(timedOut(limits.ms)), limits.ms);
    const stop = AbortSignal.any([signal, closing.signal, timeout.signal]);
    try {
      stop.throwIfAborted();
      return await follow(target, limits, await open(stop), stop);
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

  async function get<T>(
    text: string,
    limits: FetchLimits,
    open: (signal: AbortSignal) => Promise<Reading<T>>,
    signal: AbortSignal,
  ): Promise<T> {
    let target: Target | undefined;
    try {
      target = check(text, limits.trust);
      const work = run(target, limits, open, signal);
      running.add(work);
      const got = await work.finally(() => running.delete(work));
      conclude('ok', target);
      return got;
    } catch (error) {
      conclude(outcomeOf(error, signal), target, error);
      throw error;
    }
  }

  return {
    check(text, trust) {
      check(text, trust);
    },

    fetch: (url, limits, signal) => get(url, limits, async () => intoMemory(limits.bytes), signal),

    async download(url, toFile, limits, signal) {
      try {
        return await get(url, limits, (stop) => intoFile(url, toFile, limits.bytes, stop), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Fault) || error.code === 'storage_full') throw error;
        return { kind: error instanceof FetchFault && error.passing ? 'broke_off' : 'refused', cause: error };
      }
    },

    async close() {
      closing.abort(shuttingDown());
      await Promise.allSettled(running);
    },
  };
}

function intoMemory(maxBytes: number): Reading<Fetched> {
  return {
    headers: {},
    alsoGood: [],
    idleMs: 0,
    read: async (answer) => ({ bytes: await readBody(answer, maxBytes), type: readType(answer) }),
  };
}

async function intoFile(
  url: string,
  toFile: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Reading<Downloaded>> {
  const partial = await openPartial(toFile, url);
  return {
    headers: partial.headers,
    alsoGood: [NO_SUCH_RANGE],
    idleMs: IDLE_MS,
    async read(answer) {
      if (answer.statusCode === NO_SUCH_RANGE) {
        await partial.discard();
        throw new BrokenOff('what is there is no part of what they have');
      }
      const { statusCode: status, headers, body } = answer;
      const incoming = { status, header: (name: string) => header(headers, name), body };
      const bytes = await partial.receive(incoming, maxBytes, signal).catch((error: unknown) => {
        throw error instanceof TooLarge ? tooLarge(maxBytes) : error;
      });
      return { kind: 'file', bytes, type: readType(answer) };
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
