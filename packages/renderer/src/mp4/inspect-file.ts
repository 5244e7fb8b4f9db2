import { type FileHandle, open } from 'node:fs/promises';
import { concat, Mp4Error, makeBox, readType, viewOf } from './boxes.ts';
import { inspectMp4, type Mp4Facts } from './inspect.ts';

/** More than any real file has beside its samples. */
const MOST_BYTES = 64 << 20;
const MOST_BOXES = 10_000;
const LONGEST_HEADER = 16;

/**
 * The facts of an MP4 file on disk, whatever its length: all boxes but the samples are read.
 * Throws Mp4Error as `inspectMp4` does.
 */
export async function inspectMp4File(path: string): Promise<Mp4Facts> {
  const file = await open(path, 'r');
  try {
    return inspectMp4(await readHollow(file));
  } finally {
    await file.close();
  }
}

/** The file with empty samples: what it says of itself, and in which order, is the same. */
async function readHollow(file: FileHandle): Promise<Uint8Array> {
  const { size: length } = await file.stat();
  const boxes: Uint8Array[] = [];
  let bytes = 0;
  for (let start = 0; start < length; ) {
    const { type, size } = await readHeader(file, start, length);
    if (start + size > length) throw new Mp4Error(`the box "${type}" at byte ${start} is cut short`);
    const box = type === 'mdat' ? makeBox(type) : await readAt(file, start, size, MOST_BYTES - bytes);
    bytes += box.length;
    boxes.push(box);
    if (boxes.length > MOST_BOXES) throw new Mp4Error(`more than ${MOST_BOXES} boxes at one level`);
    start += size;
  }
  return concat(boxes);
}

async function readHeader(file: FileHandle, start: number, length: number): Promise<{ type: string; size: number }> {
  const header = await readAt(file, start, Math.min(LONGEST_HEADER, length - start), LONGEST_HEADER);
  if (header.length < 8) throw new Mp4Error(`a box header is cut short at byte ${start}`);
  const type = readType(header, 4);
  const told = viewOf(header).getUint32(0);
  if (told === 1 && header.length < LONGEST_HEADER)
    throw new Mp4Error(`the box "${type}" is cut short at byte ${start}`);
  const size = told === 1 ? Number(viewOf(header).getBigUint64(8)) : told === 0 ? length - start : told;
  if (size < (told === 1 ? LONGEST_HEADER : 8))
    throw new Mp4Error(`the box "${type}" at byte ${start} has the impossible size ${size}`);
  return { type, size };
}

async function readAt(file: FileHandle, start: number, size: number, most: number): Promise<Uint8Array> {
  if (size > most) throw new Mp4Error(`the boxes beside the samples have more than ${MOST_BYTES} bytes`);
  const bytes = new Uint8Array(size);
  const { bytesRead } = await file.read(bytes, 0, size, start);
  return bytes.subarray(0, bytesRead);
}
