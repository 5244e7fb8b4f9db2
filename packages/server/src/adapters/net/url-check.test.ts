import { describe, expect, test } from 'vitest';
import { Fault } from '../../domain/fault.ts';
import { readAllowList } from './allow-list.ts';
import { checkUrl } from './url-check.ts';

function refusal(url: string, allow = ''): string {
  try {
    checkUrl(url, 'public', readAllowList(allow));
  } catch (error) {
    expect(error).toBeInstanceOf(Fault);
    expect(error).toMatchObject({ code: 'url_not_allowed' });
    return error instanceof Fault ? error.message : '';
  }
  return 'allowed';
}

describe('what a caller may not write', () => {
  test.each([
    'ftp://example.com/',
    'file:///etc/passwd',
    'gopher://example.com/',
    'data:image/png;base64,AA',
    'ws://x.com',
  ])('scheme: %s', (url) => {
    expect(refusal(url)).toBe('This address must start with http:// or https://.');
  });

  test.each(['http://user@example.com/', 'http://user:secret@example.com/', 'http://example.com%2f@127.0.0.1/'])(
    'user info: %s',
    (url) => {
      expect(refusal(url)).toBe('This address must not hold a user name or password.');
    },
  );

  test.each([0, 1, 22, 25, 81, 110, 445, 993, 1023, 2049, 6000, 6667, 10080])('port %i', (port) => {
    expect(refusal(`http://example.com:${port}/`)).toContain(`names port ${port}`);
  });

  test.each([
    ['backslash', 'http://example.com\\@127.0.0.1/'],
    ['tab', 'http://exa\tmple.com/'],
    ['line break', 'http://example.com/\r\nHost: x'],
    ['NUL', 'http://example.com/\u0000'],
    ['nothing', ''],
    ['no host', 'http://'],
    ['address out of range', 'http://256.1.1.1/'],
    ['five numbers', 'http://1.2.3.4.5/'],
    ['zone', 'http://[fe80::1%25eth0]/'],
  ])('text another parser may read otherwise: %s', (_name, url) => {
    expect(refusal(url)).toBe('This address is not a valid URL.');
  });

  test.each([
    'http://127.0.0.1/',
    'http://2130706433/',
    'http://0177.0.0.1/',
    'http://0x7f.0.0.1/',
    'http://0x7f000001/',
    'http://127.1/',
    'http://127.0.0.1./',
    'http://0/',
    'http://0.0.0.0/',
    'http:127.0.0.1',
    'http:/127.0.0.1/',
    'http://１２７.０.０.１/',
    'http://127。0。0。1/',
    'http://%31%32%37.0.0.1/',
    'http://169.254.169.254/latest/meta-data/',
    'http://100.100.100.200/latest/meta-data/',
    'http://10.0.0.1/',
    'http://[::]/',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://[2002:7f00:1::]/',
    'http://[fd00:ec2::254]/',
    'http://[fe80::1]/',
    'https://192.168.0.1:8443/',
  ])('address: %s', (url) => {
    expect(refusal(url)).toBe('This address names an address that is not public.');
  });

  test.each([
    'http://localhost/',
    'http://LOCALHOST/',
    'http://localhost./',
    'http://localhost../',
    'http://ⓛocalhost/',
    'http://%6c%6f%63alhost/',
    'http://x.localhost/',
    'http://localhost.localdomain/',
    'http://printer.local/',
    'http://metadata.google.internal/',
    'http://metadata.google.internal./',
    'http://router.home.arpa/',
    'http://redis:6379/',
    'http://minio/',
  ])('name: %s', (url) => {
    expect(refusal(url)).toBe('This address names a host that is not public.');
  });
});

test.each([
  'http://example.com/a.png',
  'https://example.com/a.png?sig=1#x',
  'https://example.com:8443/',
  'http://8.8.8.8/',
  'http://[2606:4700::1111]/',
  'https://bücher.example/',
  'https://localhost.example.com/',
])('a public address is allowed: %s', (url) => {
  expect(refusal(url)).toBe('allowed');
});

test('what is checked is what is connected to: the trailing dot is gone from the URL, too', () => {
  const target = checkUrl('https://Example.com./a', 'public', []);
  expect(target).toMatchObject({ host: 'example.com', port: 443, exempt: false });
  expect(target.url.href).toBe('https://example.com/a');
});

describe('what the operator exempts', () => {
  test('a host by name, on its port', () => {
    expect(refusal('http://minio.internal:900/', 'minio.internal')).toBe('allowed');
    expect(refusal('http://minio.internal:9000/', 'minio.internal:9000')).toBe('allowed');
    expect(refusal('http://minio.internal:9001/', 'minio.internal:9000')).not.toBe('allowed');
  });

  test('a host by address, in every spelling', () => {
    expect(refusal('http://127.0.0.1:9000/', '127.0.0.1:9000')).toBe('allowed');
    expect(refusal('http://0x7f.1:9000/', '127.0.0.1:9000')).toBe('allowed');
    expect(refusal('http://[::ffff:127.0.0.1]:9000/', '127.0.0.1:9000')).toBe('allowed');
    expect(refusal('http://127.0.0.2:9000/', '127.0.0.1:9000')).not.toBe('allowed');
    expect(refusal('http://10.3.4.5/', '10.0.0.0/8')).toBe('allowed');
  });

  test('but never another scheme or user info', () => {
    expect(refusal('ftp://minio/', 'minio')).not.toBe('allowed');
    expect(refusal('http://user@minio/', 'minio')).not.toBe('allowed');
  });
});

test('a configured origin may be anywhere, but is still an http URL without credentials', () => {
  expect(checkUrl('http://127.0.0.1:8188/', 'configured', []).exempt).toBe(true);
  expect(checkUrl('http://comfyui:22/', 'configured', []).exempt).toBe(true);
  expect(() => checkUrl('ftp://127.0.0.1/', 'configured', [])).toThrow(Fault);
  expect(() => checkUrl('http://a:b@127.0.0.1/', 'configured', [])).toThrow(Fault);
});
