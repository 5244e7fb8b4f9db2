import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Fault } from '../fault.ts';
import { inspectPicture } from './inspect.ts';

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: { r: 200, g: 40, b: 90 } } });

/** A BMP's headers without pixels. */
function bmpHeader(width: number, height: number, infoSize = 40): Buffer {
  const bytes = Buffer.alloc(14 + infoSize);
  bytes.write('BM', 0, 'latin1');
  bytes.writeUInt32LE(infoSize, 14);
  if (infoSize === 12) {
    bytes.writeUInt16LE(width, 18);
    bytes.writeUInt16LE(height, 20);
  } else {
    bytes.writeInt32LE(width, 18);
    bytes.writeInt32LE(height, 22);
  }
  return bytes;
}

function faultOf(bytes: Uint8Array): Fault {
  try {
    inspectPicture(bytes, 'images[1]');
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('no fault was thrown');
}

describe('inspectPicture', () => {
  it.each([
    ['image/jpeg', () => picture(321, 240).jpeg().toBuffer()],
    [
      'image/jpeg',
      () =>
        picture(321, 240)
          .jpeg({ progressive: true })
          .withExif({ IFD0: { Copyright: 'x' } })
          .toBuffer(),
    ],
    ['image/png', () => picture(321, 240).png().toBuffer()],
    ['image/png', () => picture(321, 240).png({ palette: true }).toBuffer()],
    ['image/webp', () => picture(321, 240).webp({ quality: 50 }).toBuffer()],
    ['image/webp', () => picture(321, 240).webp({ lossless: true }).toBuffer()],
    ['image/webp', () => picture(321, 240).ensureAlpha(0.5).webp().withMetadata().toBuffer()],
    ['image/bmp', async () => bmpHeader(321, 240)],
    ['image/bmp', async () => bmpHeader(321, -240, 124)],
    ['image/bmp', async () => bmpHeader(321, 240, 12)],
  ])('reads type and sides of %s', async (type, make) => {
    expect(inspectPicture(await make(), 'images[0]')).toEqual({ type, width: 321, height: 240 });
  });

  it('reads a view into a larger buffer at its own offset', async () => {
    const png = await picture(300, 240).png().toBuffer();
    const shifted = new Uint8Array(png.length + 7);
    shifted.set(png, 7);
    expect(inspectPicture(shifted.subarray(7), 'images[0]').width).toBe(300);
  });

  it('skips fill bytes and restart markers before a JPEG frame header', () => {
    const sof = [0xff, 0xc0, 0x00, 0x11, 0x08, 0x01, 0x00, 0x02, 0x00];
    const bytes = Uint8Array.from([0xff, 0xd8, 0xff, 0xff, 0xff, 0xd0, 0xff, 0x01, 0xff, 0xe0, 0, 2, ...sof]);
    expect(inspectPicture(bytes, 'images[0]')).toEqual({ type: 'image/jpeg', width: 512, height: 256 });
  });

  it.each([
    ['GIF', Buffer.from('GIF89a........')],
    ['SVG', Buffer.from('<?xml version="1.0"?><!-- a --><svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['HTML', Buffer.from('\n<!DOCTYPE html><html><body>404</body></html>')],
    ['PDF', Buffer.from('%PDF-1.7\n')],
    ['AVIF', Buffer.from('\0\0\0\x1cftypavif\0\0\0\0')],
    ['HEIC', Buffer.from('\0\0\0\x1cftypheic\0\0\0\0')],
    ['a video', Buffer.from('\0\0\0\x1cftypisom\0\0\0\0')],
    ['TIFF', Buffer.from('II*\0\x08\0\0\0')],
    ['JSON', Buffer.from('{"error":{"message":"no"}}')],
    ['empty', Buffer.alloc(0)],
    ['no picture we can read', Buffer.from('BM and some more words than a header has')],
  ])('names what was sent instead: %s', (name, bytes) => {
    const fault = faultOf(bytes);
    expect(fault.code).toBe('invalid_image');
    expect(fault.param).toBe('images[1]');
    expect(fault.message).toContain(name);
    expect(fault.message).toContain('send JPEG, PNG, WEBP or BMP');
  });

  it('says a GIF is a GIF, word for word', () => {
    expect(faultOf(Buffer.from('GIF87a')).message).toBe('images[1] is a GIF; send JPEG, PNG, WEBP or BMP.');
  });

  it.each([
    ['too small', bmpHeader(239, 400), 'each side must be 240 to 8000'],
    ['too large', bmpHeader(8001, 4000), 'each side must be 240 to 8000'],
    ['too long', bmpHeader(2400, 240), 'aspect'],
    ['the lowest height there is', bmpHeader(400, -(2 ** 31)), 'each side must be'],
    ['no side', bmpHeader(400, 0), 'damaged'],
    ['a negative width', bmpHeader(-400, 300), 'damaged'],
  ])('refuses sides out of limits: %s', (_, bytes, message) => {
    expect(faultOf(bytes).message).toContain(message);
  });

  it('accepts exactly 8000 × 8000 and refuses one byte too many', () => {
    expect(inspectPicture(bmpHeader(8000, 8000), 'images[0]').height).toBe(8000);
    expect(faultOf(new Uint8Array(10_000_001)).code).toBe('image_too_large');
  });

  it('answers every cut of a header with a fault or the true size', async () => {
    const whole = await Promise.all([
      picture(321, 240).jpeg().toBuffer(),
      picture(321, 240).png().toBuffer(),
      picture(321, 240).webp().toBuffer(),
      picture(321, 240).webp({ lossless: true }).toBuffer(),
      bmpHeader(321, 240),
    ]);
    for (const bytes of whole) {
      for (let length = 0; length < Math.min(bytes.length, 800); length++) {
        const size = sizeOrFault(bytes.subarray(0, length));
        if (size !== undefined) expect(size).toMatchObject({ width: 321, height: 240 });
      }
    }
  });

  it('never throws anything but a Fault, and quickly, whatever the bytes', () => {
    const starts = [
      '',
      'BM',
      'RIFF0000WEBPVP8 ',
      'RIFF0000WEBPVP8L',
      'RIFF0000WEBPVP8X',
      '\x89PNG\r\n\x1a\n',
      '\xff\xd8\xff',
    ];
    const bytes = fc
      .tuple(fc.constantFrom(...starts), fc.uint8Array({ maxLength: 300 }))
      .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'latin1'), rest]));
    fc.assert(
      fc.property(bytes, (input) => {
        sizeOrFault(input);
      }),
      { numRuns: 3000 },
    );
  });

  it('gives up on endless JPEG segments', () => {
    const bytes = Buffer.alloc(9_000_000, Buffer.from([0xff, 0xe1, 0x00, 0x02]));
    bytes.set([0xff, 0xd8], 0);
    bytes.set([0xff, 0xe1, 0x00, 0x04], 2);
    const before = performance.now();
    expect(faultOf(bytes).message).toContain('damaged');
    expect(performance.now() - before).toBeLessThan(500);
  });
});

function sizeOrFault(bytes: Uint8Array) {
  try {
    return inspectPicture(bytes, 'images[0]');
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    return undefined;
  }
}
