import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Fault } from '../../domain/fault.ts';
import { told, UNREACHABLE, watchedFetcher } from './fetcher.fixture.ts';
import { httpServer, rawServer } from './loopback.fixture.ts';

const PUBLIC = '127.0.0.1';

describe('a good answer', () => {
  test('comes with its bytes and its media type without parameters', async () => {
    await using server = await httpServer((request, response) => {
      response.setHeader('content-type', 'Image/PNG; charset=x');
      response.end(`${request.url} ${request.headers['accept-encoding']} ${request.headers.connection}`);
    });
    await using watched = watchedFetcher(PUBLIC);
    const fetched = await watched.get(`http://127.0.0.1:${server.port}/a%20b.png?x=1&y=#fragment`);
    expect(Buffer.from(fetched.bytes).toString()).toBe('/a%20b.png?x=1&y= identity close');
    expect(fetched.type).toBe('image/png');
    expect(watched.outcomes).toEqual(['ok']);
  });

  test('over IPv6', async () => {
    await using server = await httpServer((_request, response) => response.end('six'), '::1');
    await using watched = watchedFetcher('::1', { 'six.example.com': ['::1'] });
    expect((await watched.get(`http://[::1]:${server.port}/`)).bytes).toHaveLength(3);
    expect((await watched.get(`http://six.example.com:${server.port}/`)).bytes).toHaveLength(3);
    expect(server.seen).toEqual([`GET [::1]:${server.port}/`, `GET six.example.com:${server.port}/`]);
  });

  test('without Content-Length, with a chunked body, empty', async () => {
    await using plain = await rawServer((socket) => socket.end('HTTP/1.0 200 OK\r\n\r\nto the end'));
    await using chunked = await httpServer((_request, response) => {
      response.write('in ');
      response.end('parts');
    });
    await using empty = await httpServer((_request, response) => response.writeHead(204).end());
    await using watched = watchedFetcher(PUBLIC);
    const text = async (port: number) => Buffer.from((await watched.get(`http://127.0.0.1:${port}/`)).bytes).toString();
    expect(await text(plain.port)).toBe('to the end');
    expect(await text(chunked.port)).toBe('in parts');
    expect(await text(empty.port)).toBe('');
  });

  test('of exactly the limit is whole, in pieces of one byte as well', async () => {
    const body = Buffer.alloc(200_000, 'ab');
    await using server = await rawServer((socket) => {
      const chunk = (byte: number) => `1\r\n${String.fromCharCode(byte)}\r\n`;
      socket.end(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${[...body].map(chunk).join('')}0\r\n\r\n`);
    });
    await using watched = watchedFetcher(PUBLIC);
    const { bytes } = await watched.get(`http://127.0.0.1:${server.port}/`, { bytes: body.length });
    expect(body.equals(bytes)).toBe(true);
  });
});

describe('limits', () => {
  test('more bytes than allowed, told beforehand: nothing is read', async () => {
    await using server = await httpServer((_request, response) => {
      response.setHeader('content-length', 5_000_000);
      response.write('x');
    });
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`, { bytes: 1000 }))).toBe(
      'image_too_large: The address holds more than 1000 bytes.',
    );
    expect(watched.outcomes).toEqual(['too_large']);
  });

  test('more bytes than allowed, not told: reading stops there', async () => {
    await using server = await httpServer((_request, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(10_000)));
      };
      response.on('drain', more);
      more();
    });
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`, { bytes: 100_000 }))).toContain(
      'image_too_large',
    );
  });

  test.each([
    ['never answers', ''],
    ['drips its headers', 'HTTP/1.1 200 OK\r\nx-'],
    ['drips its body', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('a server that %s is left after the total time', async (_name, start) => {
    await using server = await rawServer((socket) => {
      socket.write(start);
      const drip = start === '' ? undefined : setInterval(() => socket.write('x'), 10);
      socket.once('close', () => clearInterval(drip));
    });
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`, { ms: 200 }))).toBe(
      'image_unreachable: The address did not deliver within 0.2 s.',
    );
    await expect.poll(() => server.open()).toBe(0);
  });

  test('so is a resolver', async () => {
    await using watched = watchedFetcher('', { 'slow.example.com': () => new Promise(() => {}) });
    expect(await told(watched.get('http://slow.example.com/', { ms: 50 }))).toContain('did not deliver within 0.05 s');
  });

  test('headers without end', async () => {
    await using server = await rawServer((socket) => socket.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`));
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`))).toBe(UNREACHABLE);
  });

  test('a compressed body is refused unread, whatever it would grow to', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    await using server = await httpServer((_request, response) => {
      response.setHeader('content-encoding', 'gzip');
      response.end(bomb);
    });
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`))).toBe(
      'image_unreachable: The address answered with a compressed body, which is not accepted.',
    );
  });
});

describe('bad answers', () => {
  test.each([304, 400, 401, 404, 500, 503])('status %i is told, its body is not', async (status) => {
    await using server = await httpServer((_request, response) => {
      response.writeHead(status).end(status === 304 ? undefined : 'secret of the upstream');
    });
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`))).toBe(
      `image_unreachable: The address answered with status ${status}.`,
    );
  });

  test.each([
    ['closed without a word', ''],
    ['not HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['broken off before Content-Length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort'],
    ['broken off within a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nshort'],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n',
    ],
    ['another protocol', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ])('%s', async (_name, answer) => {
    await using server = await rawServer((socket) => socket.end(answer));
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`))).toBe(UNREACHABLE);
  });
});

describe('being stopped', () => {
  test('by the caller: rejects with the reason, and the connection is gone', async () => {
    await using server = await rawServer(() => stop.abort(new Error('enough')));
    await using watched = watchedFetcher(PUBLIC);
    const stop = new AbortController();
    await expect(watched.get(`http://127.0.0.1:${server.port}/`, {}, stop.signal)).rejects.toThrow('enough');
    await expect.poll(() => server.open()).toBe(0);
    expect(watched.outcomes).toEqual(['aborted']);
  });

  test('before it began: nothing is looked up', async () => {
    await using watched = watchedFetcher('');
    await expect(watched.get('http://example.com/', {}, AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
    expect(watched.lookedUp).toEqual([]);
  });

  test('by close: every fetch under way ends, later ones do not begin', async () => {
    const arrived = new EventTarget();
    await using server = await rawServer(() => arrived.dispatchEvent(new Event('request')));
    const watched = watchedFetcher(PUBLIC);
    const request = once(arrived, 'request');
    const fetching = told(watched.get(`http://127.0.0.1:${server.port}/`));
    await request;
    await watched.fetcher.close();
    expect(await fetching).toBe('shutting_down: The server is shutting down.');
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`))).toContain('shutting_down');
    await expect.poll(() => server.open()).toBe(0);
  });
});

test('what is logged tells the operator the cause, but no path or query of the URL', async () => {
  await using watched = watchedFetcher('', { 'inside.example.com': ['10.0.0.7'] });
  const failure = await watched.get('http://inside.example.com/private?signature=abc').catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(Fault);
  expect(String((failure as Fault).cause)).toContain('10.0.0.7');
  expect(watched.logged).toEqual([{ outcome: 'unreachable', host: 'inside.example.com', error: failure }]);
});
