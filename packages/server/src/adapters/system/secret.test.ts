import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { looksLikeSecret, newSecret } from './secret.ts';

test('a secret is inb_, 32 random characters and 6 of checksum', () => {
  const secret = newSecret();
  expect(secret).toMatch(/^inb_[0-9A-Za-z]{38}$/);
  expect(looksLikeSecret(secret)).toBe(true);
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const checksum = [...secret.slice(-6)].reduce((sum, digit) => sum * 62 + digits.indexOf(digit), 0);
  expect(checksum).toBe(crc32(secret.slice(0, -6)));
});

test('no two are the same, and every character is used', () => {
  const secrets = Array.from({ length: 1000 }, newSecret);
  expect(new Set(secrets).size).toBe(1000);
  expect(new Set(secrets.flatMap((secret) => [...secret.slice(4, 36)])).size).toBe(62);
});

test('any one wrong character is noticed', () => {
  const secret = newSecret();
  for (let place = 0; place < secret.length; place += 1) {
    const wrong = secret[place] === 'x' ? 'y' : 'x';
    expect(looksLikeSecret(secret.slice(0, place) + wrong + secret.slice(place + 1))).toBe(false);
  }
});

test.each(['', 'inb_', 'sk-1234567890123456', `${newSecret()}x`, ` ${newSecret()}`, `${newSecret()}\n`])(
  '%j is no secret of ours',
  (text) => {
    expect(looksLikeSecret(text)).toBe(false);
  },
);
