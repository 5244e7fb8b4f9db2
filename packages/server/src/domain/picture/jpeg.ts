import type { Size } from '../size.ts';
import { DamagedHeader, type Header } from './header.ts';

/** Pictures in the wild have fewer than a hundred segments before the frame header; a bound keeps hostile ones cheap. */
const MAX_SEGMENTS = 4096;

/** Whether the bytes begin like a JPEG: start of image, then another marker. */
export function isJpeg(header: Header): boolean {
  return header.has(0, [0xff, 0xd8, 0xff]);
}

/** Walks from marker to marker until the frame header (SOF), which holds the sides. */
export function jpegSize(header: Header): Size {
  let at = 2;
  for (let segment = 0; segment < MAX_SEGMENTS; segment++) {
    at = markerAt(header, at);
    const marker = header.uint8(at + 1);
    if (isFrameHeader(marker)) return { height: header.uint16(at + 5, 'big'), width: header.uint16(at + 7, 'big') };
    // Scan data or the end of the image before any frame header: there is nothing to show.
    if (marker === 0xda || marker === 0xd9) break;
    at += isBare(marker) ? 2 : 2 + segmentLength(header, at + 2);
  }
  throw new DamagedHeader('no frame header');
}

/** A marker may be preceded by any number of 0xFF fill bytes. */
function markerAt(header: Header, from: number): number {
  if (header.uint8(from) !== 0xff) throw new DamagedHeader('a marker is missing');
  let at = from;
  while (header.uint8(at + 1) === 0xff) at += 1;
  return at;
}

function segmentLength(header: Header, at: number): number {
  const length = header.uint16(at, 'big');
  if (length < 2) throw new DamagedHeader('a segment without length');
  return length;
}

/** SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC), which share the range. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Markers that stand alone: TEM and the restart markers. */
function isBare(marker: number): boolean {
  return marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
}
