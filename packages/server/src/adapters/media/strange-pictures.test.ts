import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fault } from '../../domain/fault.ts';
import type { SizeTier } from '../../domain/model.ts';
import type { ByteSource } from '../../ports/artifacts.ts';
import { keepingLog } from '../system/keeping-log.fixture.ts';
import { createMedia, type MediaParts } from './media.ts';

/** Every kind of picture that people send, through the real child. */

let folder: string;
let parts: MediaParts;
const log = keepingLog();
const { signal } = new AbortController();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbetween-media-'));
  parts = createMedia({ tmpFolder: join(folder, 'tmp'), log });
});

afterAll(async () => {
  await parts.close();
  await rm(folder, { recursive: true, force: true });
});

interface Seen {
  readonly size: string;
  readonly source: string;
  readonly lost: readonly [first: number, last: number];
  readonly identical: boolean;
  /** RGB of the first prepared frame at fractions of its sides. */
  at(x: number, y: number): readonly number[];
}

async function pixels(source: ByteSource) {
  if (!('path' in source)) throw new Error('a file was expected');
  const { data, info } = await sharp(source.path).raw().toBuffer({ resolveWithObject: true });
  const meta = await sharp(source.path).metadata();
  expect(meta).toMatchObject({ format: 'png', channels: 3, depth: 'uchar', space: 'srgb', hasProfile: false });
  return { data, info };
}

async function prepare(first: Uint8Array, last = first, tier: SizeTier = '480P'): Promise<Seen> {
  await using pair = await parts.preparer.prepare({ first, last }, tier, signal);
  const one = await pixels(pair.frames.first.png);
  const other = await pixels(pair.frames.last.png);
  for (const { info } of [one, other]) expect(info).toMatchObject(pair.size);
  return {
    size: `${pair.size.width}×${pair.size.height}`,
    source: `${pair.frames.first.source.width}×${pair.frames.first.source.height}`,
    lost: [pair.frames.first.crop.lost, pair.frames.last.crop.lost],
    identical: pair.identical,
    at(x, y) {
      const pixel = Math.floor(y * one.info.height) * one.info.width + Math.floor(x * one.info.width);
      return [...one.data.subarray(pixel * 3, pixel * 3 + 3)];
    },
  };
}

async function faultOf(first: Uint8Array, last = first): Promise<Fault> {
  return prepare(first, last).then(
    () => Promise.reject(new Error('no fault was thrown')),
    (fault: Fault) => fault,
  );
}

/** Red in the upper left quarter, else blue: shows which way is up. */
function quarters(width: number, height: number): Sharp {
  const red = { create: { width: width >> 1, height: height >> 1, channels: 3 as const, background: '#e01010' } };
  return sharp({ create: { width, height, channels: 3, background: '#1010e0' } })
    .composite([{ input: red, left: 0, top: 0 }])
    .toColourspace('srgb');
}

/** Detail everywhere, so that damage shows. */
async function noise(width: number, height: number): Promise<Sharp> {
  const small = { width: width >> 2, height: height >> 2, channels: 3 as const };
  const { data, info } = await sharp({
    create: { ...small, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 40 } },
  })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width: w, height: h, channels } = info;
  return sharp(data, { raw: { width: w, height: h, channels } }).resize(width, height);
}

function near(seen: readonly number[], wanted: readonly number[], tolerance = 6): void {
  seen.forEach((value, index) => {
    expect(Math.abs(value - (wanted[index] ?? 0)), `${seen} is not ${wanted}`).toBeLessThanOrEqual(tolerance);
  });
}

const RED = [224, 16, 16];
const BLUE = [16, 16, 224];

