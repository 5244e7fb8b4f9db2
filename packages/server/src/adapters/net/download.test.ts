import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '../../../../../test/support/until.ts';
import type { Downloaded } from '../../ports/fetcher.ts';
import { told, UNREACHABLE, type WatchedFetcher, watchedFetcher } from './fetcher.fixture.ts';
import { httpServer, type LoopbackServer } from './loopback.fixture.ts';

const FILE = Buffer.from(Array.from({ length: 300_000 }, (_, at) => (at * 131) & 255));
const OTHER = Buffer.alloc(200_000, 'other');
const LIMITS = { bytes: 1 << 20, ms: 10_000, trust: 'public' } as const;
const { signal } = new AbortController();

/** What the other end does with each request; the last one stays. */
type Answer = (response: ServerResponse, asked: IncomingHttpHeaders) => void;
let answers: Answer[] = [];
let asked: IncomingHttpHeaders[] = [];
let server: LoopbackServer;
let watched: WatchedFetcher;
let folder = '';
let file = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbetween-download-'));
  watched = watchedFetcher('127.0.0.1');
  server = await httpServer((request, response) => {
    asked.push(request.headers);
    (answers.length > 1 ? answers.shift() : answers[0])?.(response, request.headers);
  });
});
afterAll(async () => {
  await watched[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});
beforeEach(async () => {
  await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'inbetween-download-'));
  file = join(folder, 'result');
  asked = [];
});

const download = (limits = {}, stop = signal) =>
  watched.fetcher.download(`http://127.0.0.1:${server.port}/x.mp4`, file, { ...LIMITS, ...limits }, stop);
const sizeOf = async (path: string) => (await stat(path).catch(() => undefined))?.size;
const BROKE_OFF = `broke_off: ${UNREACHABLE}`;
const ended = async (downloading: Promise<Downloaded>) => {
  const got = await downloading;
  return got.kind === 'file' ? 'file' : `${got.kind}: ${await told(Promise.reject(got.cause))}`;
};
const there = () => readdir(folder);

