import type { Fault } from '../../domain/fault.ts';
import type { Fetcher, FetchLimits } from '../../ports/fetcher.ts';
import { readAllowList } from './allow-list.ts';
import { createFetcher, type GuardedFetcher } from './fetcher.ts';
import type { Resolve } from './resolve.ts';

/** A guarded fetcher for tests that writes down what it looked up, counted and logged. */
export interface WatchedFetcher extends AsyncDisposable {
  readonly fetcher: GuardedFetcher;
  readonly lookedUp: string[];
  readonly outcomes: string[];
  readonly logged: object[];
  /** Fetches as from a caller, within 64 KiB and 5 s unless told otherwise. */
  get(url: string, limits?: Partial<FetchLimits>, signal?: AbortSignal): ReturnType<Fetcher['fetch']>;
}

/**
 * @param allow stands for "public" in these tests: no test may talk to the Internet, so one loopback address is
 *   exempted to play a public host, and the others stay what they are
 * @param names what the resolver answers; a list of lists is answered one after the other
 */
export function watchedFetcher(
  allow: string,
  names: Readonly<Record<string, readonly string[] | Resolve>> = {},
): WatchedFetcher {
  const lookedUp: string[] = [];
  const outcomes: string[] = [];
  const logged: object[] = [];
  const note = (facts: object) => void logged.push(facts);
  const fetcher = createFetcher({
    allow: readAllowList(allow),
    async resolve(name) {
      lookedUp.push(name);
      const answer = names[name];
      if (answer === undefined) throw Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' });
      return typeof answer === 'function' ? answer(name) : answer;
    },
    log: { debug: note, info: note, warn: note, error: note },
    meter: { count: (_name, labels) => void outcomes.push(labels?.['outcome'] ?? ''), observe: () => {} },
  });
  return {
    fetcher,
    lookedUp,
    outcomes,
    logged,
    get: (url, limits = {}, signal = new AbortController().signal) =>
      fetcher.fetch(url, { bytes: 64 * 1024, ms: 5000, trust: 'public', ...limits }, signal),
    [Symbol.asyncDispose]: () => fetcher.close(),
  };
}

/** What the caller is told when a fetch fails: code and message, nothing else. */
export async function told(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing',
    (fault: Fault) => `${fault.code}: ${fault.message}`,
  );
}

/** The one sentence for everything that happens below HTTP. */
export const UNREACHABLE = 'image_unreachable: The address could not be fetched.';
