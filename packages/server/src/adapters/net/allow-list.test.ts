import { describe, expect, test } from 'vitest';
import { readAddress } from './address.ts';
import { AllowListError, allowsAddress, allowsName, readAllowList } from './allow-list.ts';

const allowsIp = (list: string, text: string, port: number) => {
  const address = readAddress(text);
  return address !== undefined && allowsAddress(readAllowList(list), address, port);
};

describe('readAllowList', () => {
  test('nothing allows nothing', () => {
    expect(readAllowList('')).toEqual([]);
    expect(readAllowList(' , ')).toEqual([]);
  });

  test('names, with and without a port', () => {
    const allow = readAllowList('Minio.internal:9000, pictures.local.');
    expect(allowsName(allow, 'minio.internal', 9000)).toBe(true);
    expect(allowsName(allow, 'minio.internal', 9001)).toBe(false);
    expect(allowsName(allow, 'pictures.local', 80)).toBe(true);
    expect(allowsName(allow, 'sub.pictures.local', 80)).toBe(false);
    expect(allowsName(allow, 'evil-pictures.local', 80)).toBe(false);
  });

  test('names are spelled as URLs spell them', () => {
    expect(allowsName(readAllowList('bücher.example'), 'xn--bcher-kva.example', 443)).toBe(true);
    expect(allowsIp('2130706433', '127.0.0.1', 80)).toBe(true);
  });

  test('addresses and networks', () => {
    expect(allowsIp('10.0.0.0/8', '10.1.2.3', 9000)).toBe(true);
    expect(allowsIp('10.0.0.0/8', '11.1.2.3', 9000)).toBe(false);
    expect(allowsIp('127.0.0.1:9000', '127.0.0.1', 9000)).toBe(true);
    expect(allowsIp('127.0.0.1:9000', '127.0.0.1', 9001)).toBe(false);
    expect(allowsIp('127.0.0.1', '::ffff:127.0.0.1', 80)).toBe(true);
    expect(allowsIp('::1', '::1', 80)).toBe(true);
    expect(allowsIp('[::1]:8080', '::1', 8080)).toBe(true);
    expect(allowsIp('[::1]:8080', '::1', 80)).toBe(false);
    expect(allowsIp('fd00::/8', 'fd00::5', 80)).toBe(true);
  });

  test.each([
    ['http://minio:9000', 'is a URL'],
    ['*.example.com', 'wildcard'],
    ['10.0.0.0/40', 'not a network'],
    ['minio:0', 'port outside'],
    ['minio:99999', 'port outside'],
    ['minio:', 'port outside'],
    ['a b', 'not a host name'],
    ['user@host', 'not a host name'],
    ['[minio]', 'not a host name'],
    ['[::1', 'not a host name'],
    ['host?x', 'not a host name'],
    ['host\\x', 'not a host name'],
  ])('refuses %j', (entry, reason) => {
    expect(() => readAllowList(entry)).toThrow(reason);
  });

  test('tells every mistake at once', () => {
    expect(() => readAllowList('ok.example,*.x,http://y')).toThrow(AllowListError);
    expect(() => readAllowList('ok.example,*.x,http://y')).toThrow(/"\*\.x" has a wildcard.*; "http:\/\/y" is a URL/);
  });
});
