const END_OF_ROW = 0;
const END_OF_PICTURE = 1;
const MOVE = 2;

/**
 * Unpacks RLE4 or RLE8 into one palette index per pixel, in file order of rows. Pixels that are skipped over have
 * index 0. Returns undefined when the data break off before the end of the picture.
 */
export function unpackRuns(
  bytes: Uint8Array,
  offset: number,
  bits: 4 | 8,
  width: number,
  height: number,
): Uint8Array | undefined {
  const indices = new Uint8Array(width * height);
  let at = offset;
  let x = 0;
  let y = 0;
  const put = (index: number) => {
    if (x < width && y < height) indices[y * width + x] = index;
    x += 1;
  };
  // Two bytes are read in each round, so the loop is bounded by the file.
  while (at + 1 < bytes.length && y < height) {
    const count = bytes[at] ?? 0;
    const value = bytes[at + 1] ?? 0;
    at += 2;
    if (count > 0) {
      for (let index = 0; index < count; index++) put(bits === 8 ? value : nibble(value, index));
    } else if (value === END_OF_ROW) {
      x = 0;
      y += 1;
    } else if (value === END_OF_PICTURE) {
      return indices;
    } else if (value === MOVE) {
      x += bytes[at] ?? 0;
      y += bytes[at + 1] ?? 0;
      at += 2;
    } else {
      const packed = bits === 8 ? value : (value + 1) >> 1;
      if (at + packed > bytes.length) return undefined;
      for (let index = 0; index < value; index++) {
        put(bits === 8 ? (bytes[at + index] ?? 0) : nibble(bytes[at + (index >> 1)] ?? 0, index));
      }
      // Literal runs are padded to whole 16-bit words.
      at += packed + (packed & 1);
    }
  }
  return y >= height ? indices : undefined;
}

/** The high half first, then the low half. */
function nibble(value: number, index: number): number {
  return index % 2 === 0 ? value >> 4 : value & 0x0f;
}
