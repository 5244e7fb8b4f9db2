import { type Box, concat, listBoxes, Mp4Error, makeBox, readType, uint32, viewOf } from './boxes.ts';
import { readMovie, shiftChunkOffsets } from './movie.ts';

/**
 * Free-form metadata as `moov/udta/meta` with handler `mdta`: a `keys` table of names and an `ilst` of values
 * (QuickTime File Format, "Metadata"). This is where GB 45438-2025 wants the `AIGC` label and what
 * `ffmpeg -movflags use_metadata_tags` writes, down to the handler's 33 bytes.
 */

const UTF8 = new TextEncoder();
const VALUE_IS_UTF8 = 1;

// A label is a few hundred bytes; the limit keeps the file a video.
const MOST_KEYS = 64;
const MOST_VALUE_BYTES = 65_536;

/**
 * Gives a copy of the file with these tags. All metadata that was there is replaced, other user data is kept.
 * Keys are 1..255 printable ASCII characters, values up to 64 KiB of UTF-8, at most 64 of them; the order is kept.
 * Throws Mp4Error on a damaged file and RangeError on a bad tag. With no tags the metadata is only removed.
 */
export function writeMetadata(file: Uint8Array, tags: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(tags);
  checkTags(entries);
  const { moov } = readMovie(file);
  const kept: Uint8Array[] = [];
  const userData: Uint8Array[] = [];
  for (const box of listBoxes(file, moov.body, moov.end)) {
    if (box.type === 'udta') userData.push(...keptUserData(file, box));
    else if (box.type !== 'meta') kept.push(file.subarray(box.start, box.end));
  }
  if (entries.length > 0) userData.push(metaBox(entries));
  if (userData.length > 0) kept.push(makeBox('udta', ...userData));
  const rebuilt = makeBox('moov', ...kept);
  const labelled = concat([file.subarray(0, moov.start), rebuilt, file.subarray(moov.end)]);
  shiftChunkOffsets(labelled, readMovie(labelled), moov.end, rebuilt.length - (moov.end - moov.start));
  return labelled;
}

/** Reads the tags `writeMetadata` writes. Values that are not UTF-8 text are left out. Throws Mp4Error on damage. */
export function readMetadata(file: Uint8Array): Record<string, string> {
  const { moov } = readMovie(file);
  const tags: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const userData of listBoxes(file, moov.body, moov.end).filter((box) => box.type === 'udta')) {
    for (const meta of listBoxes(file, userData.body, userData.end).filter((box) => box.type === 'meta')) {
      readMeta(file, meta, tags);
    }
  }
  return { ...tags };
}

function checkTags(entries: readonly (readonly [string, string])[]): void {
  if (entries.length > MOST_KEYS) throw new RangeError(`at most ${MOST_KEYS} metadata keys, not ${entries.length}`);
  for (const [key, value] of entries) {
    if (!/^[\x20-\x7e]{1,255}$/.test(key))
      throw new RangeError(`the metadata key "${key}" is not 1..255 printable ASCII`);
    const bytes = UTF8.encode(value).length;
    if (bytes > MOST_VALUE_BYTES) {
      throw new RangeError(`the metadata value of "${key}" has ${bytes} bytes; ${MOST_VALUE_BYTES} are allowed`);
    }
  }
}

function keptUserData(file: Uint8Array, udta: Box): Uint8Array[] {
  return listBoxes(file, udta.body, udta.end)
    .filter((box) => box.type !== 'meta')
    .map((box) => file.subarray(box.start, box.end));
}

function metaBox(entries: readonly (readonly [string, string])[]): Uint8Array {
  // Version and flags, an empty field, the handler, three empty fields, an empty name.
  const handler = makeBox('hdlr', uint32(0, 0), UTF8.encode('mdta'), new Uint8Array(13));
  const keys = entries.map(([key]) => makeBox('mdta', UTF8.encode(key)));
  const values = entries.map(([, value], index) => {
    const data = makeBox('data', uint32(VALUE_IS_UTF8, 0), UTF8.encode(value));
    // An item's type is the 1-based number of its key.
    return concat([uint32(data.length + 8, index + 1), data]);
  });
  return makeBox(
    'meta',
    uint32(0),
    handler,
    makeBox('keys', uint32(0, entries.length), ...keys),
    makeBox('ilst', ...values),
  );
}

function readMeta(file: Uint8Array, meta: Box, tags: Record<string, string>): void {
  // In MP4 `meta` has version and flags before its children, in QuickTime it has not.
  const isFull = meta.end - meta.body >= 8 && readType(file, meta.body + 4) !== 'hdlr';
  const children = listBoxes(file, isFull ? Math.min(meta.end, meta.body + 4) : meta.body, meta.end);
  const keys = children.find((box) => box.type === 'keys');
  const list = children.find((box) => box.type === 'ilst');
  if (keys === undefined || list === undefined) return;
  if (keys.end - keys.body < 8) throw new Mp4Error('the box "keys" is cut short');
  const names = listBoxes(file, keys.body + 8, keys.end).map((key) => decode(file.subarray(key.body, key.end)));
  const view = viewOf(file);
  for (const item of listBoxes(file, list.body, list.end)) {
    const name = names[view.getUint32(item.start + 4) - 1];
    const data = listBoxes(file, item.body, item.end).find((box) => box.type === 'data');
    if (name === undefined || data === undefined || data.end - data.body < 8) continue;
    if (view.getUint32(data.body) === VALUE_IS_UTF8) tags[name] = decode(file.subarray(data.body + 8, data.end));
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
