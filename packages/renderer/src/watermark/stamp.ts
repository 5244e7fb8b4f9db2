import sharp from 'sharp';
import font from './glyphs.json' with { type: 'json' };

/** A mark ready to be blended into I420 frames of one size: `out = (in × keep + add) / 256`, plane by plane. */
export interface Stamp {
  /** Top left corner in the frame, both even. */
  readonly x: number;
  readonly y: number;
  /** Size of the region, both even. */
  readonly width: number;
  readonly height: number;
  readonly luma: StampPlane;
  /** Half size both ways; serves U and V. */
  readonly chroma: StampPlane;
}

/** One plane's factors, row by row: `keep` 0..256, `add` in 1/256 of a level. */
export interface StampPlane {
  readonly keep: Uint16Array;
  readonly add: Uint16Array;
}

// GB 45438-2025 asks for a text height of at least 5 % of the short side. We take the height of the capitals, the
// smallest reading of "height", and a little more, so that rounding never falls below.
const CAPITAL_HEIGHT = 0.052;
const TEXT_OPACITY = 0.94;
const SHADOW_OPACITY = 0.72;
const MOST_CHARACTERS = 64;

const BLACK = 16;
const WHITE = 235;
const GREY_CHROMA = 128;

/** Height in pixels of the mark's capital letters in a frame of this size. */
export function capitalHeight(width: number, height: number): number {
  return Math.ceil(Math.min(width, height) * CAPITAL_HEIGHT);
}

/**
 * Draws white words with a soft dark shadow for the lower right corner of a frame. The outlines are our own, so the
 * host's fonts play no part. Throws a RangeError when the font file lacks a character or the words do not fit.
 */
export async function makeStamp(
  words: string,
  frame: { readonly width: number; readonly height: number },
): Promise<Stamp> {
  const capital = capitalHeight(frame.width, frame.height);
  const scale = capital / font.capHeight;
  const em = font.unitsPerEm * scale;
  const blur = Math.max(0.6, capital / 14);
  const padding = Math.ceil(blur * 3) + 1;
  const { paths, advance } = layOut(words);
  // Han glyphs reach about 0.88 em above and 0.12 em below the baseline.
  const ascent = em * 0.88;
  const margin = Math.round(capital * 0.6);
  const width = even(advance * scale + 2 * padding);
  const height = even(em + 2 * padding);
  if (width > frame.width || height > frame.height) {
    throw new RangeError(`the watermark "${words}" does not fit a frame of ${frame.width}×${frame.height}`);
  }
  const outlines = `<g transform="translate(${padding} ${padding + ascent}) scale(${scale})">${paths}</g>`;
  const text = await drawAlpha(outlines, width, height, 0);
  const shadow = await drawAlpha(
    `<g transform="translate(0 ${blur * 0.5})" stroke="#fff" stroke-width="${(blur * 1.6) / scale}">${outlines}</g>`,
    width,
    height,
    blur,
  );
  const keep = new Float64Array(width * height);
  const white = new Float64Array(width * height);
  for (let index = 0; index < keep.length; index++) {
    white[index] = TEXT_OPACITY * text[index]!;
    keep[index] = (1 - white[index]!) * (1 - SHADOW_OPACITY * shadow[index]!);
  }
  return {
    // Even corners, so that the region falls on whole chroma samples; the margin may be cut in very small frames.
    x: Math.max(0, even(frame.width - width - margin + padding - 1)),
    y: Math.max(0, even(frame.height - height - margin + padding - 1)),
    width,
    height,
    luma: lumaPlane(keep, white),
    chroma: chromaPlane(keep, width, height),
  };
}

function layOut(words: string): { paths: string; advance: number } {
  const characters = [...words];
  if (characters.length === 0 || characters.length > MOST_CHARACTERS) {
    throw new RangeError(`a watermark has 1..${MOST_CHARACTERS} characters, not ${characters.length}`);
  }
  const glyphs: Readonly<Record<string, { advance: number; path: string }>> = font.glyphs;
  let advance = 0;
  let paths = '';
  for (const character of characters) {
    const glyph = Object.hasOwn(glyphs, character) ? glyphs[character] : undefined;
    if (glyph === undefined) throw new RangeError(`the watermark font has no glyph for "${character}"`);
    paths += `<path transform="translate(${advance} 0)" d="${glyph.path}"/>`;
    advance += glyph.advance;
  }
  return { paths, advance };
}

/** Draws white shapes on nothing and gives their coverage, 0..1. */
async function drawAlpha(shapes: string, width: number, height: number, blur: number): Promise<Float64Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" fill="#fff">${shapes}</svg>`;
  const drawn = sharp(Buffer.from(svg)).extractChannel('alpha').toColourspace('b-w');
  const { data, info } = await (blur > 0 ? drawn.blur(blur) : drawn).raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 1 || info.width !== width || info.height !== height) {
    throw new Error(`the watermark was drawn as ${info.width}×${info.height}×${info.channels}`);
  }
  return Float64Array.from(data, (value) => value / 255);
}

function lumaPlane(keep: Float64Array, white: Float64Array): StampPlane {
  const plane = { keep: new Uint16Array(keep.length), add: new Uint16Array(keep.length) };
  for (let index = 0; index < keep.length; index++) {
    plane.keep[index] = Math.round(keep[index]! * 256);
    const shade = 1 - keep[index]! - white[index]!;
    plane.add[index] = Math.round((white[index]! * WHITE + shade * BLACK) * 256);
  }
  return plane;
}

function chromaPlane(keep: Float64Array, width: number, height: number): StampPlane {
  const plane = { keep: new Uint16Array(keep.length / 4), add: new Uint16Array(keep.length / 4) };
  for (let y = 0, index = 0; y < height; y += 2) {
    for (let x = 0; x < width; x += 2, index++) {
      const at = y * width + x;
      const mean = (keep[at]! + keep[at + 1]! + keep[at + width]! + keep[at + width + 1]!) / 4;
      plane.keep[index] = Math.round(mean * 256);
      plane.add[index] = (256 - plane.keep[index]!) * GREY_CHROMA;
    }
  }
  return plane;
}

/** The next even number at or above. */
function even(value: number): number {
  return 2 * Math.ceil(value / 2);
}
