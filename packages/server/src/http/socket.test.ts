import { once } from 'node:events';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ASK, bearer, mp4, type TestApp, testApp } from './app.fixture.ts';
import { type AppParts, DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from './parts.ts';

const BIG = mp4(8_000_000);

async function listening(changed: Partial<AppParts> = {}) {
  const test = await testApp(changed);
  await test.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = test.app.server.address() as AddressInfo;
  return Object.assign(test, { port, url: `http://127.0.0.1:${port}` });
}
type Listening = Awaited<ReturnType<typeof listening>>;

async function finished(test: TestApp, bytes: Uint8Array): Promise<string> {
  const created = await test.app.inject({
    method: 'POST',
    url: '/v1/videos',
    headers: bearer(test.alice),
    payload: ASK,
  });
  const { id } = created.json<{ id: string }>();
  await test.worker.succeed(id, bytes);
  return id;
}

/** Text over a bare socket: what comes back until the other side ends. */
async function raw(port: number, write: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  write(socket);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

const head = (test: Listening, lines: readonly string[]) =>
  [...lines, 'Host: x', `Authorization: Bearer ${test.alice}`].join('\r\n');

describe('over a real socket', () => {
  it('sends a large file whole, in ranges, and its length alone', async () => {
    await using test = await listening();
    const url = `${test.url}/v1/videos/${await finished(test, BIG)}/content`;
    const headers = bearer(test.alice);
    const whole = await fetch(url, { headers });
    expect(Buffer.from(await whole.arrayBuffer()).equals(BIG)).toBe(true);
    const part = await fetch(url, { headers: { ...headers, range: 'bytes=7000000-' } });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 7000000-7999999/8000000']);
    expect(Buffer.from(await part.arrayBuffer()).equals(BIG.subarray(7_000_000))).toBe(true);
    const only = await fetch(url, { method: 'HEAD', headers });
    expect([only.status, only.headers.get('content-length'), (await only.arrayBuffer()).byteLength]).toEqual([
      200,
      '8000000',
      0,
    ]);
  });

  it('stops reading a file when its reader has gone', async () => {
    let produced = 0;
    await using test = await listening();
    const id = await finished(test, BIG);
    const open = test.artifacts.open;
    test.artifacts.open = async (key, range, signal) => {
      const opened = await open(key, range, signal);
      if (opened === undefined) return undefined;
      return {
        bytes: opened.bytes,
        stream: (async function* () {
          for (let at = 0; at < BIG.length; at += 65_536) {
            produced += 1;
            yield BIG.subarray(at, at + 65_536);
          }
        })(),
      };
    };
    const gone = new AbortController();
    const reader = httpRequest(`${test.url}/v1/videos/${id}/content`, {
      headers: bearer(test.alice),
      signal: gone.signal,
    });
    reader.on('error', () => undefined);
    reader.end();
    const [response] = (await once(reader, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    await once(response, 'data');
    response.pause();
    const signal = test.artifacts.signals.at(-1);
    if (signal === undefined) throw new Error('the file was not opened');
    const aborted = once(signal, 'abort');
    gone.abort();
    await aborted;
    // Back-pressure: far less was read than there is, although the reader waited.
    expect(produced).toBeLessThan(BIG.length / 65_536);
    expect(test.lines).toEqual([]);
  });

  it('breaks the connection when a file is shorter than it should be', async () => {
    await using test = await listening();
    const id = await finished(test, BIG);
    test.artifacts.open = async () => ({
      bytes: BIG.length,
      stream: (async function* () {
        yield BIG.subarray(0, 1000);
      })(),
    });
    const answer = await fetch(`${test.url}/v1/videos/${id}/content`, { headers: bearer(test.alice) });
    await expect(answer.arrayBuffer()).rejects.toThrow();
    expect(test.lines).toMatchObject([{ level: 'error', message: 'reading a stored file failed' }]);
  });

  it('gives up on a body that does not arrive, in the one envelope', async () => {
    await using test = await listening({
      timeouts: { ...DEFAULT_TIMEOUTS, headersMs: 100, requestMs: 300 },
    });
    const answer = await raw(test.port, (socket) => {
      socket.write(
        `${head(test, ['POST /v1/videos HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 100'])}\r\n\r\n{"mod`,
      );
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(answer).toContain('"code":"invalid_request"');
    const headless = await raw(test.port, (socket) => socket.write('GET / HTTP/1.1\r\nHost: x\r\nX-A: '));
    expect(headless).toMatch(/^HTTP\/1\.1 408 /);
    expect(test.lines).toEqual([]);
  });

  it('answers what is not HTTP, and headers without end', async () => {
    await using test = await listening();
    const nonsense = await raw(test.port, (socket) => socket.write('hello\r\n\r\n'));
    expect(nonsense).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n.*"type":"invalid_request_error"/s);
    const long = await raw(test.port, (socket) =>
      socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`),
    );
    expect(long).toMatch(/^HTTP\/1\.1 431 /);
  });

  it('refuses a key before it reads a body', async () => {
    await using test = await listening();
    const answer = await raw(test.port, (socket) => {
      const lines = [
        'POST /v1/videos HTTP/1.1',
        'Host: x',
        'Content-Type: application/json',
        'Content-Length: 20000000',
        'Authorization: Bearer no',
      ];
      socket.write(`${lines.join('\r\n')}\r\n\r\n{`);
      socket.once('data', () => socket.destroy());
    });
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('refuses a body over the limit by what it says, and by what comes', async () => {
    await using test = await listening({ limits: { ...DEFAULT_LIMITS, bodyBytes: 1000, inFlightBytes: 10_000 } });
    const told = await fetch(`${test.url}/v1/videos`, {
      method: 'POST',
      headers: { ...bearer(test.alice), 'content-type': 'application/json' },
      body: 'x'.repeat(2000),
    });
    expect(told.status).toBe(413);
    const chunked = await raw(test.port, (socket) => {
      socket.write(
        `${head(test, ['POST /v1/videos HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked'])}\r\n\r\n`,
      );
      socket.write(`7d0\r\n${'x'.repeat(2000)}\r\n`);
    });
    expect(chunked).toMatch(/^HTTP\/1\.1 413 .*request_too_large/s);
  });

  it('holds only so many bodies at once, and has room again afterwards', async () => {
    await using test = await listening({ limits: { ...DEFAULT_LIMITS, inFlightBytes: DEFAULT_LIMITS.bodyBytes } });
    const slow = connect(test.port, '127.0.0.1');
    await once(slow, 'connect');
    slow.write(
      `${head(test, ['POST /v1/videos HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked', 'Expect: 100-continue'])}\r\n\r\n`,
    );
    await once(slow, 'data');
    const post = () =>
      fetch(`${test.url}/v1/videos`, {
        method: 'POST',
        headers: { ...bearer(test.alice), 'content-type': 'application/json' },
        body: JSON.stringify(ASK),
      });
    // "100 Continue" is written just before the gate is passed, so the first may still slip in.
    let refused = await post();
    while (refused.status === 200) refused = await post();
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    slow.destroy();
    let accepted = await post();
    while (accepted.status === 503) accepted = await post();
    expect(accepted.status).toBe(200);
  });
});

describe('closing', () => {
  it('finishes what is open, drops what is idle, and takes nothing new', async () => {
    const test = await listening();
    const id = await finished(test, BIG);
    const agent = new Agent({ keepAlive: true });
    const idle = httpRequest(`${test.url}/healthz`, { agent }).end();
    const [first] = (await once(idle, 'response')) as [IncomingMessage];
    first.resume();
    await once(first, 'end');

    const reader = httpRequest(`${test.url}/v1/videos/${id}/content`, {
      headers: { ...bearer(test.alice), connection: 'keep-alive' },
    }).end();
    const [response] = (await once(reader, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    const closed = test.app.close();
    for await (const chunk of response) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).length).toBe(BIG.length);
    await closed;
    await expect(fetch(`${test.url}/healthz`)).rejects.toThrow();
    agent.destroy();
  });

  it('tells a request that still gets in to come back, in the one envelope', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const test = await listening({
      readiness: async () => {
        await held;
        return [];
      },
    });
    const socket = connect(test.port, '127.0.0.1');
    await once(socket, 'connect');
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    const arrived = once(test.app.server, 'request');
    socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived;
    const closed = test.app.close();
    // Pipelined behind the open one: it reaches the server while that is closing.
    const second = once(test.app.server, 'request');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await second;
    release();
    await once(socket, 'close');
    await closed;
    const text = Buffer.concat(chunks).toString();
    expect(text).toContain('"status":"ready"');
    if (text.includes('503')) expect(text).toContain('"code":"shutting_down"');
  });

  it('cuts off a reader that has stopped reading', async () => {
    const test = await listening({ timeouts: { ...DEFAULT_TIMEOUTS, closeMs: 50 } });
    const id = await finished(test, BIG);
    const reader = httpRequest(`${test.url}/v1/videos/${id}/content`, { headers: bearer(test.alice) }).end();
    reader.on('error', () => undefined);
    const [response] = (await once(reader, 'response')) as [IncomingMessage];
    response.on('error', () => undefined);
    await test.app.close();
  });
});
