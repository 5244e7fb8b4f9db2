import type { Server, ServerResponse } from 'node:http';
import type { Config } from '../config/config.ts';
import type { Readiness } from '../http/parts.ts';
import type { World } from './adapters.ts';

/**
 * Metrics, and how the process is doing, without a key: on a port of its own that the operator keeps to the inside. A
 * worker has no other.
 */
export async function serveSidePort(
  config: Config,
  { meter, log }: World,
  readiness: () => Promise<readonly Readiness[]>,
): Promise<Server | undefined> {
  if (config.server.metricsPort === undefined) return undefined;
  // Imported where it is used: the import (not `require`, which Fastify uses) also loads Node's own HTTP client, 12 MB.
  const { createServer } = await import('node:http');
  const answers: Readonly<Record<string, (response: ServerResponse) => Promise<unknown>>> = {
    '/metrics': async (response) => response.setHeader('content-type', meter.contentType).end(await meter.render()),
    '/healthz': async (response) => sendJson(response, 200, { status: 'ok' }),
    '/readyz': async (response) => {
      const parts = await readiness();
      const ready = parts.every((part) => part.ready);
      sendJson(response, ready ? 200 : 503, { status: ready ? 'ready' : 'not_ready', parts });
    },
  };
  const server = createServer((request, response) => {
    const answer = Object.hasOwn(answers, request.url ?? '') ? answers[request.url ?? ''] : undefined;
    if (answer === undefined) return void response.writeHead(404).end();
    answer(response).catch((error: unknown) => {
      log.error({ err: error }, 'could not answer on the side port');
      response.writeHead(500).end();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(config.server.metricsPort, config.server.host, resolve);
  });
  return server;
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
