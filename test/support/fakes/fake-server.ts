import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FaultPlan, type NetworkFault, sendBody } from './network-fault.ts';

/** A request, read to its end. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** What is answered; an object becomes JSON. */
export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string | object;
}

/** A door in front of the engine, as people put a reverse proxy there. */
export interface Door {
  /** What `Authorization` must say. */
  readonly authorization?: string;
  /** Other headers that must be there, in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface FakeServerParts {
  answer(asked: Asked): Reply | Promise<Reply>;
  /** Takes an upgrade to a WebSocket. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly door?: Door | undefined;
}

const MOST_BODY_BYTES = 100 << 20;

/** HTTP over a real socket, with faults to order, calls to count, and a way to die and come back at the same address. */
export class FakeServer {
  readonly faults = new FaultPlan();
  /** Every request that arrived, as `METHOD /path`, in order; those that a fault swallowed too. */
  readonly calls: string[] = [];
  /** Hears of each call as it arrives. */
  onCall: ((call: string) => void) | undefined;
  readonly #parts: FakeServerParts;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;

  constructor(parts: FakeServerParts) {
    this.#parts = parts;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** How many requests began like this. */
  count(call: string): number {
    return this.calls.filter((each) => each.startsWith(call)).length;
  }

  /** Listens; the second time at the address of the first. */
  async listen(port = this.#port): Promise<void> {
    const server = createServer((request, response) => void this.#handle(request, response));
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('upgrade', (request, socket, head) => {
      const [path = ''] = (request.url ?? '').split('?');
      const call = `GET ${path}`;
      this.#note(call);
      const fault = this.faults.take(call);
      if (fault !== undefined || !this.#admits(request)) socket.destroy();
      else if (this.#parts.upgrade === undefined) socket.destroy();
      else this.#parts.upgrade(request, socket, head);
    });
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen(port, '127.0.0.1', done);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** As `kill -9` does it: every connection is reset and the port is shut. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
    if (server !== undefined) await new Promise((done) => server.close(done));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://fake');
    const call = `${request.method} ${decodeURIComponent(url.pathname)}`;
    this.#note(call);
    request.on('error', () => {});
    response.on('error', () => {});
    const fault = this.faults.take(call);
    if (fault?.kind === 'lost-request') return void request.socket.resetAndDestroy();
    const body = await readBody(request);
    if (body === undefined) return void response.writeHead(413).end();
    if (!this.#admits(request))
      return void response.writeHead(401, { 'www-authenticate': 'Basic' }).end('who are you?');
    if (fault?.kind === 'silence') return;
    if (fault?.kind === 'status')
      return void response.writeHead(fault.status).end(fault.body ?? '<html>upstream</html>');
    const reply = await this.#answer({
      method: request.method ?? 'GET',
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: request.headers,
      body,
    });
    if (fault?.kind === 'lost-answer') return void request.socket.resetAndDestroy();
    await send(response, reply, fault);
  }

  #note(call: string): void {
    this.calls.push(call);
    this.onCall?.(call);
  }

  async #answer(asked: Asked): Promise<Reply> {
    try {
      return await this.#parts.answer(asked);
    } catch (error) {
      return { status: 500, body: `500 Internal Server Error\n${error instanceof Error ? error.stack : error}` };
    }
  }

  #admits({ headers }: IncomingMessage): boolean {
    const { authorization, headers: wanted = {} } = this.#parts.door ?? {};
    return (
      (authorization === undefined || headers.authorization === authorization) &&
      Object.entries(wanted).every(([name, value]) => headers[name] === value)
    );
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > MOST_BODY_BYTES) return undefined;
      chunks.push(chunk as Buffer);
    }
  } catch {
    // The caller left in the middle; nobody hears the answer.
  }
  return Buffer.concat(chunks);
}

async function send(response: ServerResponse, reply: Reply, fault: NetworkFault | undefined): Promise<void> {
  if (fault?.kind === 'gibberish') return void response.writeHead(200).end('\u0000<this is not the answer>');
  const isRaw = reply.body === undefined || typeof reply.body === 'string' || reply.body instanceof Uint8Array;
  const body = Buffer.from(
    (isRaw ? ((reply.body as Uint8Array | string | undefined) ?? '') : JSON.stringify(reply.body)) as string,
  );
  response.writeHead(reply.status ?? 200, {
    'content-type': isRaw ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': body.length,
    ...reply.headers,
  });
  await sendBody(response, body, fault);
}

/** A body as JSON, or undefined when it is none. */
export function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The fields of a multipart body, or undefined when it is none. */
export async function formOf({ body, headers }: Asked): Promise<FormData | undefined> {
  const type = headers['content-type'] ?? '';
  try {
    return await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData();
  } catch {
    return undefined;
  }
}

/** A file with `Range` and `If-Range`, as a web server sends it. */
export function fileReply(file: Uint8Array, type: string, asked: Asked['headers']): Reply {
  const etag = `"${createHash('sha1').update(file).digest('hex')}"`;
  const headers = { 'content-type': type, 'accept-ranges': 'bytes', etag };
  const changed = asked['if-range'] !== undefined && asked['if-range'] !== etag;
  const found = changed ? null : /^bytes=(\d*)-(\d*)$/.exec(asked.range ?? '');
  if (found === null) return { headers, body: file };
  const [, from = '', to = ''] = found;
  const start = from === '' ? Math.max(0, file.length - Number(to)) : Number(from);
  const end = from === '' || to === '' ? file.length - 1 : Math.min(file.length - 1, Number(to));
  if (start > end) return { status: 416, headers: { 'content-range': `bytes */${file.length}` } };
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${file.length}` },
    body: file.subarray(start, end + 1),
  };
}
