import { afterEach, describe, expect, it } from 'vitest';
import type { Fault } from '../../domain/fault.ts';
import { readAllowList } from './allow-list.ts';
import { httpServer, rawServer } from './loopback.fixture.ts';
import { createPoster } from './poster.ts';
import type { Resolve } from './resolve.ts';

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** One loopback address plays the public host; everything else inside stays what it is. */
function poster(allow: string, resolve: Resolve = async () => []) {
  const made = createPoster({ allow: readAllowList(allow), resolve, log: quiet });
  closers.push(() => made.close());
  return made;
}

const POST = { headers: { 'content-type': 'application/json', 'webhook-id': 'a' }, body: '{"type":"x"}' };
const never = new AbortController().signal;
const told = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing',
    (fault: Fault) => fault.code,
  );

describe('a poster', () => {
  it('sends method, headers and body, and tells the status alone', async () => {
    let got = '';
    await using server = await httpServer((request, response) => {
      request.on('data', (part) => {
        got += part;
      });
      request.on('end', () => {
        got += ` ${request.method} ${request.headers['webhook-id']} ${request.headers['user-agent']}`;
        response.writeHead(503, { 'retry-after': '7' }).end('a secret of the receiver');
      });
    });
    const { post } = poster(`127.0.0.1:${server.port}`);
    const answer = await post(`http://127.0.0.1:${server.port}/hook?a=1`, POST, 5_000, never);
    expect(answer).toEqual({ status: 503, retryAfterMs: 7_000 });
    expect(got).toBe('{"type":"x"} POST a Inbetween-Webhooks');
    expect(server.seen).toEqual([`POST 127.0.0.1:${server.port}/hook?a=1`]);
  });

  it('follows no redirect', async () => {
    await using inside = await httpServer((_, response) => void response.end());
    await using server = await httpServer(
      (_, response) => void response.writeHead(307, { location: `http://127.0.0.1:${inside.port}/` }).end(),
    );
    const { post } = poster(`127.0.0.1:${server.port}`);
    expect(await post(`http://127.0.0.1:${server.port}/`, POST, 5_000, never)).toMatchObject({ status: 307 });
    expect(inside.seen).toEqual([]);
  });

  it('goes to no address that is not public, literal, resolved or rebound', async () => {
    await using server = await httpServer((_, response) => void response.end());
    for (const url of [
      `http://127.0.0.1:${server.port}/`,
      `http://[::1]:${server.port}/`,
      'http://0.0.0.0/',
      'http://2130706433/',
      'http://0177.0.0.1/',
      'http://[::ffff:127.0.0.1]/',
      'http://169.254.169.254/latest/',
      'http://localhost/',
      'http://user:pass@example.com/',
      'ftp://example.com/',
      'file:///etc/passwd',
    ]) {
      const { post, check } = poster('192.0.2.1');
      expect(() => check(url), url).toThrow();
      expect(await told(post(url, POST, 5_000, never)), url).toBe('url_not_allowed');
    }
    const lying = poster('192.0.2.1', async () => ['93.184.216.34', '127.0.0.1']);
    expect(await told(lying.post(`http://example.com:${server.port}/`, POST, 5_000, never))).toBe('image_unreachable');
    let answers = 0;
    const rebinding = poster(`public.example:${server.port}`, async () => {
      answers += 1;
      return answers === 1 ? ['127.0.0.1'] : ['127.0.0.2'];
    });
    expect((await rebinding.post(`http://public.example:${server.port}/`, POST, 5_000, never)).status).toBe(200);
    expect(answers).toBe(1);
    expect(server.seen).toHaveLength(1);
  });

  it('ends in time whatever the receiver does', async () => {
    await using silent = await rawServer(() => {});
    await using endless = await httpServer((_, response) => {
      response.writeHead(200);
      const more = setInterval(() => response.write('x'.repeat(10_000)), 1);
      response.on('close', () => clearInterval(more));
    });
    await using noise = await rawServer((socket) => socket.end('this is no HTTP\r\n\r\n'));
    const { post } = poster('127.0.0.1');
    expect(await told(post(`http://127.0.0.1:${silent.port}/`, POST, 200, never))).toBe('image_unreachable');
    expect((await post(`http://127.0.0.1:${endless.port}/`, POST, 5_000, never)).status).toBe(200);
    expect(await told(post(`http://127.0.0.1:${noise.port}/`, POST, 5_000, never))).toBe('image_unreachable');
    const stuck = poster('192.0.2.1', () => new Promise(() => undefined));
    expect(await told(stuck.post('http://example.com/', POST, 200, never))).toBe('image_unreachable');
  });

  it('lets go of everything when it is closed', async () => {
    await using silent = await rawServer(() => {});
    const made = poster('127.0.0.1');
    const waiting = told(made.post(`http://127.0.0.1:${silent.port}/`, POST, 60_000, never));
    await expect.poll(() => silent.open()).toBe(1);
    await made.close();
    expect(await waiting).toBe('shutting_down');
    await expect.poll(() => silent.open()).toBe(0);
  });
});
