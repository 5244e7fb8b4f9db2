import type { GenerationConfig } from './backends/backend-config.ts';
import type { PriceTable } from './money.ts';
import type { LaneName } from './parser.ts';
import type { Values } from './settings.ts';

/** The configuration, grouped by who needs it. Times are milliseconds, sizes bytes, and undefined means never or unset. */
export interface Config {
  readonly server: {
    readonly host: string;
    readonly port: number;
    /** Without a slash at its end. */
    readonly publicUrl: string | undefined;
    /** Nobody, a number of hops, or addresses: what Fastify calls `trustProxy`. */
    readonly trustProxy: false | number | readonly string[];
    readonly maxBodyInFlightBytes: number;
    readonly shutdownGraceMs: number;
    readonly metricsPort: number | undefined;
    readonly dialects: Values['dialects'];
    /** Of pages that may call from a browser. */
    readonly corsOrigins: readonly string[];
    readonly modelAliases: Readonly<Record<string, string>>;
    /** How long a process that is to stop still answers while it says that it is not ready. */
    readonly shutdownDelayMs: number;
    /** Videos that may wait for their first attempt; undefined: any number. */
    readonly queueLimit: number | undefined;
    /** Plays along with tests of clients. */
    readonly simulates: boolean;
  };
  readonly access: {
    readonly apiKey: string | undefined;
    /** Signs the callbacks of owner `default`. */
    readonly webhookSecret: string | undefined;
    /** As written; `adapters/net` reads it. */
    readonly fetchAllow: string;
    /** Undefined: nothing is checked. */
    readonly moderation: ModerationConfig | undefined;
  };
  readonly data: {
    readonly folder: string;
    readonly diskReserveBytes: number;
  };
  /** Undefined: the embedded SQLite file. */
  readonly postgres: { readonly url: string; readonly connections: number } | undefined;
  /** Undefined: files in the data folder. */
  readonly s3: S3Config | undefined;
  /** A step before or after which the process kills itself: for tests. */
  readonly crashAt: string | undefined;
  readonly worker: {
    readonly lanes: readonly LaneName[];
    /** Undefined: as many as its backends have places. */
    readonly concurrency: number | undefined;
    /** A worker that is silent for longer is lost. */
    readonly termMs: number;
  };
  readonly render: {
    /** With `ffmpeg` there is a path. */
    readonly encoder: { readonly kind: 'builtin' } | { readonly kind: 'ffmpeg'; readonly path: string };
    readonly concurrency: number;
    readonly threads: number | 'auto';
    /** Whom the content label in every MP4 names. */
    readonly labelNames: { readonly producer: string; readonly propagator: string };
    /** PEM files that sign finished videos; undefined: nothing is signed. */
    readonly c2pa: { readonly certificate: string; readonly key: string } | undefined;
  };
  /** What videos cost their owners. */
  readonly usage: {
    readonly currency: string;
    /** Of a second, by model and size, in micro-units. */
    readonly perSecond: PriceTable;
    readonly cancelCharge: Values['cancelCharge'];
  };
  /** Who makes which model's videos. */
  readonly generation: GenerationConfig;
  /** The settable part of the domain's policy; compose completes it. */
  readonly life: {
    readonly pendingDeadlineMs: number;
    readonly queuedDeadlineMs: number;
    /** Of one attempt of the built-in renderer. */
    readonly renderDeadlineMs: number;
    readonly stallMs: number;
    readonly stopLimitMs: number;
    readonly lateLimitMs: number;
    readonly lateTtlMs: number;
    readonly resultTtlMs: number | undefined;
    readonly rowTtlMs: number | undefined;
    readonly idempotencyTtlMs: number;
    readonly fileTtlMs: number | undefined;
  };
  readonly log: {
    readonly level: Values['logLevel'];
    readonly format: Values['logFormat'];
  };
  /** What looks like a mistake but keeps nothing from working; to be logged once there is a log. */
  readonly warnings: readonly string[];
}

