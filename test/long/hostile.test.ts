import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createFinisher } from '../../packages/server/src/adapters/media/finish/finisher.ts';
import { createMedia, type MediaParts } from '../../packages/server/src/adapters/media/media.ts';
import { Fault } from '../../packages/server/src/domain/fault.ts';
import { bearer, testApp } from '../../packages/server/src/http/app.fixture.ts';
import { createCells } from '../../packages/server/src/http/matrix.fixture.ts';
import { DEFAULT_TIMEOUTS } from '../../packages/server/src/http/parts.ts';
import type { FinishOrder } from '../../packages/server/src/ports/media.ts';
import { HEIGHT, smallPair, WIDTH } from '../support/engines/stage.ts';
import { makeClip } from '../support/fakes/clip.ts';
import { createQuietLog } from '../support/fakes.ts';

/**
 * Files and connections that are made to hurt: real pictures and real videos, damaged in every way that is cheap to think
 * of, through the real children. The worst that may happen is that a child is lost.
 */

const { cell, told } = createCells();
const { signal } = new AbortController();
const log = createQuietLog();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbetween-hostile-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  console.log(`bad inputs tried and survived (files, connections): ${told()}`);
});

/** A change to a file, drawn at random and shrunk when it hurts. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), at: fc.double({ min: 0, max: 1, noNaN: true }) }),
  fc.record({
    kind: fc.constant('flip' as const),
    places: fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), {
      minLength: 1,
      maxLength: 12,
    }),
  }),
  fc.record({
    kind: fc.constant('fill' as const),
    from: fc.double({ min: 0, max: 0.999, noNaN: true }),
    length: fc.nat(4_000),
    value: fc.constantFrom(0, 0xff, 0x7f),
  }),
  fc.record({
    kind: fc.constant('twice' as const),
    at: fc.double({ min: 0, max: 0.999, noNaN: true }),
    length: fc.nat(2_000),
  }),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

/** Applies it to the first `share` of the file, where the headers are. */
function changed(file: Uint8Array, how: Change, share = 1): Uint8Array {
  const bytes = Buffer.from(file);
  const place = (part: number) => Math.floor(part * share * bytes.length);
  switch (how.kind) {
    case 'cut':
      return bytes.subarray(0, place(how.at));
    case 'flip':
      for (const [at, value] of how.places) bytes[place(at)] = value;
      return bytes;
    case 'fill':
      return bytes.fill(how.value, place(how.from), Math.min(bytes.length, place(how.from) + how.length));
    case 'twice': {
      const at = place(how.at);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + how.length), bytes.subarray(at)]);
    }
  }
}

const faultOf = (work: Promise<unknown>): Promise<Fault | undefined> =>
  work.then(
    () => undefined,
    (error: unknown) => {
      expect(error, String(error)).toBeInstanceOf(Fault);
      return error as Fault;
    },
  );

