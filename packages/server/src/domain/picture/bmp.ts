import type { Size } from '../size.ts';
import { DamagedHeader, type Header } from './header.ts';

/** Sizes of the info header: OS/2 1 (12), OS/2 2 (16, 64), Windows (40, 52, 56, 108, 124). */
const INFO_SIZES: readonly number[] = [12, 16, 40, 52, 56, 64, 108, 124];

/** Whether the bytes begin like a BMP. Two letters alone would also match plain text, so the info header must be known. */
export function isBmp(header: Header): boolean {
  return header.has(0, 'BM') && header.length >= 26 && INFO_SIZES.includes(header.uint32(14, 'little'));
}

/** Reads the sides; a negative height only says that the rows run from the top. */
export function bmpSize(header: Header): Size {
  if (header.uint32(14, 'little') === 12) {
    return { width: header.uint16(18, 'little'), height: header.uint16(20, 'little') };
  }
  const width = header.int32(18, 'little');
  if (width < 0) throw new DamagedHeader('a negative width');
  return { width, height: Math.abs(header.int32(22, 'little')) };
}
