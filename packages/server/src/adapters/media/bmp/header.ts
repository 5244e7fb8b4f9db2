import { DamagedHeader, Header } from '../../../domain/picture/header.ts';

/** How a BMP's pixels are packed. */
export type BmpPacking =
  | { readonly kind: 'palette'; readonly bits: 1 | 2 | 4 | 8; readonly colours: Uint8Array }
  | { readonly kind: 'runs'; readonly bits: 4 | 8; readonly colours: Uint8Array }
  | { readonly kind: 'bgr' }
  | { readonly kind: 'masks'; readonly bits: 16 | 32; readonly masks: BmpMasks };

/** Which bits of a pixel are which channel; alpha 0: there is none. */
export interface BmpMasks {
  readonly red: number;
  readonly green: number;
  readonly blue: number;
  readonly alpha: number;
}

/** A BMP's headers, read and checked. */
export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  /** Rows run from the top; the usual order is from the bottom. */
  readonly topDown: boolean;
  /** Where the pixels begin. */
  readonly offset: number;
  readonly packing: BmpPacking;
}

const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

/**
 * Reads the file and info headers: OS/2 1 and 2, Windows 3, 4 and 5.
 * @throws DamagedHeader for what is cut short or never was a BMP
 */
export function readBmpHeader(bytes: Uint8Array): BmpHeader {
  const header = new Header(bytes);
  const infoSize = header.uint32(14, 'little');
  const core = infoSize === 12;
  const bits = header.uint16(core ? 24 : 28, 'little');
  // OS/2 2 may end its header after 16 bytes; what is left out is zero.
  const field = (at: number) => (at + 4 <= 14 + infoSize ? header.uint32(at, 'little') : 0);
  const compression = core ? 0 : field(30);
  const height = core ? header.uint16(20, 'little') : header.int32(22, 'little');
  const masksBehind = infoSize === 40 ? maskBytes(compression) : 0;
  const colours = () => readColours(header, 14 + infoSize + masksBehind, bits, core ? 3 : 4, core ? 0 : field(46));
  return {
    width: core ? header.uint16(18, 'little') : header.int32(18, 'little'),
    height: Math.abs(height),
    topDown: height < 0,
    offset: header.uint32(10, 'little'),
    packing: readPacking(header, infoSize, bits, compression, colours),
  };
}

function readPacking(
  header: Header,
  infoSize: number,
  bits: number,
  compression: number,
  colours: () => Uint8Array,
): BmpPacking {
  if (compression === 0) {
    if (bits === 1 || bits === 2 || bits === 4 || bits === 8) return { kind: 'palette', bits, colours: colours() };
    if (bits === 24) return { kind: 'bgr' };
    if (bits === 16) return { kind: 'masks', bits, masks: { red: 0x7c00, green: 0x3e0, blue: 0x1f, alpha: 0 } };
    // The fourth byte means nothing here, whatever stands in it.
    if (bits === 32) return { kind: 'masks', bits, masks: { red: 0xff0000, green: 0xff00, blue: 0xff, alpha: 0 } };
  }
  if (compression === RLE8 && bits === 8) return { kind: 'runs', bits, colours: colours() };
  if (compression === RLE4 && bits === 4) return { kind: 'runs', bits, colours: colours() };
  // In an OS/2 2 header (64 bytes) compression 3 is a Huffman code that nobody writes.
  const masked = (compression === BITFIELDS && infoSize !== 64) || compression === ALPHA_BITFIELDS;
  if (masked && (bits === 16 || bits === 32)) {
    const alpha = infoSize >= 56 || compression === ALPHA_BITFIELDS;
    return { kind: 'masks', bits, masks: readMasks(header, alpha) };
  }
  throw new DamagedHeader(`${bits} bits with compression ${compression}`);
}

/** The masks stand at the same place whether they belong to the header or follow it. */
function readMasks(header: Header, alpha: boolean): BmpMasks {
  const masks = {
    red: header.uint32(54, 'little'),
    green: header.uint32(58, 'little'),
    blue: header.uint32(62, 'little'),
    alpha: alpha ? header.uint32(66, 'little') : 0,
  };
  if (masks.red === 0 && masks.green === 0 && masks.blue === 0) throw new DamagedHeader('no colour masks');
  return masks;
}

function maskBytes(compression: number): number {
  if (compression === BITFIELDS) return 12;
  return compression === ALPHA_BITFIELDS ? 16 : 0;
}

/** The palette as R, G, B; colours a pixel names and the palette lacks are black. */
function readColours(header: Header, at: number, bits: number, entryBytes: number, used: number): Uint8Array {
  const colours = new Uint8Array(256 * 3);
  const count = Math.min(used === 0 ? 1 << bits : used, 1 << bits);
  for (let index = 0; index < count; index++) {
    const entry = at + index * entryBytes;
    colours[index * 3] = header.uint8(entry + 2);
    colours[index * 3 + 1] = header.uint8(entry + 1);
    colours[index * 3 + 2] = header.uint8(entry);
  }
  return colours;
}
