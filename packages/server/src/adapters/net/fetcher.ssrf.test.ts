import { createServer } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { told, UNREACHABLE, watchedFetcher } from './fetcher.fixture.ts';
import { httpServer, rawServer } from './loopback.fixture.ts';

/** 127.0.0.1 plays a public host in these tests; 127.0.0.2 and everything else stays private. */
const PUBLIC = '127.0.0.1';
const PRIVATE = '127.0.0.2';
const ok = 'the picture';

describe('addresses', () => {
  test('a literal private address is refused at once, in every spelling, by check and by fetch', async () => {
    await using server = await httpServer((_request, response) => response.end('inside'), PRIVATE);
    await using watched = watchedFetcher(PUBLIC);
    for (const host of [PRIVATE, '2130706434', '0177.0.0.2', '0x7f.2', '127.2', '[::ffff:127.0.0.2]', 'localhost']) {
      const url = `http://${host}:${server.port}/`;
      expect(() => watched.fetcher.check(url, 'public')).toThrow('not public');
      expect(await told(watched.get(url))).toContain('url_not_allowed');
    }
    expect(server.seen).toEqual([]);
    expect(watched.lookedUp).toEqual([]);
  });

  test.each([
    ['private', ['10.0.0.7']],
    ['metadata', ['169.254.169.254']],
    ['loopback', [PRIVATE]],
    ['IPv6 loopback', ['::1']],
    ['mapped', ['::ffff:10.0.0.7']],
    ['NAT64', ['64:ff9b::a00:7']],
    ['one of two is private, IPv4 first', [PUBLIC, '10.0.0.7']],
    ['one of two is private, IPv6 last', [PUBLIC, 'fd00::7']],
    ['no addresses', []],
    ['no address', ['example.org']],
  ])('a name is refused when its addresses are: %s', async (_name, addresses) => {
    await using server = await httpServer((_request, response) => response.end(ok));
    await using watched = watchedFetcher(PUBLIC, { 'pictures.example.com': addresses });
    expect(await told(watched.get(`http://pictures.example.com:${server.port}/`))).toBe(UNREACHABLE);
    expect(server.seen).toEqual([]);
  });

  test('refused, closed, unresolvable, private and not HTTP are the same to the caller', async () => {
    const closed = createServer().listen(0, PUBLIC);
    await new Promise((done) => closed.once('listening', done));
    const address = closed.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await new Promise((done) => closed.close(done));
    await using hangsUp = await rawServer((socket) => socket.destroy());
    await using speaksOther = await rawServer((socket) => socket.end('220 mail ESMTP\r\n'));
    await using watched = watchedFetcher(PUBLIC, { 'inside.example.com': ['10.0.0.7'] });
    const answers = [
      watched.get(`http://127.0.0.1:${port}/`),
      watched.get(`http://127.0.0.1:${hangsUp.port}/`),
      watched.get(`http://127.0.0.1:${speaksOther.port}/`),
      watched.get(`https://127.0.0.1:${speaksOther.port}/`),
      watched.get('http://nowhere.example.com/'),
      watched.get('http://inside.example.com/'),
    ];
    expect(new Set(await Promise.all(answers.map(told)))).toEqual(new Set([UNREACHABLE]));
  });
});

describe('rebinding', () => {
  test('the connection goes to the address that was checked, whatever the resolver says next', async () => {
    await using outside = await httpServer((_request, response) => response.end(ok), PUBLIC);
    await using inside = await httpServer((_request, response) => response.end('inside'), PRIVATE, outside.port);
    const answers = [[PUBLIC], [PRIVATE], [PRIVATE]];
    await using watched = watchedFetcher(PUBLIC, { 'lying.example.com': async () => answers.shift() ?? [] });
    const fetched = await watched.get(`http://lying.example.com:${outside.port}/`);
    expect(Buffer.from(fetched.bytes).toString()).toBe(ok);
    expect(watched.lookedUp).toEqual(['lying.example.com']);
    expect(await told(watched.get(`http://lying.example.com:${outside.port}/`))).toBe(UNREACHABLE);
    expect(inside.seen).toEqual([]);
  });

  test('a connection is never kept for the next fetch, which is checked anew', async () => {
    await using server = await httpServer((_request, response) => {
      response.setHeader('connection', 'keep-alive');
      response.end(ok);
    });
    const answers = [[PUBLIC], ['10.0.0.7']];
    await using watched = watchedFetcher(PUBLIC, { 'lying.example.com': async () => answers.shift() ?? [] });
    const url = `http://lying.example.com:${server.port}/`;
    await watched.get(url);
    expect(await told(watched.get(url))).toBe(UNREACHABLE);
    expect(server.seen).toHaveLength(1);
  });

  test('TLS names the host of the URL, not the address', async () => {
    await using server = await rawServer((socket) => socket.destroy());
    await using watched = watchedFetcher(PUBLIC, { 'pictures.example.com': [PUBLIC] });
    expect(await told(watched.get(`https://pictures.example.com:${server.port}/`))).toBe(UNREACHABLE);
    expect(server.seen[0]).toContain('pictures.example.com');
  });
});

