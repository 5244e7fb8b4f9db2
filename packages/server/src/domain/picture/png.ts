import type { Size } from '../size.ts';
import { DamagedHeader, type Header } from './header.ts';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Whether the bytes begin with PNG's signature. */
export function isPng(header: Header): boolean {
  return header.has(0, SIGNATURE);
}

/** Reads IHDR, which must be the first chunk and holds the sides as 31-bit numbers. */
export function pngSize(header: Header): Size {
  if (header.uint32(8, 'big') !== 13 || !header.has(12, 'IHDR')) throw new DamagedHeader('IHDR is not the first chunk');
  return { width: header.uint32(16, 'big'), height: header.uint32(20, 'big') };
}
