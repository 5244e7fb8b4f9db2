import { createPrivateKey } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { told, UNREACHABLE, watchedFetcher } from './fetcher.fixture.ts';

// A key and a self-signed certificate for pictures.example.com, good until 2126, made for these tests with openssl.
const KEY = {
  kty: 'EC',
  crv: 'P-256',
  x: '0keFX4GGK5o9SNMSjg9oNq7uOFDnXw0D6VLFfDcj_r4',
  y: 'vC7iA_zwkAGTXL8TfSEqMod2sd9n86hsa-O63UPk6dM',
  d: 'uesrj3lcjfo6cjBqLBayr8phVWBFNlJSm22UuQaOFYk',
};
const CERTIFICATE_DER =
  'MIIBrDCCAVKgAwIBAgIUf27SgyDrtkpInfdZ5NRQwlBWZgowCgYIKoZIzj0EAwIwGjEYMBYGA1UEAwwPSW5iZXR3ZWVuIHRlc3Rz' +
  'MCAXDTI2MTEyNDAwMDcxNVoYDzIxMjYxMDMxMDAwNzE1WjAaMRgwFgYDVQQDDA9JbmJldHdlZW4gdGVzdHMwWTATBgcqhkjOPQIB' +
  'BggqhkjOPQMBBwNCAATSR4VfgYYrmj1I0xKOD2g2ru44UOdfDQPpUsV8NyP+vrwu4gP88JABk1y/E30hKjKHdrHfZ/OobGvjut1D' +
  '5OnTo3QwcjAdBgNVHQ4EFgQUG1Wva8ucE6u+jg3McGdsEbPCN/owHwYDVR0jBBgwFoAUG1Wva8ucE6u+jg3McGdsEbPCN/owDwYD' +
  'VR0TAQH/BAUwAwEB/zAfBgNVHREEGDAWghRwaWN0dXJlcy5leGFtcGxlLmNvbTAKBggqhkjOPQQDAgNIADBFAiB06EXAu6QM4gL/' +
  'JKyw/pJqr9GCRrcPNXddN1gcnhg1KwIhAJypJMdfA+M2HZ849eslyMgWfJB7xAXepveWoAv+Hxny';
const CERTIFICATE = `-----BEGIN CERTIFICATE-----\n${CERTIFICATE_DER}\n-----END CERTIFICATE-----`;

const names = { 'pictures.example.com': ['127.0.0.1'], 'other.example.com': ['127.0.0.1'] };
const usual = getCACertificates('default');
let server: Server;
let port: number;

beforeEach(async () => {
  const key = createPrivateKey({ key: KEY, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });
  server = createServer({ key, cert: CERTIFICATE }, (request, response) => {
    if (request.url === '/down') response.writeHead(302, { location: `http://127.0.0.1:${port}/` }).end();
    else if (request.url === '/same') response.writeHead(302, { location: '/' }).end();
    else response.end('the picture');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

describe('with the certificate trusted', () => {
  beforeAll(() => setDefaultCACertificates([...usual, CERTIFICATE]));
  afterAll(() => setDefaultCACertificates(usual));

  test('https works on the pinned address, redirects within https too', async () => {
    await using watched = watchedFetcher('127.0.0.1', names);
    expect((await watched.get(`https://pictures.example.com:${port}/same`)).bytes).toHaveLength(11);
  });

  test('the certificate must name the host of the URL', async () => {
    await using watched = watchedFetcher('127.0.0.1', names);
    expect(await told(watched.get(`https://other.example.com:${port}/`))).toBe(UNREACHABLE);
    expect(await told(watched.get(`https://127.0.0.1:${port}/`))).toBe(UNREACHABLE);
  });

  test('a redirect from https to http is refused', async () => {
    await using watched = watchedFetcher('127.0.0.1', names);
    expect(await told(watched.get(`https://pictures.example.com:${port}/down`))).toBe(
      'url_not_allowed: The address redirects from https to http.',
    );
  });
});

test('a certificate nobody trusts is refused', async () => {
  await using watched = watchedFetcher('127.0.0.1', names);
  expect(await told(watched.get(`https://pictures.example.com:${port}/`))).toBe(UNREACHABLE);
});
