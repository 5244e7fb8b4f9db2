import type { ByteRange } from '../../ports/artifacts.ts';

/** Holds a range to a file's size. Throws a RangeError: `http/` checks ranges before it opens. */
export function checkRange(range: ByteRange, bytes: number): void {
  const { start, end } = range;
  if (!Number.isInteger(start) || !Number.isInteger(end) || start < 0 || end < start || end >= bytes) {
    throw new RangeError(`the range ${start}-${end} does not lie inside ${bytes} bytes`);
  }
}
