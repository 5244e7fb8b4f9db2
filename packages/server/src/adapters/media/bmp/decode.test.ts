import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DamagedHeader } from '../../../domain/picture/header.ts';
import { decodeBmp } from './decode.ts';

interface BmpParts {
  readonly width: number;
  /** Negative: top-down. */
  readonly height: number;
  readonly bits: number;
  readonly compression?: number;
  readonly infoSize?: number;
  readonly masks?: readonly number[];
  /** B, G, R for each colour. */
  readonly palette?: readonly (readonly number[])[];
  readonly pixels: readonly number[];
}

function bmp(parts: BmpParts): Buffer {
  const infoSize = parts.infoSize ?? 40;
  const core = infoSize === 12;
  const info = Buffer.alloc(infoSize);
  info.writeUInt32LE(infoSize, 0);
  if (core) {
    info.writeUInt16LE(parts.width, 4);
    info.writeUInt16LE(parts.height, 6);
    info.writeUInt16LE(parts.bits, 10);
  } else {
    info.writeInt32LE(parts.width, 4);
    info.writeInt32LE(parts.height, 8);
    info.writeUInt16LE(parts.bits, 14);
    info.writeUInt32LE(parts.compression ?? 0, 16);
    info.writeUInt32LE(parts.palette?.length ?? 0, 32);
  }
  const masks = Buffer.alloc((parts.masks?.length ?? 0) * 4);
  parts.masks?.forEach((mask, index) => {
    masks.writeUInt32LE(mask, index * 4);
  });
  // From 52 bytes on the masks belong to the header itself.
  const inside = infoSize >= 52;
  if (inside) masks.copy(info, 40);
  const palette = Buffer.from((parts.palette ?? []).flatMap((colour) => (core ? colour : [...colour, 0])));
  const head = Buffer.concat([info, inside ? Buffer.alloc(0) : masks, palette]);
  const file = Buffer.alloc(14);
  file.write('BM', 'latin1');
  file.writeUInt32LE(14 + head.length, 10);
  return Buffer.concat([file, head, Buffer.from(parts.pixels)]);
}

const RED = [255, 0, 0];
const GREEN = [0, 255, 0];
const BLUE = [0, 0, 255];
const WHITE = [255, 255, 255];
const PALETTE = [
  [0, 0, 255],
  [0, 255, 0],
  [255, 0, 0],
  [255, 255, 255],
];

