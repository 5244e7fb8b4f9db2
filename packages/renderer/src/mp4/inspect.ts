import { type Box, findBox, listBoxes, Mp4Error, readType, viewOf } from './boxes.ts';
import { readMetadata } from './metadata.ts';
import { listTracks, type Movie, readCount, readMovie } from './movie.ts';

/** How the colours of a video are to be read: code points of ITU-T H.273 and the range. */
export interface Mp4Colour {
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
  readonly fullRange: boolean;
}

/** What an MP4 file says of itself. */
export interface Mp4Facts {
  readonly width: number;
  readonly height: number;
  /** Mean frames per second over the whole track. */
  readonly fps: number;
  readonly frames: number;
  readonly durationMs: number;
  /** `avc1.42c01f` with profile and level for H.264; for others the sample entry's four letters. */
  readonly codec: string;
  /** True when `moov` lies before the samples, so that playing can start before the file is complete. */
  readonly faststart: boolean;
  /** The `mdta` metadata. */
  readonly tags: Readonly<Record<string, string>>;
  /** Undefined when the container does not say (the stream itself still may). */
  readonly colour: Mp4Colour | undefined;
}

/**
 * Reads the facts of the first video track from the boxes alone; no sample is decoded, so no damaged file can crash
 * the process. It works on the bytes at hand and never waits, which is why it does not go through mediabunny.
 * Throws Mp4Error, naming what is wrong, on anything cut short, impossible, fragmented or without video.
 */
export function inspectMp4(file: Uint8Array): Mp4Facts {
  const movie = readMovie(file);
  const track = listTracks(file, movie).find((each) => handlerOf(file, each) === 'vide');
  if (track === undefined) throw new Mp4Error('the file has no video track');
  const { frames, durationMs } = readDuration(file, track);
  const description = findBox(file, track, 'mdia', 'minf', 'stbl', 'stsd');
  if (description === undefined || description.end - description.body < 8) throw missing('stsd');
  const entry = listBoxes(file, description.body + 8, description.end)[0];
  // A visual sample entry has 78 bytes of fields before its boxes; width and height are at 24 and 26.
  if (entry === undefined || entry.end - entry.body < 78) throw missing('sample entry');
  const view = viewOf(file);
  const width = view.getUint16(entry.body + 24);
  const height = view.getUint16(entry.body + 26);
  if (width === 0 || height === 0) throw new Mp4Error('the video has no size');
  const extras = listBoxes(file, entry.body + 78, entry.end);
  return {
    width,
    height,
    fps: (frames * 1000) / durationMs,
    frames,
    durationMs,
    codec: readCodec(file, entry, extras),
    faststart: isFaststart(movie),
    tags: readMetadata(file),
    colour: readColour(file, extras),
  };
}

function handlerOf(file: Uint8Array, track: Box): string | undefined {
  const handler = findBox(file, track, 'mdia', 'hdlr');
  return handler === undefined || handler.end - handler.body < 12 ? undefined : readType(file, handler.body + 8);
}

function readDuration(file: Uint8Array, track: Box): { frames: number; durationMs: number } {
  const header = findBox(file, track, 'mdia', 'mdhd');
  if (header === undefined || header.end - header.body < 24) throw missing('mdhd');
  const view = viewOf(file);
  const timescale = view.getUint32(header.body + (file[header.body] === 1 ? 20 : 12));
  const table = findBox(file, track, 'mdia', 'minf', 'stbl', 'stts');
  if (table === undefined) throw missing('stts');
  let frames = 0;
  let units = 0;
  for (let at = table.body + 8, left = readCount(file, table, 8); left > 0; left--, at += 8) {
    const count = view.getUint32(at);
    frames += count;
    units += count * view.getUint32(at + 4);
  }
  if (frames === 0) throw new Mp4Error('the video track has no frames in "moov" (a fragmented file is not supported)');
  if (timescale === 0 || units === 0) throw new Mp4Error('the video track has no duration');
  return { frames, durationMs: (units * 1000) / timescale };
}

function readCodec(file: Uint8Array, entry: Box, extras: readonly Box[]): string {
  const record = extras.find((box) => box.type === 'avcC');
  if (record === undefined) return entry.type;
  if (record.end - record.body < 7) throw missing('avcC');
  const profileAndLevel = file.subarray(record.body + 1, record.body + 4);
  return `${entry.type}.${[...profileAndLevel].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

function readColour(file: Uint8Array, extras: readonly Box[]): Mp4Colour | undefined {
  const box = extras.find((each) => each.type === 'colr' && each.end - each.body >= 10);
  if (box === undefined) return undefined;
  const kind = readType(file, box.body);
  if (kind !== 'nclx' && kind !== 'nclc') return undefined;
  const view = viewOf(file);
  return {
    primaries: view.getUint16(box.body + 4),
    transfer: view.getUint16(box.body + 6),
    matrix: view.getUint16(box.body + 8),
    fullRange: kind === 'nclx' && box.end - box.body >= 11 && (view.getUint8(box.body + 10) & 0x80) !== 0,
  };
}

function isFaststart(movie: Movie): boolean {
  const samples = movie.boxes.find((box) => box.type === 'mdat');
  if (samples === undefined) throw missing('mdat');
  return movie.moov.start < samples.start;
}

function missing(type: string): Mp4Error {
  return new Mp4Error(`the box "${type}" is missing or cut short`);
}
