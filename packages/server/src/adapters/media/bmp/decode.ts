import { DamagedHeader } from '../../../domain/picture/header.ts';
import { type BmpHeader, type BmpMasks, readBmpHeader } from './header.ts';
import { unpackRuns } from './runs.ts';

/** Pixels as sharp takes them raw: interleaved 8-bit R, G, B and perhaps A, top row first. */
export interface RawPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: 3 | 4;
  readonly data: Uint8Array;
}

/**
 * Decodes a BMP, which sharp cannot. Sides must have been checked before: memory is taken for all of them.
 * @throws DamagedHeader when the file is damaged, cut short, or of a kind that is not decoded
 */
export function decodeBmp(bytes: Uint8Array): RawPicture {
  const header = readBmpHeader(bytes);
  const { packing } = header;
  switch (packing.kind) {
    case 'palette':
      return decodePalette(bytes, header, packing.bits, packing.colours);
    case 'runs':
      return decodeRuns(bytes, header, packing.bits, packing.colours);
    case 'bgr':
      return decodeBgr(bytes, header);
    case 'masks':
      return decodeMasks(bytes, header, packing.bits, packing.masks);
  }
}

function decodePalette(bytes: Uint8Array, header: BmpHeader, bits: number, colours: Uint8Array): RawPicture {
  const picture = blank(header, 3);
  const perByte = 8 / bits;
  const mask = (1 << bits) - 1;
  eachRow(bytes, header, bits, (source, target) => {
    for (let x = 0; x < header.width; x++) {
      const packed = bytes[source + Math.floor(x / perByte)] ?? 0;
      const index = (packed >> (8 - bits - (x % perByte) * bits)) & mask;
      copyColour(colours, index, picture.data, target * 3 + x * 3);
    }
  });
  return picture;
}

function decodeRuns(bytes: Uint8Array, header: BmpHeader, bits: 4 | 8, colours: Uint8Array): RawPicture {
  const { width, height } = header;
  const indices = unpackRuns(bytes, header.offset, bits, width, height);
  if (indices === undefined) throw new DamagedHeader('the runs break off');
  const picture = blank(header, 3);
  for (let y = 0; y < height; y++) {
    const target = targetRow(header, y) * width;
    for (let x = 0; x < width; x++) copyColour(colours, indices[y * width + x] ?? 0, picture.data, (target + x) * 3);
  }
  return picture;
}

function decodeBgr(bytes: Uint8Array, header: BmpHeader): RawPicture {
  const picture = blank(header, 3);
  const { data } = picture;
  eachRow(bytes, header, 24, (source, target) => {
    for (let x = 0, from = source, to = target * 3; x < header.width; x++, from += 3, to += 3) {
      data[to] = bytes[from + 2] ?? 0;
      data[to + 1] = bytes[from + 1] ?? 0;
      data[to + 2] = bytes[from] ?? 0;
    }
  });
  return picture;
}

function decodeMasks(bytes: Uint8Array, header: BmpHeader, bits: 16 | 32, masks: BmpMasks): RawPicture {
  const channels = masks.alpha === 0 ? 3 : 4;
  const picture = blank(header, channels);
  const { data } = picture;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const readers = [masks.red, masks.green, masks.blue, masks.alpha].slice(0, channels).map(channelReader);
  let opaquest = 0;
  eachRow(bytes, header, bits, (source, target) => {
    for (let x = 0, to = target * channels; x < header.width; x++) {
      const pixel = bits === 16 ? view.getUint16(source + x * 2, true) : view.getUint32(source + x * 4, true);
      for (const read of readers) data[to++] = read(pixel);
      if (channels === 4) opaquest = Math.max(opaquest, data[to - 1] ?? 0);
    }
  });
  // Writers that declare alpha and leave it zero throughout mean an opaque picture; browsers read it so, too.
  return channels === 4 && opaquest === 0 ? withoutAlpha(picture) : picture;
}

/** Reads one channel out of a pixel and stretches it to 0..255. */
function channelReader(mask: number): (pixel: number) => number {
  if (mask === 0) return () => 0;
  let shift = 31 - Math.clz32(mask & -mask);
  let bits = 32 - Math.clz32(mask) - shift;
  // More than 8 bits: the lower ones are dropped.
  if (bits > 8) {
    shift += bits - 8;
    bits = 8;
  }
  const most = (1 << bits) - 1;
  const stretched = Uint8Array.from({ length: most + 1 }, (_, value) => Math.round((value * 255) / most));
  return (pixel) => stretched[(pixel >>> shift) & most] ?? 0;
}

/** Calls `row` with where each row starts in the file and which pixel it starts at in the picture. */
function eachRow(
  bytes: Uint8Array,
  header: BmpHeader,
  bits: number,
  row: (source: number, targetPixel: number) => void,
): void {
  const { width, height, offset } = header;
  // Rows are padded to four bytes. The last one may lack its padding.
  const used = Math.ceil((width * bits) / 8);
  const stride = Math.ceil((width * bits) / 32) * 4;
  if (offset + stride * (height - 1) + used > bytes.length) throw new DamagedHeader('the pixels break off');
  for (let y = 0; y < height; y++) row(offset + y * stride, targetRow(header, y) * width);
}

function targetRow(header: BmpHeader, y: number): number {
  return header.topDown ? y : header.height - 1 - y;
}

function copyColour(colours: Uint8Array, index: number, data: Uint8Array, at: number): void {
  data[at] = colours[index * 3] ?? 0;
  data[at + 1] = colours[index * 3 + 1] ?? 0;
  data[at + 2] = colours[index * 3 + 2] ?? 0;
}

function blank(header: BmpHeader, channels: 3 | 4): RawPicture {
  const { width, height } = header;
  return { width, height, channels, data: new Uint8Array(width * height * channels) };
}

function withoutAlpha(picture: RawPicture): RawPicture {
  const pixels = picture.width * picture.height;
  const data = new Uint8Array(pixels * 3);
  for (let pixel = 0; pixel < pixels; pixel++) data.set(picture.data.subarray(pixel * 4, pixel * 4 + 3), pixel * 3);
  return { ...picture, channels: 3, data };
}
