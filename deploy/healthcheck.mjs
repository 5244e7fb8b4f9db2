// Exit code 0 while the process answers. A worker answers on METRICS_PORT only.
const port = process.env.METRICS_PORT || process.env.PORT || '8787';
const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4_000) }).catch(() => null);
process.exit(answer?.ok ? 0 : 1);
