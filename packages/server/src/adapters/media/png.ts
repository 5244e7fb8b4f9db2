import { promisify } from 'node:util';
import { constants, crc32, deflate } from 'node:zlib';
import type { RgbPixels } from './decode.ts';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const FILTER_SUB = 1;
const FILTER_AVERAGE = 3;

/**
 * Writes an 8-bit RGB PNG. With one filter for all rows and run-length matching this takes half of sharp's time for the
 * same bytes on photographs (720p: 33–50 ms and 0.9–1.35 MB, against 74–85 ms and 0.9–1.3 MB; sharp without filters
 * takes 25–40 ms and nearly twice the bytes). Files are kept for weeks and sent to upstreams, so bytes count, too.
 */
export async function encodePng(pixels: RgbPixels): Promise<Uint8Array> {
  const rows = filterRows(pixels);
  const packed = await promisify(deflate)(rows, { level: 1, strategy: constants.Z_RLE });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(pixels.width, 0);
  header.writeUInt32BE(pixels.height, 4);
  // Eight bits, colour type 2 (RGB), and the only methods of compression, filtering and interlacing there are.
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([SIGNATURE, chunk('IHDR', header), chunk('IDAT', packed), chunk('IEND', Buffer.alloc(0))]);
}

/** Each row as the difference to the mean of its left and upper neighbours, behind the byte that says so. */
function filterRows({ data, width, height }: RgbPixels): Uint8Array {
  const stride = width * 3;
  const out = new Uint8Array((stride + 1) * height);
  // The first row has nothing above it: the difference to the left neighbour.
  out[0] = FILTER_SUB;
  for (let x = 0; x < stride; x++) out[1 + x] = (data[x] ?? 0) - (x < 3 ? 0 : (data[x - 3] ?? 0));
  for (let y = 1; y < height; y++) {
    const row = y * stride;
    const above = row - stride;
    const to = y * (stride + 1) + 1;
    out[to - 1] = FILTER_AVERAGE;
    for (let x = 0; x < 3; x++) out[to + x] = (data[row + x] ?? 0) - ((data[above + x] ?? 0) >> 1);
    for (let x = 3; x < stride; x++) {
      out[to + x] = (data[row + x] ?? 0) - (((data[row + x - 3] ?? 0) + (data[above + x] ?? 0)) >> 1);
    }
  }
  return out;
}

function chunk(type: string, body: Uint8Array): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), body]);
  const whole = Buffer.alloc(4 + named.length + 4);
  whole.writeUInt32BE(body.length, 0);
  named.copy(whole, 4);
  whole.writeUInt32BE(crc32(named), 4 + named.length);
  return whole;
}