describe('redirects', () => {
  test('are followed up to three times, each name resolved and checked', async () => {
    await using server = await httpServer((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end(ok);
      else response.writeHead(302, { location: `http://hop${left}.example.com:${server.port}/${left - 1}` }).end();
    });
    const names = Object.fromEntries([1, 2, 3, 4].map((hop) => [`hop${hop}.example.com`, [PUBLIC]]));
    await using watched = watchedFetcher(PUBLIC, names);
    expect((await watched.get(`http://127.0.0.1:${server.port}/3`)).bytes).toHaveLength(ok.length);
    expect(watched.lookedUp).toEqual(['hop3.example.com', 'hop2.example.com', 'hop1.example.com']);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/4`))).toBe(
      'image_unreachable: The address redirects more than 3 times.',
    );
  });

  test('in a circle end', async () => {
    await using server = await httpServer((_request, response) => response.writeHead(301, { location: '/' }).end());
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`))).toContain('more than 3 times');
    expect(server.seen).toHaveLength(4);
  });

  test.each([301, 302, 303, 307, 308])('%i with a relative location', async (status) => {
    await using server = await httpServer((request, response) => {
      if (request.url === '/b?c') response.end(ok);
      else response.writeHead(status, { location: '../b?c' }).end('body of the redirect');
    });
    await using watched = watchedFetcher(PUBLIC);
    expect((await watched.get(`http://127.0.0.1:${server.port}/x/a`)).bytes).toHaveLength(ok.length);
  });

  test.each([
    'http://127.0.0.2:PORT/',
    'http://2130706434:PORT/',
    '//127.0.0.2:PORT/',
    'http://[::ffff:127.0.0.2]:PORT/',
    'http://localhost:PORT/',
    'http://169.254.169.254/latest/meta-data/',
    'http://user:password@127.0.0.1:PORT/',
    'http://example.com:22/',
    'file:///etc/passwd',
    'gopher://127.0.0.1:PORT/',
  ])('to %s are refused', async (location) => {
    await using inside = await httpServer((_request, response) => response.end('inside'), PRIVATE);
    await using server = await httpServer((_request, response) =>
      response.writeHead(302, { location: location.replace('PORT', String(inside.port)) }).end(),
    );
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`))).toBe(
      'url_not_allowed: The address redirects to one that is not allowed.',
    );
    expect(inside.seen).toEqual([]);
  });

  test('to a name that resolves inside are refused like any such name', async () => {
    await using inside = await httpServer((_request, response) => response.end('inside'), PRIVATE);
    await using server = await httpServer((_request, response) =>
      response.writeHead(302, { location: `http://inside.example.com:${inside.port}/` }).end(),
    );
    await using watched = watchedFetcher(PUBLIC, { 'inside.example.com': [PRIVATE] });
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`))).toBe(UNREACHABLE);
    expect(inside.seen).toEqual([]);
  });

  test.each([undefined, 'http://', 'http://['])('to nowhere (%j)', async (location) => {
    await using server = await httpServer((_request, response) =>
      response.writeHead(302, location === undefined ? {} : { location }).end(),
    );
    await using watched = watchedFetcher(PUBLIC);
    expect(await told(watched.get(`http://127.0.0.1:${server.port}/`))).toBe(
      'image_unreachable: The address redirects without saying where to.',
    );
  });

  test('carry no cookie, referrer or credentials along', async () => {
    const headers: string[] = [];
    await using server = await httpServer((request, response) => {
      headers.push(Object.keys(request.headers).sort().join());
      if (request.url === '/end') response.end(ok);
      else response.writeHead(302, { location: '/end', 'set-cookie': 'session=1' }).end();
    });
    await using watched = watchedFetcher(PUBLIC);
    await watched.get(`http://127.0.0.1:${server.port}/`);
    expect(headers).toEqual(Array(2).fill('accept,accept-encoding,connection,host,user-agent'));
  });
});

describe('trust', () => {
  test('a configured origin may be private, what it redirects to may not', async () => {
    await using other = await httpServer((_request, response) => response.end('inside'), PRIVATE);
    await using configured = await httpServer((request, response) => {
      if (request.url === '/result') response.end(ok);
      else if (request.url === '/same') response.writeHead(302, { location: '/result' }).end();
      else response.writeHead(302, { location: `http://127.0.0.2:${other.port}/` }).end();
    }, PRIVATE);
    await using watched = watchedFetcher('', { comfyui: [PRIVATE] });
    const trust = 'configured';
    expect((await watched.get(`http://127.0.0.2:${configured.port}/result`, { trust })).bytes).toHaveLength(ok.length);
    expect((await watched.get(`http://comfyui:${configured.port}/same`, { trust })).bytes).toHaveLength(ok.length);
    expect(await told(watched.get(`http://comfyui:${configured.port}/other`, { trust }))).toContain('url_not_allowed');
    expect(other.seen).toEqual([]);
  });

  test('an exempt name may resolve anywhere, on its port only', async () => {
    await using server = await httpServer((_request, response) => response.end(ok), PRIVATE);
    const names = { 'minio.internal': [PRIVATE, 'fe80::1%eth0'] };
    await using watched = watchedFetcher(`minio.internal:${server.port}`, names);
    expect((await watched.get(`http://minio.internal:${server.port}/`)).bytes).toHaveLength(ok.length);
    expect(await told(watched.get('http://minio.internal:9/'))).toContain('url_not_allowed');
  });
});

describe('proxy variables', () => {
  afterEach(() => vi.unstubAllEnvs());

  test('are not listened to: a proxy would resolve the name again, unchecked', async () => {
    await using proxy = await httpServer((_request, response) => response.end('proxy'));
    await using server = await httpServer((_request, response) => response.end(ok));
    for (const name of ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'HTTPS_PROXY']) {
      vi.stubEnv(name, `http://127.0.0.1:${proxy.port}`);
    }
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    await using watched = watchedFetcher(PUBLIC);
    expect((await watched.get(`http://127.0.0.1:${server.port}/`)).bytes).toHaveLength(ok.length);
    expect(proxy.seen).toEqual([]);
  });
});