/** Sends all, or all that is asked for. */
const whole =
  (body: Buffer, tag: string, upTo = body.length): Answer =>
  (response, { range, 'if-range': ifRange }) => {
    const from = ifRange === tag ? Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0) : 0;
    const headers = { 'content-type': 'Video/MP4; x=1', etag: tag, 'content-length': body.length - from };
    if (from === 0) response.writeHead(200, headers);
    else response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` });
    if (upTo === body.length) return void response.end(body.subarray(from));
    response.write(body.subarray(from, upTo));
    // It breaks off when what came is on disk, so that the test knows how much that is.
    void until('a part on disk', async () => (await sizeOf(`${file}.part`)) === upTo).then(() => response.destroy());
  };

describe('a download', () => {
  it('is on disk while it comes, and in its place only when it is whole', async () => {
    const { promise: rest, resolve } = Promise.withResolvers<void>();
    answers = [
      (response) => {
        response.writeHead(200, { 'content-length': FILE.length, 'content-type': 'video/mp4' });
        response.write(FILE.subarray(0, 200_000));
        void rest.then(() => response.end(FILE.subarray(200_000)));
      },
    ];
    const running = download();
    await until('a part on disk', async () => (await sizeOf(`${file}.part`)) === 200_000);
    expect(await there()).toEqual(['result.part']);
    resolve();
    expect(await running).toEqual({ kind: 'file', bytes: FILE.length, type: 'video/mp4' });
    expect(await there()).toEqual(['result']);
    expect(FILE.equals(await readFile(file))).toBe(true);
  });

  it('goes on where it broke off', async () => {
    answers = [whole(FILE, '"a"', 100_000), whole(FILE, '"a"', 250_000), whole(FILE, '"a"')];
    expect(await ended(download())).toBe(BROKE_OFF);
    expect(await ended(download())).toBe(BROKE_OFF);
    expect(await download()).toEqual({ kind: 'file', bytes: FILE.length, type: 'video/mp4' });
    expect(FILE.equals(await readFile(file))).toBe(true);
    expect(await there()).toEqual(['result']);
    expect(asked.map(({ range, 'if-range': tag }) => [range, tag])).toEqual([
      [undefined, undefined],
      ['bytes=100000-', '"a"'],
      ['bytes=250000-', '"a"'],
    ]);
  });

  it.each([
    ['is another one by then', whole(OTHER, '"b"')],
    ['is another one by then, at a server that ignores If-Range', whole(OTHER, '"b"')],
  ])('of a file that %s begins anew', async (what, last) => {
    const careless: Answer = (response, { range = '' }) => {
      const from = Number(/(\d+)-/.exec(range)?.[1] ?? 0);
      const headers = { etag: '"b"', 'content-range': `bytes ${from}-${OTHER.length - 1}/${OTHER.length}` };
      response.writeHead(206, headers).end(OTHER.subarray(from));
    };
    const ignores = what.includes('ignores');
    answers = [whole(FILE, '"a"', 100_000), ...(ignores ? [careless] : []), last];
    expect(await ended(download())).toBe(BROKE_OFF);
    if (ignores) expect(await ended(download())).toBe(BROKE_OFF);
    await download();
    expect(OTHER.equals(await readFile(file))).toBe(true);
    expect(await there()).toEqual(['result']);
  });

  it('of something else, or without a sign of which version it is, begins anew', async () => {
    answers = [whole(FILE, '"a"', 100_000), whole(FILE, 'W/"a"', 100_000), whole(FILE, '"a"')];
    await ended(watched.fetcher.download(`http://127.0.0.1:${server.port}/y.mp4`, file, LIMITS, signal));
    await ended(download());
    await download();
    expect(asked.map(({ range }) => range)).toEqual([undefined, undefined, undefined]);
    expect(FILE.equals(await readFile(file))).toBe(true);
  });

  it('whose part is refused begins anew', async () => {
    answers = [whole(FILE, '"a"', 100_000), (response) => response.writeHead(416).end(), whole(FILE, '"a"')];
    expect([await ended(download()), await ended(download())]).toEqual([BROKE_OFF, BROKE_OFF]);
    expect(await there()).toEqual([]);
    await download();
    expect(asked.at(-1)?.range).toBeUndefined();
  });

  it.each([
    ['told', whole(FILE, '"a"')],
    ['not told', (response: ServerResponse) => void response.writeHead(200).end(FILE)],
  ])('with more bytes than it may have, %s, leaves nothing', async (_, answer) => {
    answers = [answer];
    expect(await ended(download({ bytes: 150_000 }))).toBe(
      'refused: image_too_large: The address holds more than 150000 bytes.',
    );
    expect(await there()).toEqual([]);
  });

  it('counts what it has already', async () => {
    answers = [whole(FILE, '"a"', 140_000), whole(FILE, '"a"')];
    await ended(download());
    expect(await ended(download({ bytes: 200_000 }))).toContain('image_too_large');
    expect(await there()).toEqual([]);
  });

  it('ends when it is aborted, or too slow, without a file in its place', async () => {
    answers = [(response) => void response.writeHead(200, { 'content-length': 10 }).write('12345')];
    const stop = new AbortController();
    const running = download({}, stop.signal);
    await until('a part', async () => (await there()).includes('result.part'));
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    expect(await ended(download({ ms: 100 }))).toBe(
      'broke_off: image_unreachable: The address did not deliver within 0.1 s.',
    );
    expect(await there()).not.toContain('result');
    await expect.poll(() => server.open()).toBe(0);
  });

  it('that our own shutdown ends has not been refused', async () => {
    answers = [(response) => void response.writeHead(200, { 'content-length': 10 }).write('12345')];
    const closing = watchedFetcher('127.0.0.1');
    const running = closing.fetcher.download(`http://127.0.0.1:${server.port}/x.mp4`, file, LIMITS, signal);
    await until('a part', async () => (await there()).includes('result.part'));
    await closing.fetcher.close();
    expect(await ended(running)).toBe('broke_off: shutting_down: The server is shutting down.');
  });

  it('asks as little of forbidden places as a fetch does', async () => {
    const url = `http://127.0.0.2:${server.port}/x.mp4`;
    expect(await ended(watched.fetcher.download(url, file, LIMITS, signal))).toContain('url_not_allowed');
    answers = [(response) => void response.writeHead(302, { location: url }).end()];
    expect(await ended(download())).toContain('url_not_allowed');
    expect(await there()).toEqual([]);
  });
});
