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
    readonly modelAliases: Readonly<Record<string, string>>;
  };
  readonly access: {
    readonly apiKey: string | undefined;
    /** Signs the callbacks of owner `default`. */
    readonly webhookSecret: string | undefined;
    /** As written; `adapters/net` reads it. */
    readonly fetchAllow: string;
  };
  readonly data: {
    readonly folder: string;
    readonly diskReserveBytes: number;
  };
  readonly render: {
    /** With `ffmpeg` there is a path. */
    readonly encoder: { readonly kind: 'builtin' } | { readonly kind: 'ffmpeg'; readonly path: string };
    readonly concurrency: number;
    readonly threads: number | 'auto';
  };
  /** The settable part of the domain's policy; compose completes it. */
  readonly life: {
    readonly pendingDeadlineMs: number;
    readonly queuedDeadlineMs: number;
    /** Of one attempt of the built-in renderer. */
    readonly renderDeadlineMs: number;
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

/** Groups checked values. */
export function groupValues(values: Values, warnings: readonly string[]): Config {
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
      modelAliases: values.modelAliases,
    },
    access: { apiKey: values.apiKey, webhookSecret: values.webhookSecret, fetchAllow: values.fetchAllow },
    data: { folder: values.dataDir, diskReserveBytes: values.diskReserve },
    render: {
      encoder:
        values.encoder === 'ffmpeg' && values.ffmpegPath !== undefined
          ? { kind: 'ffmpeg', path: values.ffmpegPath }
          : { kind: 'builtin' },
      concurrency: values.renderConcurrency,
      threads: values.renderThreads,
    },
    life: {
      pendingDeadlineMs: values.pendingDeadline,
      queuedDeadlineMs: values.queuedDeadline,
      renderDeadlineMs: values.renderDeadline,
      resultTtlMs: values.resultTtl,
      rowTtlMs: values.rowTtl,
      idempotencyTtlMs: values.idempotencyTtl,
      fileTtlMs: values.fileTtl,
    },
    log: { level: values.logLevel, format: values.logFormat },
    warnings,
  };
}
