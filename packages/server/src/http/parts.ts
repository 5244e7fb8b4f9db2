import type { Prices } from '../domain/charge.ts';
import type { Model, SizeTier } from '../domain/model.ts';
import type { Audit } from '../service/audit.ts';
import type { Endpoints } from '../service/endpoints.ts';
import type { Files } from '../service/files.ts';
import type { Keys } from '../service/keys.ts';
import type { Owners } from '../service/owners.ts';
import type { UsageBooks } from '../service/usage.ts';
import type { Videos } from '../service/videos.ts';
import type { DialectName } from './dialect-name.ts';
import type { UrlSigner } from './signature.ts';

/** Structured log lines: an object of facts, then a short sentence. Never prompts, pictures, keys or queries. */
export interface HttpLog {
  debug(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** One duration per request, by route pattern, never by path. */
export interface HttpMeter {
  observe(name: 'inbetween_http_request_seconds', seconds: number, labels: Readonly<Record<string, string>>): void;
}

/** What a backend can do right now, as far as callers are told. */
export interface ModelCapabilities {
  readonly ready: boolean;
  readonly problems: readonly string[];
  readonly sizes: readonly SizeTier[];
  readonly billed: boolean;
  readonly cancel: 'stops' | 'ignores';
  readonly honoursSeed: boolean;
  readonly honoursNegativePrompt: boolean;
  readonly generative: boolean;
}

/** A model and the backend that serves it now. */
export interface ModelStatus {
  readonly model: Model;
  /** Who makes the next video of it. */
  readonly backend: string;
  readonly capabilities: ModelCapabilities;
  /** All who make it, the best first. */
  readonly backends: readonly BackendStatus[];
}

/** One of a model's backends, as far as callers are told. */
export interface BackendStatus {
  readonly name: string;
  readonly capabilities: Pick<ModelCapabilities, 'ready' | 'sizes' | 'billed'>;
  /** By size, of a second of video. */
  readonly price?: { readonly currency: string; readonly perSecond: Readonly<Record<string, number>> } | undefined;
}

/** One thing the server needs to do its work. `problem` is shown to everyone, so it names no path, host or key. */
export interface Readiness {
  readonly name: string;
  readonly ready: boolean;
  readonly problem?: string | undefined;
}

/** How long a peer may take. */
export interface HttpTimeouts {
  /** From the first byte of a request to the end of its headers. */
  readonly headersMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestMs: number;
  /** A connection on which nothing moves while a request is open, such as a reader that has stopped reading. */
  readonly idleMs: number;
  /** Between two requests of one connection. */
  readonly keepAliveMs: number;
  /** `close()` waits this long for open requests, then cuts them off. */
  readonly closeMs: number;
  /** An event stream says something at least this often, so that nobody in between takes it for dead. */
  readonly heartbeatMs: number;
  /** An event stream ends after this long; whoever comes back must still have a valid key. */
  readonly streamMs: number;
}

/** A 28 MiB body over a slow 1 Mbit/s line takes four minutes, hence `requestMs`. */
export const DEFAULT_TIMEOUTS: HttpTimeouts = {
  headersMs: 20_000,
  requestMs: 300_000,
  idleMs: 90_000,
  keepAliveMs: 72_000,
  closeMs: 30_000,
  heartbeatMs: 15_000,
  streamMs: 15 * 60_000,
};

/** How much a body, and all bodies together, may weigh, and how many requests may wait for news at one time. */
export interface HttpLimits {
  readonly bodyBytes: number;
  readonly inFlightBytes: number;
  readonly waiters: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  bodyBytes: 28 * 1024 * 1024,
  inFlightBytes: 256 * 1024 * 1024,
  waiters: 10_000,
};

/** Everything the HTTP layer needs; `compose/` puts it together. */
export interface AppParts {
  readonly videos: Videos;
  readonly endpoints: Endpoints;
  readonly keys: Pick<Keys, 'authenticate' | 'recall' | 'create' | 'list' | 'revoke'>;
  readonly audit: Audit;
  readonly owners: Owners;
  readonly usage: UsageBooks;
  /** What videos cost their owners; its currency is that of budgets and the ledger too. */
  readonly prices: Prices;
  readonly files: Files;
  readonly signer: UrlSigner;
  readonly clock: { now(): number };
  readonly log: HttpLog;
  readonly meter: HttpMeter;
  /** The models in the order they are shown. */
  models(): readonly ModelStatus[];
  /** Other names of models in the OpenAI dialect, and the models they stand for. */
  readonly modelAliases: Readonly<Record<string, string>>;
  /** The wire languages that are mounted beside the native one. */
  readonly dialects: readonly DialectName[];
  /** Origins of pages that may call from a browser. */
  readonly corsOrigins: readonly string[];
  /** Where callers reach the server, such as `https://video.example.com`; never taken from a request. */
  publicUrl(): string;
  /** Prometheus text. */
  renderMetrics(): Promise<string>;
  /** Looked up again at each call; what is slow to find out is to be cached behind it. */
  readiness(): Promise<readonly Readiness[]>;
  readonly limits: HttpLimits;
  readonly timeouts: HttpTimeouts;
  /** Whose `X-Forwarded-*` is believed: nobody, that many proxies in front, or these addresses and CIDRs. */
  readonly trustProxy: false | number | readonly string[];
  readonly version: string;
  readonly examples: {
    /** A command line that makes a first video at this address. */
    curl(publicUrl: string): string;
  };
}