describe('pictures', { timeout: 120_000 }, () => {
  let media: MediaParts;
  let good: Uint8Array;
  let corpus: readonly Uint8Array[];

  beforeAll(async () => {
    media = createMedia({ tmpFolder: join(folder, 'tmp'), log });
    const noise = Buffer.from(Array.from({ length: 260 * 250 * 3 }, (_, n) => (n * 7_919 + (n >> 8) * 31) & 255));
    const picture = () => sharp(noise, { raw: { width: 260, height: 250, channels: 3 } });
    good = await picture().png().toBuffer();
    corpus = await Promise.all([
      good,
      picture().jpeg().toBuffer(),
      picture().jpeg({ progressive: true }).toBuffer(),
      picture().withMetadata({ orientation: 6, icc: 'p3' }).jpeg().toBuffer(),
      picture().webp().toBuffer(),
      picture().webp({ lossless: true }).toBuffer(),
      picture().png({ palette: true }).toBuffer(),
      picture().png({ progressive: true }).withMetadata({ icc: 'p3' }).toBuffer(),
      sharp(noise, { raw: { width: 260, height: 250, channels: 3, pageHeight: 250 } })
        .webp()
        .toBuffer(),
      bmp(260, 250),
    ]);
  });
  afterAll(() => media.close());

  async function prepare(picture: Uint8Array): Promise<Fault | undefined> {
    return faultOf(
      (async () => {
        await using pair = await media.preparer.prepare({ first: picture, last: good }, '480P', signal);
        expect(pair.size.width * pair.size.height).toBeLessThan(832 * 480 * 1.2);
      })(),
    );
  }

  it('damaged anywhere are prepared or refused, one at a time, and the next one is well', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(9), change, fc.constantFrom(0.05, 1), async (which, how, share) => {
        const fault = await prepare(changed(corpus[which] ?? good, how, share));
        cell('damaged pictures');
        if (fault !== undefined) expect(fault.code).toMatch(/^(invalid_image|image_too_large)$/);
      }),
      { numRuns: 100, endOnFailure: true },
    );
    expect(await prepare(good)).toBeUndefined();
  });

  it.each<readonly [string, () => Uint8Array | Promise<Uint8Array>, RegExp | undefined]>([
    ['8000 × 8000 of one colour in a few kilobytes', () => flatPng(8_000, 8_000), undefined],
    ['a header of 100,000 × 100,000', () => headed(good, 100_000, 100_000), /invalid_image/],
    ['a header of 2^31 × 2^31', () => headed(good, 0x7fff_ffff, 0x7fff_ffff), /invalid_image/],
    ['a header of 8000 × 8000 over little', () => headed(good, 8_000, 8_000), /invalid_image/],
    ['a header of 0 × 0', () => headed(good, 0, 0), /invalid_image/],
    ['ten thousand text chunks', () => withChunks(good, 'tEXt', Buffer.from('a\0b'), 10_000), undefined],
    [
      'a text chunk that unpacks to 60 MB',
      () => withChunks(good, 'zTXt', Buffer.concat([Buffer.from('a\0\0'), deflateSync(Buffer.alloc(60_000_000))]), 1),
      undefined,
    ],
    [
      'a profile that is none',
      () => withChunks(good, 'iCCP', Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(1_000, 0x41))]), 1),
      undefined,
    ],
    [
      'a profile that unpacks to 60 MB',
      () => withChunks(good, 'iCCP', Buffer.concat([Buffer.from('x\0\0'), deflateSync(Buffer.alloc(60_000_000))]), 1),
      undefined,
    ],
    ['EXIF that points at itself', () => withExif(corpus[1] ?? good), undefined],
    ['pictures of two kinds, one behind the other', () => Buffer.concat([good, corpus[1] ?? good]), undefined],
    ['a page behind a picture', () => Buffer.concat([good, Buffer.from('<html><script>alert(1)</script>')]), undefined],
    ['a picture behind a page', () => Buffer.concat([Buffer.from('<html>'), good]), /invalid_image/],
    ['an animation of 300 pages', () => animation(300), undefined],
  ])('%s', async (_what, make, refused) => {
    const picture = await make();
    const fault = await prepare(picture);
    cell('made pictures');
    if (refused !== undefined) expect(fault?.code).toMatch(refused);
    else if (fault !== undefined) expect(fault.code).toBe('invalid_image');
    expect(await prepare(good)).toBeUndefined();
  });

  it('leave no file and no child behind', async () => {
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
    expect(log.of('error')).toEqual([]);
  });
});