describe('decodeBmp', () => {
  it.each<[string, BmpParts]>([
    [
      '24 bits',
      { width: 2, height: 2, bits: 24, pixels: [255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0] },
    ],
    [
      '24 bits, top-down',
      { width: 2, height: -2, bits: 24, pixels: [0, 0, 255, 0, 255, 0, 0, 0, 255, 0, 0, 255, 255, 255, 0, 0] },
    ],
    [
      'OS/2 header',
      {
        width: 2,
        height: 2,
        bits: 24,
        infoSize: 12,
        pixels: [255, 0, 0, 255, 255, 255, 0, 0, 0, 0, 255, 0, 255, 0, 0, 0],
      },
    ],
    [
      'OS/2 header with a palette',
      {
        width: 2,
        height: 2,
        bits: 8,
        infoSize: 12,
        palette: PALETTE.concat(Array(252).fill([0, 0, 0])),
        pixels: [2, 3, 0, 0, 0, 1, 0, 0],
      },
    ],
    [
      '32 bits, fourth byte without meaning',
      { width: 2, height: 2, bits: 32, pixels: [255, 0, 0, 0, 255, 255, 255, 7, 0, 0, 255, 9, 0, 255, 0, 0] },
    ],
    ['8 bits', { width: 2, height: 2, bits: 8, palette: PALETTE, pixels: [2, 3, 0, 0, 0, 1, 0, 0] }],
    ['4 bits', { width: 2, height: 2, bits: 4, palette: PALETTE, pixels: [0x23, 0, 0, 0, 0x01, 0, 0, 0] }],
    ['2 bits', { width: 2, height: 2, bits: 2, palette: PALETTE, pixels: [0xb0, 0, 0, 0, 0x10, 0, 0, 0] }],
    ['16 bits, 5-5-5', { width: 2, height: 2, bits: 16, pixels: [0x1f, 0, 0xff, 0x7f, 0, 0x7c, 0xe0, 0x03] }],
    [
      '16 bits, 5-6-5',
      {
        width: 2,
        height: 2,
        bits: 16,
        compression: 3,
        masks: [0xf800, 0x7e0, 0x1f],
        pixels: [0x1f, 0, 0xff, 0xff, 0, 0xf8, 0xe0, 0x07],
      },
    ],
    [
      '32 bits, 10-bit masks',
      {
        width: 2,
        height: 2,
        bits: 32,
        compression: 3,
        masks: [0x3ff00000, 0xffc00, 0x3ff],
        pixels: [0xff, 3, 0, 0, 0xff, 0xff, 0xff, 0x3f, 0, 0, 0xf0, 0x3f, 0, 0xfc, 0x0f, 0],
      },
    ],
    [
      'alpha that is zero throughout',
      {
        width: 2,
        height: 2,
        bits: 32,
        compression: 3,
        infoSize: 124,
        masks: [0xff0000, 0xff00, 0xff, 0xff000000],
        pixels: [255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 255, 0, 0, 255, 0, 0],
      },
    ],
    [
      'RLE8',
      { width: 2, height: 2, bits: 8, compression: 1, palette: PALETTE, pixels: [1, 2, 1, 3, 0, 0, 1, 0, 1, 1, 0, 1] },
    ],
    [
      'RLE4 with a literal run',
      {
        width: 2,
        height: 2,
        bits: 4,
        compression: 2,
        palette: PALETTE,
        pixels: [2, 0x23, 0, 0, 1, 0, 1, 0x10, 0, 0, 0, 1],
      },
    ],
  ])('reads red, green / blue, white: %s', (_, parts) => {
    const picture = decodeBmp(bmp(parts));
    expect(picture).toMatchObject({ width: 2, height: 2, channels: 3 });
    expect([...picture.data]).toEqual([...RED, ...GREEN, ...BLUE, ...WHITE]);
  });

  it('reads one bit per pixel, from the highest', () => {
    const picture = decodeBmp(
      bmp({
        width: 3,
        height: 1,
        bits: 1,
        palette: [
          [0, 0, 0],
          [255, 255, 255],
        ],
        pixels: [0b101_00000, 0, 0, 0],
      }),
    );
    expect([...picture.data]).toEqual([...WHITE, 0, 0, 0, ...WHITE]);
  });

  it('keeps alpha that is used', () => {
    const masks = [0xff0000, 0xff00, 0xff, 0xff000000];
    const picture = decodeBmp(
      bmp({ width: 2, height: 1, bits: 32, compression: 3, infoSize: 108, masks, pixels: [1, 2, 3, 128, 4, 5, 6, 0] }),
    );
    expect(picture.channels).toBe(4);
    expect([...picture.data]).toEqual([3, 2, 1, 128, 6, 5, 4, 0]);
  });

  it('unpacks long literal runs, moves and runs over the edge', () => {
    const pixels = [0, 3, 1, 2, 3, 0, 9, 1, 0, 0, 0, 2, 1, 1, 1, 2, 0, 1];
    const picture = decodeBmp(bmp({ width: 4, height: 3, bits: 8, compression: 1, palette: PALETTE, pixels }));
    const indices = Array.from({ length: 12 }, (_, pixel) =>
      PALETTE.findIndex(
        ([b, g, r]) =>
          r === picture.data[pixel * 3] && g === picture.data[pixel * 3 + 1] && b === picture.data[pixel * 3 + 2],
      ),
    );
    expect(indices).toEqual([0, 2, 0, 0, 0, 0, 0, 0, 1, 2, 3, 1]);
  });

  it.each<[string, BmpParts]>([
    ['pixels that break off', { width: 2, height: 2, bits: 24, pixels: [1, 2, 3] }],
    ['runs that break off', { width: 2, height: 2, bits: 8, compression: 1, palette: PALETTE, pixels: [2, 1] }],
    ['a palette that breaks off', { width: 2, height: 2, bits: 8, pixels: [] }],
    ['an embedded JPEG', { width: 2, height: 2, bits: 0, compression: 4, pixels: [] }],
    [
      'masks of nothing',
      { width: 2, height: 2, bits: 32, compression: 3, masks: [0, 0, 0], pixels: Array(16).fill(0) },
    ],
    ['24 bits in runs', { width: 2, height: 2, bits: 24, compression: 1, pixels: Array(16).fill(0) }],
  ])('refuses %s', (_, parts) => {
    expect(() => decodeBmp(bmp(parts))).toThrow(DamagedHeader);
  });

  it('never throws anything else and never reads outside, whatever the bytes', () => {
    const parts = fc.record({
      width: fc.integer({ min: 0, max: 40 }),
      height: fc.integer({ min: -40, max: 40 }),
      bits: fc.constantFrom(0, 1, 2, 4, 8, 16, 24, 32),
      compression: fc.constantFrom(0, 0, 1, 2, 3, 6),
      infoSize: fc.constantFrom(40, 52, 56, 108, 124),
      masks: fc.array(fc.nat(0xffffffff), { minLength: 4, maxLength: 4 }),
      pixels: fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 3000 }),
    });
    fc.assert(
      fc.property(parts, fc.nat(200), (given, cut) => {
        const whole = bmp(given);
        try {
          const picture = decodeBmp(whole.subarray(0, Math.max(26, whole.length - cut)));
          expect(picture.data.length).toBe(picture.width * picture.height * picture.channels);
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedHeader);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
