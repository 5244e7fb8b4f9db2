/**
 * ISO base media boxes (ISO/IEC 14496-12 §4.2): a 32-bit big-endian size, a four-letter type, and a body.
 * Size 1 means that a 64-bit size follows, size 0 that the box runs to the end of its parent.
 * Everything here is bounded by the bytes given, so a damaged file gives an error and never a loop.
 */

/** The file is not an MP4, or a damaged one. The message names the box. */
export class Mp4Error extends Error {
  override readonly name = 'Mp4Error';
}

/** Where one box lies: `start` ≤ `body` ≤ `end`, offsets into the whole file. */
export interface Box {
  readonly type: string;
  readonly start: number;
  /** First byte after the header. */
  readonly body: number;
  readonly end: number;
}

// A real file has about ten boxes at any level; far more means garbage that happens to parse.
const MOST_BOXES = 10_000;

/** A view over the same bytes, for big-endian reads. */
export function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}

/** Lists the boxes that fill `from`..`to`. Throws Mp4Error when one is cut short or larger than its parent. */
export function listBoxes(file: Uint8Array, from = 0, to = file.length): Box[] {
  const view = viewOf(file);
  const boxes: Box[] = [];
  let start = from;
  while (start < to) {
    if (boxes.length >= MOST_BOXES) throw new Mp4Error(`more than ${MOST_BOXES} boxes at one level`);
    if (start + 8 > to) {
      // QuickTime ends a `udta` list with four zero bytes.
      if (to - start === 4 && view.getUint32(start) === 0) break;
      throw new Mp4Error(`a box header is cut short at byte ${start}`);
    }
    const type = readType(file, start + 4);
    let size = view.getUint32(start);
    let body = start + 8;
    if (size === 1) {
      if (start + 16 > to) throw new Mp4Error(`the box "${type}" is cut short at byte ${start}`);
      size = Number(view.getBigUint64(start + 8));
      body = start + 16;
    } else if (size === 0) {
      size = to - start;
    }
    const end = start + size;
    if (end < body || end > to)
      throw new Mp4Error(`the box "${type}" at byte ${start} has the impossible size ${size}`);
    boxes.push({ type, start, body, end });
    start = end;
  }
  return boxes;
}

/** The first child of this type along a path such as `['mdia', 'minf']`; undefined when any step is missing. */
export function findBox(file: Uint8Array, parent: Box, ...path: readonly string[]): Box | undefined {
  let box: Box | undefined = parent;
  for (const type of path) {
    if (box === undefined) return undefined;
    box = listBoxes(file, box.body, box.end).find((each) => each.type === type);
  }
  return box;
}

/** The bytes of a new box. Throws a RangeError when it would need a 64-bit size. */
export function makeBox(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const body = concat(parts);
  const size = body.length + 8;
  if (size > 0xffff_ffff) throw new RangeError(`the box "${type}" is too large`);
  const box = new Uint8Array(size);
  viewOf(box).setUint32(0, size);
  for (let index = 0; index < 4; index++) box[4 + index] = type.charCodeAt(index);
  box.set(body, 8);
  return box;
}

/** Big-endian 32-bit numbers as bytes. */
export function uint32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = viewOf(bytes);
  values.forEach((value, index) => {
    view.setUint32(index * 4, value);
  });
  return bytes;
}

/** Byte arrays joined into a new one. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The four letters at this offset, one character a byte (so `©nam` keeps its 0xA9). */
export function readType(file: Uint8Array, at: number): string {
  return String.fromCharCode(...file.subarray(at, at + 4));
}
