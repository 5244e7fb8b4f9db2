import type { Size } from '../size.ts';
import { DamagedHeader, type Header } from './header.ts';

/** Whether the bytes begin like a RIFF container of kind WEBP. */
export function isWebp(header: Header): boolean {
  return header.has(0, 'RIFF') && header.has(8, 'WEBP');
}

/** Reads the sides out of the first chunk: lossy (`VP8 `), lossless (`VP8L`) or extended (`VP8X`, the canvas). */
export function webpSize(header: Header): Size {
  if (header.has(12, 'VP8X')) return { width: header.uint24(24) + 1, height: header.uint24(27) + 1 };
  if (header.has(12, 'VP8L')) return losslessSize(header);
  if (header.has(12, 'VP8 ')) return lossySize(header);
  throw new DamagedHeader('an unknown first chunk');
}

/** One signature byte, then 14 bits of width − 1 and 14 bits of height − 1. */
function losslessSize(header: Header): Size {
  if (header.uint8(20) !== 0x2f) throw new DamagedHeader('no VP8L signature');
  const bits = header.uint32(21, 'little');
  return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
}

/** A key frame: three bytes of tag, the start code, then 14 bits each with two bits of scaling above them. */
function lossySize(header: Header): Size {
  if (!header.has(23, [0x9d, 0x01, 0x2a])) throw new DamagedHeader('no VP8 start code');
  return { width: header.uint16(26, 'little') & 0x3fff, height: header.uint16(28, 'little') & 0x3fff };
}
