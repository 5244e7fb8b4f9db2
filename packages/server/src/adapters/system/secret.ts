import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 190 random bits, so that the hash of a secret needs no salt and no slowness. */
const RANDOM_LENGTH = 32;
/** 62^6 is above 2^32: room for the whole CRC32. */
const CHECKSUM_LENGTH = 6;

const SHAPE = new RegExp(`^inb_[0-9A-Za-z]{${RANDOM_LENGTH + CHECKSUM_LENGTH}}$`);

/**
 * A new API key's secret: `inb_`, 32 random base-62 characters, and the CRC32 of all before in 6 more.
 *
 * The prefix lets secret scanners find it in a repository; the checksum (GitHub's idea) lets them, and us, tell a real
 * key from a typing error without asking the database.
 */
export function newSecret(): string {
  let body = 'inb_';
  for (let place = 0; place < RANDOM_LENGTH; place += 1) body += BASE62.charAt(randomInt(62));
  return body + checksum(body);
}

/** Whether the text has the shape and the checksum of a secret of ours; says nothing about whether the key exists. */
export function looksLikeSecret(text: string): boolean {
  return SHAPE.test(text) && text.slice(-CHECKSUM_LENGTH) === checksum(text.slice(0, -CHECKSUM_LENGTH));
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let place = 0; place < CHECKSUM_LENGTH; place += 1) {
    text = BASE62.charAt(rest % 62) + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}