describe('videos of an engine', { timeout: 240_000 }, () => {
  let order: FinishOrder;
  let clip: Uint8Array;

  beforeAll(async () => {
    const [first, last] = await smallPair();
    const frames = { first: join(folder, 'first.png'), last: join(folder, 'last.png') };
    await Promise.all([writeFile(frames.first, first), writeFile(frames.last, last)]);
    clip = await makeClip({ first, last, width: WIDTH, height: HEIGHT, frames: 8, fps: 16 });
    const own = join(folder, 'finish');
    await mkdir(own);
    order = {
      input: join(own, 'input'),
      folder: own,
      frames,
      tags: {},
      watermarkFor: undefined,
      watermarked: false,
      matchTail: false,
    };
  });

  async function finish(file: Uint8Array): Promise<Fault | undefined> {
    await writeFile(order.input, file);
    // The time a damaged file may take is short here, so that a loop is seen as one.
    const limits = { wallMs: 20_000 };
    return faultOf(createFinisher({ encoder: { kind: 'builtin' }, log, limits }).finish(order, signal));
  }

  it('with a box size that lies are finished or damaged, each by itself', async () => {
    for (const type of ['moov', 'trak', 'stsz', 'mdat']) {
      for (const size of [0, 0xffff_ffff]) {
        const file = Buffer.from(clip);
        file.writeUInt32BE(size, file.indexOf(type, 0, 'latin1') - 4);
        const fault = await finish(file);
        cell('lying boxes');
        if (fault !== undefined) expect(fault.code, `${type} ${size}`).toBe('damaged_output');
      }
    }
  });

  it('damaged anywhere are finished or damaged, each by itself', async () => {
    await fc.assert(
      fc.asyncProperty(change, fc.constantFrom(0.1, 1), async (how, share) => {
        const fault = await finish(changed(clip, how, share));
        cell('damaged videos');
        if (fault !== undefined) expect(fault.code).toBe('damaged_output');
      }),
      { numRuns: 10, endOnFailure: true },
    );
    expect(await finish(clip)).toBeUndefined();
  });
});

