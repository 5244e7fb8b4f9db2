import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Hook } from '@inbetween/client/conformance';

const MOST_BYTES = 1 << 20;

/** Listens for webhooks on this machine and keeps what came. Port 0 takes a free one. */
export async function openHook(host: string, port: number): Promise<Hook & AsyncDisposable> {
  const heard: { body: Uint8Array; headers: Headers }[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    let size = 0;
    try {
      for await (const part of request) {
        parts.push(part as Buffer);
        size += (part as Buffer).length;
        if (size > MOST_BYTES) return void request.destroy();
      }
    } catch {
      // Whoever broke off is not answered.
      return;
    }
    heard.push({ body: Buffer.concat(parts), headers: new Headers(request.headers as Record<string, string>) });
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${own}/conformance`,
    heard,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
