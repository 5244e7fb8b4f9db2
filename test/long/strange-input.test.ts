import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, MODEL, type ShownVideo, wholeFile } from '../support/api.ts';
import { decode, judgeVideo } from '../support/mp4-judge.ts';
import { bmpOf, dataUrl, paint, pixelsOf, psnr } from '../support/paintings.ts';
import { leftoversIn, makeScratch, type Scratch, type ServerProcess, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** Every kind of picture that people have, through the whole server: what arrives at the renderer looks as it should. */

let scratch: Scratch;
let server: ServerProcess;
let api: Api;

beforeAll(async () => {
  scratch = makeScratch();
  server = await startServer(scratch);
  api = server.api;
});

afterAll(async () => {
  expect(await server?.stop()).toEqual({ code: 0, signal: null });
  expect(server.err().replace(/^SIGTERM: .*\n/m, '')).toBe('');
  await until('no process left', () => leftoversIn(scratch).length === 0);
  await scratch[Symbol.asyncDispose]();
});

interface Case {
  /** Size of the prepared frames at 480P: what Wan's own arithmetic gives, worked out by hand. */
  readonly size: readonly [width: number, height: number];
  readonly file: () => Promise<Buffer>;
  /** What a person sees in it. Absent: sharp is trusted to decode the file itself. */
  readonly looks?: () => Promise<Buffer> | Buffer;
  readonly db?: number;
  /** What sharp calls it, so that the case is what its name says. */
  readonly is?: Readonly<Record<string, unknown>>;
}

const png = (picture: Sharp) => picture.png().toBuffer();

const cases: Readonly<Record<string, Case>> = {
  'a portrait': { size: [464, 832], file: () => png(paint(720, 1280)) },
  'a wide JPEG of 3:1': { size: [1088, 352], file: () => paint(1500, 500).jpeg({ quality: 95 }).toBuffer() },
  'a BMP': {
    size: [720, 544],
    file: async () => bmpOf(await pixelsOf(paint(801, 601))),
    looks: () => png(paint(801, 601)),
  },
  'a PNG of 16 bits': {
    is: { depth: 'ushort', channels: 3 },
    size: [720, 544],
    file: () => paint(1000, 750).toColourspace('rgb16').png().toBuffer(),
    looks: () => png(paint(1000, 750)),
  },
  'a CMYK JPEG': {
    is: { space: 'cmyk', channels: 4 },
    size: [624, 624],
    file: () => paint(700, 700).toColourspace('cmyk').jpeg({ quality: 97 }).toBuffer(),
    // Without a profile nobody knows the inks; it must look like the picture, not match it.
    looks: () => png(paint(700, 700)),
    db: 20,
  },
  'a JPEG that lies on its side (EXIF orientation 6)': {
    is: { orientation: 6, width: 1280 },
    size: [464, 832],
    file: async () =>
      sharp(await paint(720, 1280).rotate(270).png().toBuffer())
        .withMetadata({ orientation: 6 })
        .jpeg({ quality: 95 })
        .toBuffer(),
    looks: () => png(paint(720, 1280)),
  },
  'a mirrored JPEG (EXIF orientation 2)': {
    is: { orientation: 2 },
    size: [720, 544],
    file: async () =>
      sharp(await paint(1000, 750).flop().png().toBuffer())
        .withMetadata({ orientation: 2 })
        .jpeg({ quality: 95 })
        .toBuffer(),
    looks: () => png(paint(1000, 750)),
  },
  'a PNG that one can see through': {
    is: { hasAlpha: true },
    size: [624, 624],
    file: () => paint(600, 600).ensureAlpha(0.5).png().toBuffer(),
    looks: async () => {
      const { data, width, height } = await pixelsOf(paint(600, 600));
      const onWhite = Buffer.from(data.map((value) => Math.round((value + 255) / 2)));
      return png(sharp(onWhite, { raw: { width, height, channels: 3 } }));
    },
  },
  'a WEBP whose every pixel is invisible': {
    size: [624, 624],
    file: () =>
      sharp({ create: { width: 300, height: 300, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
        .webp({ lossless: true })
        .toBuffer(),
    looks: () => png(sharp({ create: { width: 300, height: 300, channels: 3, background: '#ffffff' } })),
  },
  'the smallest, 240 by 240': { size: [624, 624], file: () => png(paint(240, 240)) },
  'the widest, 8000 by 1000': { size: [1776, 208], file: () => paint(8000, 1000).jpeg({ quality: 90 }).toBuffer() },
  'the highest, 1000 by 8000': { size: [208, 1776], file: () => paint(1000, 8000).jpeg({ quality: 90 }).toBuffer() },
  'a PNG with a palette': {
    is: { isPalette: true },
    size: [720, 544],
    file: () => paint(1000, 750).png({ palette: true, colours: 64 }).toBuffer(),
  },
  'a grey JPEG': {
    is: { channels: 1 },
    size: [720, 544],
    file: () => paint(1000, 750).toColourspace('b-w').jpeg({ quality: 95 }).toBuffer(),
  },
  'a grey PNG of 16 bits': {
    is: { depth: 'ushort', channels: 1 },
    size: [720, 544],
    file: () => paint(1000, 750).toColourspace('grey16').png().toBuffer(),
    looks: () => paint(1000, 750).greyscale().png().toBuffer(),
  },
  'a progressive JPEG': {
    is: { isProgressive: true },
    size: [720, 544],
    file: () => paint(1000, 750).jpeg({ progressive: true, quality: 95 }).toBuffer(),
  },
  'a lossy WEBP': { size: [720, 544], file: () => paint(1000, 750).webp({ quality: 95 }).toBuffer() },
  'a WEBP that moves, of which the first picture counts': {
    is: { pages: 2 },
    size: [624, 624],
    file: async () => {
      const pages = [await png(paint(400, 400)), await png(paint(400, 400, { pan: 0.3 }))];
      return sharp(pages, { join: { animated: true } })
        .webp({ lossless: true, delay: [100, 100] })
        .toBuffer();
    },
    looks: () => png(paint(400, 400)),
  },
};

/** What the design says of every picture: white behind it, scaled to cover, the middle cut out, never stretched. */
async function reference(looks: Buffer, [width, height]: readonly [number, number]) {
  const cover = sharp(looks, { limitInputPixels: false }).autoOrient().flatten({ background: '#ffffff' });
  return pixelsOf(cover.resize({ width, height, fit: 'cover', position: 'centre', fastShrinkOnLoad: false }));
}

describe('a picture is prepared as it should look', () => {
  it.each(Object.entries(cases))('%s', async (_what, { size, file, looks, db = 30, is }) => {
    const bytes = await file();
    if (is !== undefined) expect(await sharp(bytes).metadata()).toMatchObject(is);
    const { id } = await api.create({ model: MODEL, images: [dataUrl(bytes), 'sample_last'], size: '480P' });
    try {
      const video = await api.prepared(id);
      expect([video.width, video.height]).toEqual(size);
      const answer = await api.content(id, 'first_frame');
      const frame = wholeFile(answer);
      expect(answer.headers.get('content-type')).toBe('image/png');
      expect(await sharp(frame).metadata()).toMatchObject({
        format: 'png',
        channels: 3,
        depth: 'uchar',
        space: 'srgb',
      });
      const seen = await pixelsOf(frame);
      expect([seen.width, seen.height]).toEqual(size);
      const wished = await reference((await looks?.()) ?? bytes, size);
      expect(psnr(seen.data, wished.data)).toBeGreaterThanOrEqual(db);
      const last = await sharp(wholeFile(await api.content(id, 'last_frame'))).metadata();
      expect([last.width, last.height]).toEqual(size);
    } finally {
      expect((await api.cancel(id)).json()).toMatchObject({ status: 'cancelled' });
    }
  });

  it('the size follows the first frame at every tier, and the last one is cropped to it', async () => {
    const first = dataUrl(await png(paint(750, 1000)));
    const tall = await png(paint(600, 1200));
    for (const [size, width, height] of [
      ['480P', 544, 720],
      ['720P', 816, 1104],
      ['1080P', 1232, 1648],
    ] as const) {
      const { id } = await api.create({ model: MODEL, images: [first, dataUrl(tall)], size });
      expect(await api.prepared(id)).toMatchObject({ width, height });
      const last = await pixelsOf(wholeFile(await api.content(id, 'last_frame')));
      expect(psnr(last.data, (await reference(tall, [width, height])).data)).toBeGreaterThanOrEqual(30);
      await api.cancel(id);
    }
  });
});

describe('a picture that is damaged behind its header', () => {
  it.each(['jpeg', 'png', 'webp'] as const)('%s: its video fails and says which one it was', async (format) => {
    const whole = await paint(800, 600).toFormat(format, { quality: 90 }).toBuffer();
    const half = dataUrl(whole.subarray(0, whole.length / 2));
    const { id } = await api.create({ model: MODEL, images: ['sample_first', half], size: '480P' });
    const failed = await api.wait(id, ({ status }) => status === 'failed');
    expect(failed).toMatchObject({
      error: { code: 'invalid_image', message: expect.stringContaining('images[1]') },
      progress: expect.any(Number),
      url: null,
    });
    expect(failed.progress).toBeLessThan(100);
  });
});

describe('strange pictures make whole videos', () => {
  it('of a portrait on its side and a see-through one', async () => {
    const first = cases['a JPEG that lies on its side (EXIF orientation 6)'];
    const last = await paint(720, 1280, { pan: 0.04, zoom: 1.08 }).ensureAlpha(0.9).png().toBuffer();
    const images = [dataUrl((await first?.file()) ?? Buffer.of()), dataUrl(last)];
    const { id } = await api.create({ model: MODEL, images, size: '480P' });
    const video = await api.succeeded(id);
    expect([video.width, video.height]).toEqual([464, 832]);
    await judgeVideo(api, video);
  });

  it('of one panorama twice, with the label where it belongs and nowhere else', async () => {
    const picture = dataUrl(bmpOf(await pixelsOf(paint(1500, 500))));
    const { id } = await api.create({ model: MODEL, images: [picture, picture], size: '480P', watermark: true });
    const video = await api.succeeded(id);
    expect(codesOf(video)).toContain('identical_frames');
    const { frames, first, last } = await decode(wholeFile(await api.content(id)));
    expect(frames.length).toBe(150);
    const { data, width, height } = await pixelsOf(wholeFile(await api.content(id, 'first_frame')));
    for (const yuv of [first, last]) {
      const changed = changedBox(yuv, lumaOf(data), width, height);
      expect(changed.left, 'the label is in the right half').toBeGreaterThan(width / 2);
      expect(changed.top, 'the label is in the lower half').toBeGreaterThan(height / 2);
      expect(changed.bottom - changed.top, 'and high enough').toBeGreaterThanOrEqual(height * 0.04);
    }
    const clean = await pixelsOf(wholeFile(await api.content(id, 'output_last_frame')));
    expect(psnr(clean.data, data), 'the frame to go on from has no label').toBeGreaterThan(30);
    expect(changedBox(lumaOf(clean.data), lumaOf(data), width, height).left).toBe(width);
  });
});

function codesOf(video: ShownVideo): readonly string[] {
  return video.metadata.warnings.map(({ code }) => code);
}

/** Limited-range BT.709 luma. */
function lumaOf(rgb: Uint8Array): Uint8Array {
  const luma = new Uint8Array(rgb.length / 3);
  for (let at = 0; at < luma.length; at += 1) {
    const [r, g, b] = [rgb[at * 3] ?? 0, rgb[at * 3 + 1] ?? 0, rgb[at * 3 + 2] ?? 0];
    luma[at] = Math.round(16 + ((0.2126 * r + 0.7152 * g + 0.0722 * b) * 219) / 255);
  }
  return luma;
}

/** The box around all luma that differs by far more than coding does. */
function changedBox(one: Uint8Array, other: Uint8Array, width: number, height: number) {
  const box = { left: width, top: height, right: 0, bottom: 0 };
  for (let at = 0; at < width * height; at += 1) {
    if (Math.abs((one[at] ?? 0) - (other[at] ?? 0)) < 48) continue;
    const [x, y] = [at % width, Math.floor(at / width)];
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  }
  return box;
}
