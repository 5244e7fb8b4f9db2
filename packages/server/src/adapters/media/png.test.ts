import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { encodePng } from './png.ts';

describe('encodePng', () => {
  it('is read back to the pixel, whatever the size and the pixels', async () => {
    const pictures = fc
      .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
      .chain(([width, height]) =>
        fc.record({
          width: fc.constant(width),
          height: fc.constant(height),
          data: fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 }),
        }),
      );
    await fc.assert(
      fc.asyncProperty(pictures, async (picture) => {
        const png = sharp(await encodePng(picture), { failOn: 'warning' });
        const { data, info } = await png.raw().toBuffer({ resolveWithObject: true });
        expect(info).toMatchObject({ width: picture.width, height: picture.height, channels: 3 });
        expect(data.equals(picture.data)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('says no more than pixels: no profile, no density, no text', async () => {
    const meta = await sharp(await encodePng({ width: 2, height: 1, data: new Uint8Array(6) })).metadata();
    expect(meta).toMatchObject({ format: 'png', depth: 'uchar', space: 'srgb', hasAlpha: false, hasProfile: false });
    expect(meta.exif).toBeUndefined();
  });
});
