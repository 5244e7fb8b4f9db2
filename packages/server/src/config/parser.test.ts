import { describe, expect, test } from 'vitest';
import { baseUrl, choice, duration, either, integer, proxies, size, word } from './parser.ts';

test.each([
  ['0', 0],
  ['8787', 8787],
  ['65535', 65535],
  ['65536', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['80a', undefined],
  ['', undefined],
])('integer %j', (text, value) => {
  expect(integer(0, 65535).read(text)?.value).toBe(value);
});

test.each([
  ['0s', 0],
  ['500ms', 500],
  ['90s', 90_000],
  ['1.5m', 90_000],
  ['24h', 86_400_000],
  ['30d', 2_592_000_000],
  ['31d', undefined],
  ['90', undefined],
  ['-1s', undefined],
  ['1 h', undefined],
  ['1w', undefined],
  ['never', undefined],
])('duration %j', (text, value) => {
  expect(duration('0s', '30d').read(text)?.value).toBe(value);
});

test.each([
  ['100B', 100],
  ['512KiB', 524_288],
  ['28MiB', 29_360_128],
  ['1.5GiB', 1_610_612_736],
  ['3GiB', undefined],
  ['28MB', undefined],
  ['28', undefined],
  ['28mib', undefined],
])('size %j', (text, value) => {
  expect(size('0B', '2GiB').read(text)?.value).toBe(value);
});

test('choices in any case, words that stand for a value, and either of two', () => {
  expect(choice('debug', 'info').read('INFO')?.value).toBe('info');
  expect(choice('debug', 'info').read('trace')).toBeUndefined();
  const never = either(word('never', undefined), integer(1, 9));
  expect(never.read('Never')).toEqual({ value: undefined });
  expect(never.read('3')).toEqual({ value: 3 });
  expect(never.read('0')).toBeUndefined();
  expect(never.allowed).toBe('never, or a whole number from 1 to 9');
});

describe('public URL', () => {
  test.each([
    ['https://video.example.com', 'https://video.example.com'],
    ['HTTPS://Video.Example.com/', 'https://video.example.com'],
    ['http://10.0.0.1:8787', 'http://10.0.0.1:8787'],
    ['https://example.com/video/', 'https://example.com/video'],
    ['http://[::1]:8787', 'http://[::1]:8787'],
  ])('%s', (text, value) => {
    expect(baseUrl.read(text)?.value).toBe(value);
  });

  test.each([
    'example.com',
    '//example.com',
    'ftp://example.com',
    'http:example.com',
    'https://',
    'https://u:p@example.com',
    'https://example.com?x',
    'https://example.com/#a',
    'https://exa mple.com',
  ])('not %s', (text) => {
    expect(baseUrl.read(text)).toBeUndefined();
  });
});

test('proxies', () => {
  expect(proxies.read('10.0.0.0/8, ::1,loopback')?.value).toEqual(['10.0.0.0/8', '::1', 'loopback']);
  for (const text of ['true', 'proxy.local', '10.0.0.0/33', '1.2.3', '10.0.0.1,', '127.1']) {
    expect(proxies.read(text)).toBeUndefined();
  }
});
