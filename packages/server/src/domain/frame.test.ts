import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from './fault.ts';
import { checkPictureSize, PICTURE_LIMITS, readFrameText, tooManyBytes } from './frame.ts';

const ID = 'video_01hzy3v9k2m4n6p8q0r2s4t6v8';
const BYTES = Buffer.from('any sixty-four characters of base64 are forty-eight bytes of it!');

function faultOf(action: () => unknown): Fault {
  try {
    action();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('no fault was thrown');
}

const refused = (text: string) => faultOf(() => readFrameText(text, 'images[1]'));
const read = (text: string) => readFrameText(text, 'images[1]');

describe('readFrameText', () => {
  it.each([
    ['https://example.com/a.png?x=1#y'],
    ['http://example.com/a.png'],
    ['HTTPS://EXAMPLE.COM/a.png'],
    ['https://data:base64@example.com/'],
  ])('reads the URL %s as it was written', (url) => {
    expect(read(url)).toEqual({ kind: 'url', url });
    expect(read(`  ${url}\n`)).toEqual({ kind: 'url', url });
  });

  it('reads names of ours', () => {
    expect(read('sample_first')).toEqual({ kind: 'sample', name: 'sample_first' });
    expect(read('sample_last')).toEqual({ kind: 'sample', name: 'sample_last' });
    expect(read(`${ID}:output_last_frame`)).toEqual({ kind: 'output', video: ID });
  });

  it.each([
    ['data:image/png;base64,'],
    ['data:image/jpeg;base64,'],
    ['data:image/svg+xml;base64,'],
    ['DATA:IMAGE/PNG;BASE64,'],
    ['data:;base64,'],
    ['data:image/png;charset=utf-8;base64,'],
    ['data:image/png;a=b;c=d;base64,'],
  ])('reads the data: URL that begins with %s', (head) => {
    expect(read(head + BYTES.toString('base64'))).toEqual({ kind: 'bytes', bytes: BYTES });
  });

  it('reads base64 with and without padding, in either alphabet inside a data: URL', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        for (const text of [
          buffer.toString('base64'),
          buffer.toString('base64').replace(/=/g, ''),
          buffer.toString('base64url'),
        ]) {
          expect(read(`data:image/png;base64,${text}`)).toEqual({ kind: 'bytes', bytes: buffer });
        }
      }),
    );
  });

  it('reads bare base64 from 64 characters on', () => {
    const text = Buffer.alloc(48, 0xff).toString('base64');
    expect(text).toHaveLength(64);
    expect(read(text)).toEqual({ kind: 'bytes', bytes: Buffer.alloc(48, 0xff) });
    expect(refused(text.slice(0, 60)).message).toContain('must be an http(s) URL');
  });

  it('matches in the documented order: a data: URL first, bare base64 last', () => {
    expect(refused('data:text/plain,https://example.com/a.png').message).toContain('a data: URL must read');
    expect(read(`https://example.com/${'A'.repeat(64)}`).kind).toBe('url');
    expect(read(`oss://bucket/${'A'.repeat(64)}`)).toEqual({ kind: 'upload', key: `bucket/${'A'.repeat(64)}` });
    expect(read(`file_${'a'.repeat(26)}`)).toEqual({ kind: 'file', file: `file_${'a'.repeat(26)}` });
    expect(refused(`file_${'a'.repeat(64)}`).message).toContain('there is no file');
    expect(read('f'.repeat(64)).kind).toBe('bytes');
  });

  it.each([
    ['', 'must be an http(s) URL, a data: URL'],
    ['ftp://example.com/a.png', 'must be an http(s) URL, a data: URL'],
    ['file:///etc/passwd', 'must be an http(s) URL, a data: URL'],
    ['/etc/passwd', 'must be an http(s) URL, a data: URL'],
    ['sample_third', 'must be an http(s) URL, a data: URL'],
    [ID, 'must be an http(s) URL, a data: URL'],
    [`${ID}:thumbnail`, 'must be an http(s) URL, a data: URL'],
    [`${ID}:output_last_frame:more`, 'must be an http(s) URL, a data: URL'],
    [`${ID.toUpperCase()}:output_last_frame`, 'must be an http(s) URL, a data: URL'],
    ['file_abc123', 'there is no file "file_abc123"'],
    ['https://', 'is not a valid URL'],
    ['http://[::1', 'is not a valid URL'],
    [`https://example.com/${'a'.repeat(8192)}`, 'longer than 8192 characters'],
    ['data:image/png,raw', 'must read data:image/…;base64,…'],
    ['data:image/png;base64', 'must read data:image/…;base64,…'],
    ['data:', 'must read data:image/…;base64,…'],
    ['data:image/png;base64,', 'the base64 is damaged'],
    ['data:image/png;base64,====', 'the base64 is damaged'],
    ['data:image/png;base64,AAAAA', 'the base64 is damaged'],
    ['data:image/png;base64,AAAA%3D', 'the base64 is damaged'],
    ['data:image/png;base64,AAAA!AAA', 'the base64 is damaged'],
    ['data:image/png;base64,AA==AAAA', 'the base64 is damaged'],
  ])('refuses %j and tells how to go on', (text, message) => {
    const fault = refused(text);
    expect(fault.code).toBe('invalid_image');
    expect(fault.param).toBe('images[1]');
    expect(fault.message).toMatch(/^images\[1\]/);
    expect(fault.message).toContain(message);
    expect(fault.message.length).toBeLessThan(300);
  });

  it('notices a character that does not belong, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 3, maxLength: 60 }),
        fc.nat(),
        fc.constantFrom('!', '\n', ' ', 'ä', '\0'),
        (bytes, at, bad) => {
          const text = Buffer.from(bytes).toString('base64').replace(/=/g, '');
          // Not at the end: white space around the whole text is cut away.
          const cut = at % text.length;
          const damaged = `${text.slice(0, cut)}${bad}${text.slice(cut)}`;
          expect(refused(`data:image/png;base64,${damaged}`).message).toContain('damaged');
        },
      ),
    );
  });

  it('refuses more bytes than a picture may have, before decoding them', () => {
    const limit = 'A'.repeat(Math.ceil(PICTURE_LIMITS.maxBytes / 3) * 4);
    expect(read(`data:image/png;base64,${limit}`).kind).toBe('bytes');
    const fault = refused(`data:image/png;base64,${limit}${'A'.repeat(12)}`);
    expect(fault.code).toBe('image_too_large');
    expect(fault.message).toContain('at most 10000000 bytes');
  });

  it('answers hostile text of 13 MB at once', () => {
    const long = 13_000_000;
    const startedAt = performance.now();
    // Each of these took minutes with a regular expression that backtracks.
    for (const text of [
      `data:image/png;base64,${'='.repeat(long)}A`,
      `data:${';a=b'.repeat(long / 4)}`,
      '='.repeat(long),
      `${'A'.repeat(long)}!`,
      ':'.repeat(long),
    ])
      refused(text);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('reads or refuses any text, and nothing else happens', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        try {
          expect(['bytes', 'url', 'sample', 'output']).toContain(read(text).kind);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
    );
  });
});

describe('checkPictureSize', () => {
  const check = (width: number, height: number) => checkPictureSize({ width, height }, 'images[0]');

  it.each([
    [240, 240],
    [240, 1920],
    [1920, 240],
    [8000, 8000],
    [8000, 1000],
  ])('accepts %i×%i', (width, height) => {
    expect(() => check(width, height)).not.toThrow();
  });

  it.each([
    [239, 400, 'each side must be 240 to 8000 px'],
    [400, 239, 'each side must be 240 to 8000 px'],
    [8001, 1001, 'each side must be 240 to 8000 px'],
    [240, 1921, 'its aspect must lie between 1:8 and 8:1'],
    [8000, 999, 'its aspect must lie between 1:8 and 8:1'],
  ])('refuses %i×%i', (width, height, message) => {
    const fault = faultOf(() => check(width, height));
    expect(fault).toMatchObject({ code: 'invalid_image', param: 'images[0]' });
    expect(fault.message).toContain(`images[0] is ${width}×${height} px`);
    expect(fault.message).toContain(message);
  });

  it('names the limit of bytes', () => {
    expect(tooManyBytes('images[0]')).toMatchObject({ code: 'image_too_large', kind: 'invalid', param: 'images[0]' });
  });
});
