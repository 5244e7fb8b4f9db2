import { concat, makeBox, uint32 } from '../src/mp4/boxes.ts';

/** What to vary in a hand-made file. */
export interface TinyShape {
  readonly moovFirst: boolean;
  readonly wideOffsets?: boolean;
  /** Version 1 of `mvhd`, `tkhd`, `mdhd`: 64-bit times. */
  readonly wideTimes?: boolean;
  readonly userData?: Uint8Array;
}

/** The bytes the two samples hold, to find them again. */
export const SAMPLES = [new TextEncoder().encode('sample-one'), new TextEncoder().encode('sample-two')] as const;

/** A hand-made MP4 of two frames (64×48, 30 fps) in two chunks, with non-zero times. It cannot be decoded. */
export function tinyMp4(shape: TinyShape): Uint8Array {
  const head = makeBox('ftyp', new TextEncoder().encode('isom'), uint32(512));
  const samples = makeBox('mdat', ...SAMPLES);
  const moovBytes = moovBox(shape, [0, 0]).length;
  const data = head.length + (shape.moovFirst ? moovBytes : 0) + 8;
  const moov = moovBox(shape, [data, data + SAMPLES[0].length]);
  return concat(shape.moovFirst ? [head, moov, samples] : [head, samples, moov]);
}

/** The chunk offsets a file's only track holds, found without our own reader. */
export function chunkOffsets(file: Uint8Array, wide = false): number[] {
  const text = String.fromCharCode(...file);
  const at = text.indexOf(wide ? 'co64' : 'stco');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const count = view.getUint32(at + 8);
  return Array.from({ length: count }, (_, index) =>
    wide ? Number(view.getBigUint64(at + 12 + index * 8)) : view.getUint32(at + 12 + index * 4),
  );
}

function moovBox(shape: TinyShape, offsets: readonly number[]): Uint8Array {
  const entry = makeBox(
    'avc1',
    concat([new Uint8Array(24), Uint8Array.of(0, 64, 0, 48), new Uint8Array(50)]),
    makeBox('avcC', Uint8Array.of(1, 0x42, 0xc0, 0x1f, 0xff, 0xe0, 0)),
    makeBox('colr', new TextEncoder().encode('nclx'), Uint8Array.of(0, 1, 0, 1, 0, 1, 0)),
  );
  const table = makeBox(
    'stbl',
    makeBox('stsd', uint32(0, 1), entry),
    makeBox('stts', uint32(0, 1, 2, 1)),
    shape.wideOffsets === true
      ? makeBox('co64', uint32(0, offsets.length, ...offsets.flatMap((offset) => [0, offset])))
      : makeBox('stco', uint32(0, offsets.length, ...offsets)),
  );
  const handler = makeBox('hdlr', uint32(0, 0), new TextEncoder().encode('vide'), new Uint8Array(13));
  const media = makeBox('mdia', timed('mdhd', shape, uint32(30, 2, 0)), handler, makeBox('minf', table));
  const track = makeBox('trak', timed('tkhd', shape, new Uint8Array(72)), media);
  const parts = [timed('mvhd', shape, new Uint8Array(88)), track];
  if (shape.userData !== undefined) parts.push(makeBox('udta', shape.userData));
  return makeBox('moov', ...parts);
}

function timed(type: string, shape: TinyShape, rest: Uint8Array): Uint8Array {
  const wide = shape.wideTimes === true;
  return makeBox(type, uint32(wide ? 0x0100_0000 : 0), uint32(...(wide ? [0, 77, 0, 88] : [77, 88])), rest);
}
