/** What came of a POST. Whatever the receiver says beside its status is not read. */
export interface Posted {
  readonly status: number;
  /** What it asked for in `Retry-After`, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;
}

export interface Post {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The only way to POST to an address that a caller wrote. Resolves for every HTTP answer, and follows no redirect.
 * Rejects with a Fault that tells nothing of our network when there was no answer.
 */
export interface Poster {
  /** Checks scheme, user info, port and literal addresses without any traffic; throws Fault `url_not_allowed`. */
  check(url: string): void;
  post(url: string, post: Post, ms: number, signal: AbortSignal): Promise<Posted>;
}
