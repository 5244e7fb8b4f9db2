/** What a fetch may cost and whom it trusts. No member has a default: each caller must say. */
export interface FetchLimits {
  readonly bytes: number;
  /** Total time, from resolving the name to the last byte. */
  readonly ms: number;
  /**
   * `public`: an address from a caller or from an upstream's answer; only globally reachable unicast addresses, every
   * redirect checked again. `configured`: an origin the operator wrote into the configuration; no address check.
   */
  readonly trust: 'public' | 'configured';
}

export interface Fetched {
  readonly bytes: Uint8Array;
  /** Media type without parameters, lower case; empty when the server sent none. Not to be believed. */
  readonly type: string;
}

/** The only way to GET a URL that somebody else wrote. Rejects with a Fault that tells the caller nothing of our network. */
export interface Fetcher {
  /** Checks scheme, user info, port and literal addresses without any traffic; throws Fault `url_not_allowed`. */
  check(url: string, trust: FetchLimits['trust']): void;
  fetch(url: string, limits: FetchLimits, signal: AbortSignal): Promise<Fetched>;
}

/** How a download ended. */
export type Downloaded =
  | {
      readonly kind: 'file';
      readonly bytes: number;
      /** Media type without parameters, lower case. Not to be believed. */
      readonly type: string;
    }
  /** Nobody said no: asked again, it may go better, and goes on where it stopped. */
  | { readonly kind: 'broke_off'; readonly cause: Error }
  /** The address may not be asked, says no, or holds too much. */
  | { readonly kind: 'refused'; readonly cause: Error };

/** The only way to bring a file from a URL that somebody else wrote to disk, under the same checks as `Fetcher`. */
export interface Downloader {
  /**
   * Streams into a new file; nothing is there until all of it is. Asked again for the same address and file, it goes on where
   * it broke off, if the other end can do that.
   *
   * @throws the signal's reason; Fault `storage_full`
   */
  download(url: string, toFile: string, limits: FetchLimits, signal: AbortSignal): Promise<Downloaded>;
}