describe('connections', { timeout: 60_000 }, () => {
  it('that send next to nothing are cut off, and hold nobody else up', async () => {
    await using test = await testApp({ timeouts: { ...DEFAULT_TIMEOUTS, headersMs: 1_500, requestMs: 3_000 } });
    await test.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = test.app.server.address() as AddressInfo;
    const ask = async () => (await fetch(`http://127.0.0.1:${port}/v1/videos`, { headers: bearer(test.alice) })).status;
    const slow: Socket[] = [];
    const timers: NodeJS.Timeout[] = [];
    const drip = (first: string, each: string) => {
      const socket = connect(port, '127.0.0.1', () => void socket.write(first));
      socket.on('error', () => undefined).resume();
      timers.push(setInterval(() => socket.writable && socket.write(each), 100));
      slow.push(socket);
    };
    for (let n = 0; n < 150; n += 1) {
      drip('GET / HTTP/1.1\r\nHost: x\r\n', 'X-a: b\r\n');
      drip(
        `POST /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${test.alice}\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n{`,
        ' ',
      );
      cell('slow headers');
      cell('slow bodies');
    }
    const gone = Promise.all(slow.map((socket) => new Promise((done) => socket.once('close', done))));
    let answered = 0;
    let over = false;
    void gone.then(() => {
      over = true;
    });
    while (!over) {
      expect(await ask()).toBe(200);
      answered += 1;
    }
    for (const timer of timers) clearInterval(timer);
    // At least one was answered while all of them were still open.
    expect(answered).toBeGreaterThan(0);
    expect(await ask()).toBe(200);
    expect(test.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('with headers without end are answered and closed', async () => {
    await using test = await testApp();
    await test.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = test.app.server.address() as AddressInfo;
    const floods = [
      `GET / HTTP/1.1\r\nHost: x\r\n${'X-a: b\r\n'.repeat(20_000)}\r\n`,
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(1_000_000)}\r\n\r\n`,
      `GET /${'a'.repeat(1_000_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET / HTTP/1.1\r\n${'Host: x\r\n'.repeat(50)}\r\n`,
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST /v1/videos HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n',
      'POST /v1/videos HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
      'POST /v1/videos HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      'GET / HTTP/9.9\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\u0016\u0003\u0001\u0002\u0000\u0001',
      '\u0000'.repeat(100_000),
      'GET http://169.254.169.254/latest/meta-data HTTP/1.1\r\nHost: 169.254.169.254\r\nConnection: close\r\n\r\n',
      'CONNECT 169.254.169.254:80 HTTP/1.1\r\nHost: x\r\n\r\n',
    ];
    for (const flood of floods) {
      const socket = connect(port, '127.0.0.1', () => void socket.end(flood, 'latin1'));
      let heard = '';
      socket.on('data', (part) => {
        heard += part.toString('latin1');
      });
      socket.on('error', () => undefined);
      await new Promise((done) => socket.once('close', done));
      cell('header floods');
      if (heard !== '') expect(heard, flood.slice(0, 60)).toMatch(/^HTTP\/1\.1 (200|4\d\d|50\d) /);
      expect(heard).not.toContain('ami-id');
    }
    const { status } = await fetch(`http://127.0.0.1:${port}/v1/videos`, { headers: bearer(test.alice) });
    expect(status).toBe(200);
    expect(test.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});

function pngChunk(type: string, body: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length);
  head.write(type, 4, 'latin1');
  const tail = Buffer.alloc(4);
  tail.writeUInt32BE(crc32(Buffer.concat([head.subarray(4), body])));
  return Buffer.concat([head, body, tail]);
}

/** The same file with other sides in its header, and the checksum right. */
function headed(png: Uint8Array, width: number, height: number): Uint8Array {
  const body = Buffer.from(png.subarray(16, 29));
  body.writeUInt32BE(width, 0);
  body.writeUInt32BE(height, 4);
  return Buffer.concat([png.subarray(0, 8), pngChunk('IHDR', body), png.subarray(33)]);
}

function withChunks(png: Uint8Array, type: string, body: Uint8Array, count: number): Uint8Array {
  const chunk = pngChunk(type, body);
  return Buffer.concat([png.subarray(0, 33), ...Array<Buffer>(count).fill(chunk), png.subarray(33)]);
}

/** One colour, one bit a pixel. */
function flatPng(width: number, height: number): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))));
  const start = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([start, pngChunk('IHDR', head), pngChunk('IDAT', rows), pngChunk('IEND', Buffer.alloc(0))]);
}

/** A directory of EXIF whose next directory is itself, and whose orientation is no number. */
function withExif(jpeg: Uint8Array): Uint8Array {
  const tiff = Buffer.alloc(40);
  tiff.write('MM\0*', 0, 'latin1');
  tiff.writeUInt32BE(8, 4);
  tiff.writeUInt16BE(1, 8);
  tiff.writeUInt16BE(0x0112, 10);
  tiff.writeUInt16BE(3, 12);
  tiff.writeUInt32BE(0xffff_ffff, 14);
  tiff.writeUInt32BE(0xffff_fff0, 18);
  tiff.writeUInt32BE(8, 22);
  const body = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff]);
  const marker = Buffer.from([0xff, 0xe1, (body.length + 2) >> 8, (body.length + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), marker, body, jpeg.subarray(2)]);
}

function animation(pages: number): Promise<Uint8Array> {
  const raw = Buffer.from(Array.from({ length: 250 * 250 * 3 }, (_, n) => n & 255));
  const all = Buffer.concat(Array.from({ length: pages }, (_, page) => Buffer.from(raw).fill(page & 255, 0, 3_000)));
  return sharp(all, { raw: { width: 250, height: 250 * pages, channels: 3, pageHeight: 250 } })
    .webp({ quality: 20, effort: 0 })
    .toBuffer();
}

function bmp(width: number, height: number): Uint8Array {
  const row = Math.ceil((width * 3) / 4) * 4;
  const file = Buffer.alloc(54 + row * height, 0x55);
  file.fill(0, 0, 54).write('BM', 0, 'latin1');
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  return file;
}
