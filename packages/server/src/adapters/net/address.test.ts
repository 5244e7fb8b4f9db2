import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isGlobal, isInside, readAddress, readNetwork } from './address.ts';

const global = (text: string) => {
  const address = readAddress(text);
  return address !== undefined && isGlobal(address);
};

describe('isGlobal', () => {
  test.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.19.255.255',
    '198.51.100.7',
    '203.0.113.7',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::8.8.8.8',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:10.0.0.1',
    '::ffff:169.254.169.254',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:0:7f00:1::',
    '2001:db8::1',
    '2002:7f00:1::',
    '2002:808:808::1',
    '2620:4f:8000::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'fec0::1',
    'ff02::1',
  ])('refuses %s', (text) => {
    expect(global(text)).toBe(false);
  });

  test.each([
    '1.1.1.1',
    '8.8.8.8',
    '100.63.255.255',
    '100.128.0.1',
    '172.15.255.255',
    '172.32.0.1',
    '192.0.1.1',
    '198.17.255.255',
    '198.20.0.1',
    '223.255.255.255',
    '::ffff:8.8.8.8',
    '2606:4700::1111',
    '2a00:1450:4001::1',
    '2001:4860:4860::8888',
  ])('accepts %s', (text) => {
    expect(global(text)).toBe(true);
  });

  test('an IPv4 address hidden in an IPv6 one is never more reachable than by itself', () => {
    fc.assert(
      fc.property(fc.ipV4(), (plain) => {
        if (global(`::ffff:${plain}`)) expect(global(plain)).toBe(true);
        expect(global(`64:ff9b::${plain}`)).toBe(false);
        expect(global(`::${plain}`)).toBe(false);
      }),
    );
  });
});

test.each(['', 'localhost', '1.2.3', '0x7f.1', '2130706433', '0177.0.0.1', '1.2.3.4.5', '1.2.3.4 ', '::g', '[::1]'])(
  'readAddress reads only canonical spellings, not %j',
  (text) => {
    expect(readAddress(text)).toBeUndefined();
  },
);

describe('readNetwork', () => {
  test('tells who is inside', () => {
    const inside = (network: string, address: string) => {
      const [range, single] = [readNetwork(network), readAddress(address)];
      return range !== undefined && single !== undefined && isInside(single, range);
    };
    expect(inside('10.0.0.0/8', '10.255.0.1')).toBe(true);
    expect(inside('10.0.0.0/8', '11.0.0.1')).toBe(false);
    expect(inside('10.0.0.0/8', '::ffff:10.1.1.1')).toBe(true);
    expect(inside('fd00::/8', 'fd12::1')).toBe(true);
    expect(inside('::/0', '10.0.0.1')).toBe(false);
    expect(inside('127.0.0.1', '127.0.0.1')).toBe(true);
  });

  test.each([
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    'fd00::/129',
    '::ffff:10.0.0.0/104',
    'x/8',
    '/8',
  ])('refuses %j', (text) => {
    expect(readNetwork(text)).toBeUndefined();
  });
});