export interface S3Config {
  readonly bucket: string;
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly pathStyle: boolean;
  readonly prefix: string;
  /** Undefined: content goes through us. */
  readonly links: { readonly endpoint: string | undefined } | undefined;
}

/** A service of the operator's that judges what callers ask for. */
export interface ModerationConfig {
  readonly url: string;
  readonly secret: string | undefined;
  readonly timeoutMs: number;
  readonly withoutVerdict: 'closed' | 'open';
}

function moderationOf(values: Values): ModerationConfig | undefined {
  const { moderationUrl: url, moderationSecret: secret, moderationTimeout: timeoutMs } = values;
  return url === undefined ? undefined : { url, secret, timeoutMs, withoutVerdict: values.moderationFail };
}

function s3Of(values: Values): S3Config | undefined {
  if (values.s3Bucket === undefined) return undefined;
  return {
    bucket: values.s3Bucket,
    endpoint: values.s3Endpoint,
    region: values.s3Region,
    pathStyle: values.s3PathStyle === 'auto' ? values.s3Endpoint !== undefined : values.s3PathStyle === 'on',
    prefix: values.s3Prefix,
    links: values.s3Links === 'on' ? { endpoint: values.s3PublicEndpoint ?? values.s3Endpoint } : undefined,
  };
}

/** Groups checked values. */
export function groupValues(
  values: Values,
  generation: GenerationConfig,
  perSecond: PriceTable,
  warnings: readonly string[],
): Config {
  return {
    server: {
      host: values.host,
      port: values.port,
      publicUrl: values.publicUrl,
      trustProxy: values.trustProxy,
      maxBodyInFlightBytes: values.maxBodyInFlight,
      shutdownGraceMs: values.shutdownGrace,
      metricsPort: values.metricsPort,
      dialects: values.dialects,
      corsOrigins: values.corsOrigins,
      modelAliases: values.modelAliases,
      shutdownDelayMs: values.shutdownDelay,
      queueLimit: values.queueLimit,
      simulates: values.simulate,
    },
    access: {
      apiKey: values.apiKey,
      webhookSecret: values.webhookSecret,
      fetchAllow: values.fetchAllow,
      moderation: moderationOf(values),
    },
    data: { folder: values.dataDir, diskReserveBytes: values.diskReserve },
    postgres:
      values.databaseUrl === undefined ? undefined : { url: values.databaseUrl, connections: values.databasePool },
    s3: s3Of(values),
    crashAt: values.crashAt,
    worker: { lanes: values.lanes, concurrency: values.concurrency, termMs: values.workerTerm },
    render: {
      encoder:
        values.encoder === 'ffmpeg' && values.ffmpegPath !== undefined
          ? { kind: 'ffmpeg', path: values.ffmpegPath }
          : { kind: 'builtin' },
      concurrency: values.renderConcurrency,
      threads: values.renderThreads,
      labelNames: { producer: values.labelProducer, propagator: values.labelPropagator },
      c2pa:
        values.c2paCertificate === undefined || values.c2paKey === undefined
          ? undefined
          : { certificate: values.c2paCertificate, key: values.c2paKey },
    },
    usage: { currency: values.currency, perSecond, cancelCharge: values.cancelCharge },
    generation,
    life: {
      pendingDeadlineMs: values.pendingDeadline,
      queuedDeadlineMs: values.queuedDeadline,
      renderDeadlineMs: values.renderDeadline,
      stallMs: values.stallDeadline,
      stopLimitMs: values.stopDeadline,
      lateLimitMs: values.lateDeadline,
      lateTtlMs: values.lateTtl,
      resultTtlMs: values.resultTtl,
      rowTtlMs: values.rowTtl,
      idempotencyTtlMs: values.idempotencyTtl,
      fileTtlMs: values.fileTtl,
    },
    log: { level: values.logLevel, format: values.logFormat },
    warnings,
  };
}
