import { type Box, findBox, listBoxes, Mp4Error, viewOf } from './boxes.ts';

/** The top level of an MP4 file. */
export interface Movie {
  readonly boxes: readonly Box[];
  readonly moov: Box;
}

/** Reads the top level. Throws Mp4Error when the file has no `ftyp` or no `moov`. */
export function readMovie(file: Uint8Array): Movie {
  const boxes = listBoxes(file);
  if (boxes[0]?.type !== 'ftyp') throw new Mp4Error('this is not an MP4 file: it does not begin with "ftyp"');
  const moov = boxes.find((box) => box.type === 'moov');
  if (moov === undefined) throw new Mp4Error('the file has no "moov" box, so it cannot be played');
  return { boxes, moov };
}

/** The tracks of a movie, in file order. */
export function listTracks(file: Uint8Array, movie: Movie): Box[] {
  return listBoxes(file, movie.moov.body, movie.moov.end).filter((box) => box.type === 'trak');
}

/**
 * Adds `shift` to every chunk offset (`stco`, `co64`) that points at or behind `from`, in place.
 * Needed whenever bytes are put in front of the samples. Throws Mp4Error when an offset no longer fits.
 */
export function shiftChunkOffsets(file: Uint8Array, movie: Movie, from: number, shift: number): void {
  const view = viewOf(file);
  for (const track of listTracks(file, movie)) {
    const table = findBox(file, track, 'mdia', 'minf', 'stbl');
    if (table === undefined) continue;
    for (const box of listBoxes(file, table.body, table.end)) {
      if (box.type !== 'stco' && box.type !== 'co64') continue;
      const width = box.type === 'stco' ? 4 : 8;
      const count = readCount(file, box, width);
      for (let at = box.body + 8, left = count; left > 0; left--, at += width) {
        const offset = width === 4 ? view.getUint32(at) : Number(view.getBigUint64(at));
        if (offset < from) continue;
        const moved = offset + shift;
        if (width === 4) {
          if (moved > 0xffff_ffff) throw new Mp4Error('a sample would lie beyond 4 GiB, which "stco" cannot say');
          view.setUint32(at, moved);
        } else view.setBigUint64(at, BigInt(moved));
      }
    }
  }
}

/**
 * Sets creation and modification times to zero in `mvhd`, `tkhd` and `mdhd`, in place: the same frames must give the
 * same file, whenever it was made.
 */
export function zeroTimes(file: Uint8Array): void {
  const movie = readMovie(file);
  clearTimes(file, findBox(file, movie.moov, 'mvhd'));
  for (const track of listTracks(file, movie)) {
    clearTimes(file, findBox(file, track, 'tkhd'));
    clearTimes(file, findBox(file, track, 'mdia', 'mdhd'));
  }
}

/** The number of rows a table says it has, checked against its size. The count is the second word of its body. */
export function readCount(file: Uint8Array, box: Box, rowBytes: number): number {
  if (box.end - box.body < 8) throw new Mp4Error(`the box "${box.type}" is cut short`);
  const count = viewOf(file).getUint32(box.body + 4);
  if (count * rowBytes > box.end - box.body - 8) {
    throw new Mp4Error(`the box "${box.type}" says ${count} rows, more than it holds`);
  }
  return count;
}

function clearTimes(file: Uint8Array, box: Box | undefined): void {
  if (box === undefined || box.end - box.body < 20) return;
  // Version 1 has two 64-bit times, version 0 two 32-bit ones, both right after version and flags.
  file.fill(0, box.body + 4, box.body + 4 + (file[box.body] === 1 ? 16 : 8));
}
