import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';

/** A server for tests, closed by `await using`. */
export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
  /** Every request line seen, or for raw servers the first bytes of each connection. */
  readonly seen: string[];
  /** Connections open right now. */
  open(): number;
}

/** A real HTTP server on one loopback address (`127.0.0.1`, `127.0.0.2`, `::1`…). */
export async function httpServer(listener: RequestListener, host = '127.0.0.1', port = 0): Promise<LoopbackServer> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.headers.host}${request.url}`);
    listener(request, response);
  });
  return serve(server, seen, host, port);
}

/** A TCP server that answers the first bytes of each connection with whatever `answer` writes. */
export async function rawServer(answer: (socket: Socket) => void, host = '127.0.0.1'): Promise<LoopbackServer> {
  const seen: string[] = [];
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      seen.push(bytes.toString('latin1'));
      answer(socket);
    });
  });
  return serve(server, seen, host, 0);
}

async function serve(
  server: ReturnType<typeof createTcpServer>,
  seen: string[],
  host: string,
  port: number,
): Promise<LoopbackServer> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(port, host, resolve);
  await promise;
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    open: () => sockets.size,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}
