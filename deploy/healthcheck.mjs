// Exit code 0 while the process answers. A worker answers on METRICS_PORT only, so it must be set for one.
const { env } = process;
const port = env.INBETWEEN_METRICS_PORT || env.METRICS_PORT || env.INBETWEEN_PORT || env.PORT || '8787';
const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4_000) }).catch(() => null);
process.exit(answer?.ok ? 0 : 1);
