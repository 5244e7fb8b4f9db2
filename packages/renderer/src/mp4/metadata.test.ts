import { describe, expect, test } from 'vitest';
import { chunkOffsets, SAMPLES, tinyMp4 } from '../../test/tiny-mp4.ts';
import { concat, findBox, listBoxes, Mp4Error, makeBox, uint32 } from './boxes.ts';
import { readMetadata, writeMetadata } from './metadata.ts';
import { readMovie, zeroTimes } from './movie.ts';

const LABEL = '{"Label":"1","ContentProducer":"合成","ProduceID":"video_1"}';

describe('writeMetadata', () => {
  test.each([
    { moovFirst: true, wideOffsets: false },
    { moovFirst: true, wideOffsets: true },
    { moovFirst: false, wideOffsets: false },
  ])('keeps every sample where its offset points: %o', (shape) => {
    const labelled = writeMetadata(tinyMp4(shape), { AIGC: LABEL });
    const offsets = chunkOffsets(labelled, shape.wideOffsets);
    SAMPLES.forEach((sample, index) => {
      const at = offsets[index]!;
      expect(labelled.subarray(at, at + sample.length)).toEqual(sample);
    });
  });

  test('writes moov/udta/meta with a 33-byte mdta handler, keys and ilst', () => {
    const labelled = writeMetadata(tinyMp4({ moovFirst: true }), { AIGC: LABEL, comment: '' });
    const { moov } = readMovie(labelled);
    const meta = findBox(labelled, moov, 'udta', 'meta')!;
    const children = listBoxes(labelled, meta.body + 4, meta.end);
    expect(children.map(({ type }) => type)).toEqual(['hdlr', 'keys', 'ilst']);
    expect(children[0]!.end - children[0]!.start).toBe(33);
    const keys = new TextDecoder('latin1').decode(labelled.subarray(children[1]!.body, children[1]!.end));
    expect(keys).toContain('mdtaAIGC');
    expect(readMetadata(labelled)).toEqual({ AIGC: LABEL, comment: '' });
  });

  test('replaces tags, keeps other user data, and gives the same bytes when done twice', () => {
    const userData = makeBox('©xyz', uint32(7));
    const once = writeMetadata(tinyMp4({ moovFirst: true, userData }), { old: 'x', AIGC: 'y' });
    const twice = writeMetadata(once, { AIGC: LABEL });
    expect(readMetadata(twice)).toEqual({ AIGC: LABEL });
    expect(writeMetadata(twice, { AIGC: LABEL })).toEqual(twice);
    const { moov } = readMovie(twice);
    expect(findBox(twice, moov, 'udta', '©xyz')).toBeDefined();
    const bare = writeMetadata(tinyMp4({ moovFirst: true }), { AIGC: LABEL });
    expect(writeMetadata(bare, {})).toEqual(tinyMp4({ moovFirst: true }));
  });

  test('refuses bad tags by name', () => {
    const file = tinyMp4({ moovFirst: true });
    expect(() => writeMetadata(file, { naïve: 'x' })).toThrow(/naïve/);
    expect(() => writeMetadata(file, { '': 'x' })).toThrow(RangeError);
    expect(() => writeMetadata(file, { big: 'é'.repeat(40_000) })).toThrow(/"big" has 80000 bytes/);
    const many = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`key${index}`, '']));
    expect(() => writeMetadata(file, many)).toThrow(/64/);
  });

  test('a key named __proto__ is a key like any other', () => {
    const tags = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    expect(Object.entries(readMetadata(writeMetadata(tinyMp4({ moovFirst: true }), tags)))).toEqual([
      ['__proto__', 'x'],
    ]);
  });

  test('says what is wrong with a file that is no MP4', () => {
    expect(() => writeMetadata(new TextEncoder().encode('{"error":"nope"}'), {})).toThrow(Mp4Error);
    expect(() => writeMetadata(new Uint8Array(), {})).toThrow(/ftyp/);
    expect(() => writeMetadata(makeBox('ftyp'), {})).toThrow(/moov/);
  });
});

describe('zeroTimes', () => {
  test.each([false, true])('clears all creation and modification times, version 1: %s', (wideTimes) => {
    const file = tinyMp4({ moovFirst: true, wideTimes });
    const before = file.slice();
    zeroTimes(file);
    const different = [...file.keys()].filter((index) => file[index] !== before[index]);
    // 77 and 88 in each of three boxes; nothing else changes.
    expect(different.map((index) => before[index])).toEqual([77, 88, 77, 88, 77, 88]);
    expect(different.every((index) => file[index] === 0)).toBe(true);
  });
});

describe('listBoxes', () => {
  test('reads 64-bit sizes and "to the end" sizes', () => {
    const wide = concat([uint32(1), new TextEncoder().encode('wide'), uint32(0, 20), uint32(5)]);
    const rest = concat([uint32(0), new TextEncoder().encode('rest'), uint32(6)]);
    expect(listBoxes(concat([wide, rest]))).toEqual([
      { type: 'wide', start: 0, body: 16, end: 20 },
      { type: 'rest', start: 20, body: 28, end: 32 },
    ]);
  });

  test('never loops on a size too small to hold its own header', () => {
    expect(() => listBoxes(concat([uint32(3), new TextEncoder().encode('free')]))).toThrow(/impossible size 3/);
    expect(() => listBoxes(concat([uint32(99), new TextEncoder().encode('free')]))).toThrow(/impossible size 99/);
    expect(() => listBoxes(new Uint8Array(5))).toThrow(/cut short/);
  });
});
