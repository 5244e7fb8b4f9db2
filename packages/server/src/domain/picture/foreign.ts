import type { Header } from './header.ts';

/** Formats we recognise only to say what was sent; none of them is ever decoded. */
const MAGIC: readonly (readonly [name: string, at: number, magic: string | readonly number[]])[] = [
  ['a GIF', 0, 'GIF8'],
  ['a TIFF', 0, [0x49, 0x49, 0x2a, 0x00]],
  ['a TIFF', 0, [0x4d, 0x4d, 0x00, 0x2a]],
  ['a PDF', 0, '%PDF-'],
  ['a JPEG XL', 0, [0xff, 0x0a]],
  ['a JPEG XL', 4, 'JXL '],
  ['a JPEG 2000', 4, 'jP  '],
  ['a JPEG 2000', 0, [0xff, 0x4f, 0xff, 0x51]],
  ['a Photoshop file', 0, '8BPS'],
  ['an icon (ICO)', 0, [0x00, 0x00, 0x01, 0x00]],
  ['a WebM or Matroska video', 0, [0x1a, 0x45, 0xdf, 0xa3]],
  ['a ZIP archive', 0, [0x50, 0x4b, 0x03, 0x04]],
  ['gzip-compressed', 0, [0x1f, 0x8b]],
];

/** Names of the ISO media brands that stand behind `ftyp`; other brands are videos. */
const BRANDS: Readonly<Record<string, string>> = {
  avif: 'an AVIF',
  avis: 'an AVIF',
  heic: 'a HEIC',
  heix: 'a HEIC',
  heim: 'a HEIC',
  heis: 'a HEIC',
  hevc: 'a HEIC',
  hevx: 'a HEIC',
  mif1: 'a HEIF',
  msf1: 'a HEIF',
};

/** How far an SVG's or HTML page's first element may stand behind comments and declarations. */
const TEXT_BYTES = 1024;

/** What foreign bytes seem to be, with its article, such as `a GIF`; undefined when they look like nothing we know. */
export function foreignName(header: Header): string | undefined {
  if (header.length === 0) return 'empty';
  const magic = MAGIC.find(([, at, expected]) => header.has(at, expected));
  if (magic !== undefined) return magic[0];
  if (header.has(4, 'ftyp')) return BRANDS[header.text(8, 4)] ?? 'a video';
  return textName(header.text(0, TEXT_BYTES));
}

function textName(text: string): string | undefined {
  if (/<svg[\s>]/i.test(text)) return 'an SVG';
  if (/<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]/i.test(text)) return 'an HTML page';
  if (/^[^\x21-\x7e]*<\?xml/.test(text)) return 'an XML file';
  if (/^\s*[{[]\s*["[{\]}]/.test(text)) return 'JSON text';
  return undefined;
}