describe('preparation of strange pictures', () => {
  it.each([
    ['16:9', 1280, 720, '832×464'],
    ['portrait', 720, 1280, '464×832'],
    ['3:1', 1500, 500, '1088×352'],
    ['240 px', 240, 240, '624×624'],
    ['8:1', 1920, 240, '1776×208'],
    ['8000 px', 8000, 1200, '1632×240'],
  ])('gives the output size of %s', async (_, width, height, size) => {
    const seen = await prepare(await quarters(width, height).jpeg({ quality: 95 }).toBuffer());
    expect(seen).toMatchObject({ size, source: `${width}×${height}`, identical: true });
    near(seen.at(0.2, 0.2), RED);
    near(seen.at(0.8, 0.2), BLUE);
    near(seen.at(0.2, 0.8), BLUE);
  });

  it('leaves a picture of the output size as it is, to the pixel', async () => {
    const { data, info } = await (await noise(832, 480)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    const png = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
    await using pair = await parts.preparer.prepare({ first: png, last: png }, '480P', signal);
    expect(pair.size).toEqual({ width: 832, height: 480 });
    expect((await pixels(pair.frames.first.png)).data.equals(data)).toBe(true);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('turns EXIF orientation %i upright', async (orientation) => {
    // What a camera stores so that this orientation shows it upright: the inverse of sharp's own turning.
    const upright = quarters(640, 400);
    const stored = await storedFor(orientation, await upright.png().toBuffer());
    for (const bytes of [
      await sharp(stored).withMetadata({ orientation }).jpeg({ quality: 95 }).toBuffer(),
      await sharp(stored).withMetadata({ orientation }).png().toBuffer(),
      await sharp(stored).withMetadata({ orientation }).webp({ lossless: true }).toBuffer(),
    ]) {
      const seen = await prepare(bytes);
      expect(seen).toMatchObject({ source: '640×400', size: '784×496' });
      near(seen.at(0.2, 0.2), RED);
      for (const [x, y] of [
        [0.8, 0.2],
        [0.2, 0.8],
        [0.8, 0.8],
      ] as const)
        near(seen.at(x, y), BLUE);
    }
  });

  it('reads every way to store colours', async () => {
    const picture = () => quarters(480, 320);
    const kinds: Record<string, Promise<Uint8Array>> = {
      '16-bit PNG': picture().toColourspace('rgb16').png().toBuffer(),
      'palette PNG': picture().png({ palette: true, colours: 8 }).toBuffer(),
      'interlaced PNG': picture().png({ progressive: true }).toBuffer(),
      'progressive JPEG': picture().jpeg({ progressive: true, quality: 95 }).toBuffer(),
      'lossy WEBP': picture().webp({ quality: 95 }).toBuffer(),
      'lossless WEBP': picture().webp({ lossless: true }).toBuffer(),
      'Display P3': picture().withIccProfile('p3').png().toBuffer(),
    };
    for (const [name, bytes] of Object.entries(kinds)) {
      const seen = await prepare(await bytes);
      near(seen.at(0.2, 0.2), RED, name.startsWith('lossy') ? 16 : 6);
      near(seen.at(0.8, 0.8), BLUE, name.startsWith('lossy') ? 16 : 6);
    }
  });

  it('reads a profile, not only the numbers', async () => {
    const plain = sharp({ create: { width: 300, height: 300, channels: 3, background: { r: 200, g: 60, b: 60 } } });
    const wide = await sharp(await plain.png().toBuffer())
      .withIccProfile('p3')
      .png()
      .toBuffer();
    // The file holds other numbers for the same red; prepared, they are those of sRGB again.
    const stored = await sharp(wide, { ignoreIcc: true }).raw().toBuffer();
    expect(Math.abs((stored[0] ?? 0) - 200)).toBeGreaterThan(8);
    near((await prepare(wide)).at(0.5, 0.5), [200, 60, 60], 2);
  });

  it('turns CMYK into sRGB', async () => {
    const bytes = await quarters(480, 320).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    const seen = await prepare(bytes);
    // Print colours are duller; what counts is that red is red and blue is blue.
    const [red = 0, green = 0] = seen.at(0.2, 0.2);
    expect(red - green).toBeGreaterThan(120);
    const [blueRed = 0, , blue = 0] = seen.at(0.8, 0.8);
    expect(blue - blueRed).toBeGreaterThan(60);
  });

  it('turns greyscale, with and without alpha and in 16 bits, into RGB', async () => {
    const grey = sharp({ create: { width: 300, height: 300, channels: 3, background: '#777777' } });
    for (const bytes of [
      await grey.clone().toColourspace('b-w').png().toBuffer(),
      await grey.clone().toColourspace('b-w').jpeg().toBuffer(),
      await grey.clone().toColourspace('grey16').png().toBuffer(),
      await grey.clone().toColourspace('b-w').ensureAlpha(1).png().toBuffer(),
    ]) {
      near((await prepare(bytes)).at(0.5, 0.5), [0x77, 0x77, 0x77], 2);
    }
  });

  it('flattens alpha on white', async () => {
    const half = sharp({
      create: { width: 300, height: 300, channels: 4, background: { r: 255, g: 0, b: 0, alpha: 0.5 } },
    });
    near((await prepare(await half.clone().png().toBuffer())).at(0.5, 0.5), [255, 127, 127], 2);
    near((await prepare(await half.clone().webp({ lossless: true }).toBuffer())).at(0.5, 0.5), [255, 127, 127], 2);
    near((await prepare(await half.clone().toColourspace('rgb16').png().toBuffer())).at(0.5, 0.5), [255, 127, 127], 2);
    const none = sharp({
      create: { width: 300, height: 300, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } },
    });
    near((await prepare(await none.png({ palette: true }).toBuffer())).at(0.5, 0.5), [255, 255, 255], 0);
  });

  it('takes the first page of an animation', async () => {
    const pages = await Promise.all(
      ['#e01010', '#10e010', '#1010e0'].map((background) =>
        sharp({ create: { width: 300, height: 260, channels: 3, background } })
          .png()
          .toBuffer(),
      ),
    );
    const bytes = await sharp(pages, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(3);
    const seen = await prepare(bytes);
    expect(seen.source).toBe('300×260');
    near(seen.at(0.5, 0.9), RED, 2);
  });

  it('reads BMP, which the library cannot', async () => {
    const width = 300;
    const height = 240;
    const header = Buffer.alloc(54);
    header.write('BM', 'latin1');
    header.writeUInt32LE(54, 10);
    header.writeUInt32LE(40, 14);
    header.writeInt32LE(width, 18);
    header.writeInt32LE(height, 22);
    header.writeUInt16LE(24, 28);
    const bytes = Buffer.concat([header, Buffer.alloc(width * height * 3)]);
    for (let y = height / 2; y < height; y++) {
      for (let x = 0; x < width / 2; x++) bytes.set([16, 16, 224], 54 + (y * width + x) * 3);
    }
    const seen = await prepare(bytes);
    near(seen.at(0.2, 0.2), RED);
    near(seen.at(0.2, 0.8), [0, 0, 0]);
    near(seen.at(0.8, 0.2), [0, 0, 0]);
    expect(await faultOf(bytes.subarray(0, 9000))).toMatchObject({ code: 'invalid_image', param: 'images[0]' });
  });

  it('cuts the last frame to the aspect of the first, and tells how much', async () => {
    const first = await quarters(1280, 720).jpeg().toBuffer();
    const last = await quarters(720, 1280).jpeg().toBuffer();
    const seen = await prepare(first, last, '720P');
    expect(seen).toMatchObject({ size: '1280×720', identical: false });
    expect(seen.lost[0]).toBe(0);
    expect(seen.lost[1]).toBeCloseTo(1 - (720 * 720) / (1280 * 1280), 2);
  });

  it('notices frames that are identical after preparation, whatever their files', async () => {
    const png = await quarters(640, 400).png().toBuffer();
    const webp = await sharp(png).webp({ lossless: true }).toBuffer();
    expect((await prepare(png, webp)).identical).toBe(true);
    expect((await prepare(png, await sharp(png).flop().png().toBuffer())).identical).toBe(false);
  });

  it('says of each cut-short picture that it is damaged, and which one it is', async () => {
    const picture = await noise(640, 400);
    const whole: Record<string, Buffer> = {
      jpeg: await picture.clone().jpeg().toBuffer(),
      progressive: await picture.clone().jpeg({ progressive: true }).toBuffer(),
      png: await picture.clone().png().toBuffer(),
      interlaced: await picture.clone().png({ progressive: true }).toBuffer(),
      webp: await picture.clone().webp().toBuffer(),
      lossless: await picture.clone().webp({ lossless: true }).toBuffer(),
    };
    const sound = await quarters(640, 400).png().toBuffer();
    for (const bytes of Object.values(whole)) {
      for (const share of [0.1, 0.5, 0.98]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        const fault = await faultOf(sound, cut);
        expect(fault).toMatchObject({ name: 'Fault', code: 'invalid_image', param: 'images[1]' });
        expect(fault.message).toContain('damaged or incomplete');
      }
    }
    expect((await faultOf(whole['jpeg']?.subarray(0, 5000) ?? sound, sound)).param).toBe('images[0]');
  });

  it('refuses what is no picture, with the words of the header check', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="400" height="400"/>');
    expect((await faultOf(svg)).message).toBe('images[0] is an SVG; send JPEG, PNG, WEBP or BMP.');
    expect((await faultOf(await quarters(200, 300).png().toBuffer())).message).toContain('240 to 8000');
  });

  it('leaves no file behind', async () => {
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
    expect(log.lines.filter((line) => /^(warn|error)/.test(line))).toEqual([]);
  });
});

/**
 * The pixels a picture must be stored with so that the given EXIF orientation shows it as it is. Each step is a run of
 * its own, for within one run sharp mirrors before it turns, whatever the order of the calls.
 */
async function storedFor(orientation: number, upright: Uint8Array): Promise<Uint8Array> {
  const steps: Record<number, readonly ((picture: Sharp) => Sharp)[]> = {
    1: [],
    2: [(picture) => picture.flop()],
    3: [(picture) => picture.rotate(180)],
    4: [(picture) => picture.flip()],
    5: [(picture) => picture.rotate(90), (picture) => picture.flop()],
    6: [(picture) => picture.rotate(270)],
    7: [(picture) => picture.rotate(90), (picture) => picture.flip()],
    8: [(picture) => picture.rotate(90)],
  };
  let stored = upright;
  for (const step of steps[orientation] ?? []) stored = await step(sharp(stored)).png().toBuffer();
  return stored;
}
