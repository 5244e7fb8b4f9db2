import { createPrivateKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// A root, a certificate below it and its key, good until 2126, made for these tests with openssl. Nobody trusts them.
const KEY = {
  kty: 'EC',
  crv: 'P-256',
  x: 'jScKlShhA3LWarXdSClfH2lYFKBJCLD8dKxniM1nj9g',
  y: '1TVFM0pRlWra4HcKHOVjRQpfw491mAdny3fQ_excqYo',
  d: 'HMjhS4ihnxdqdvvqji7C93_-f0iqRrDka3YC4DirmIE',
};
const OWN = [
  'MIIB7jCCAZSgAwIBAgIUAjsoKrUQU0yNkZ3ewMjPqL79jwIwCgYIKoZIzj0EAwIwODEYMBYGA1UECgwPSW5iZXR3ZWVuIHRlc3RzMRwwGgYD',
  'VQQDDBNJbmJldHdlZW4gdGVzdCByb290MCAXDTI2MTEyNjEwNTYxOFoYDzIxMjYxMTAyMTA1NjE4WjA6MRgwFgYDVQQKDA9JbmJldHdlZW4g',
  'dGVzdHMxHjAcBgNVBAMMFUluYmV0d2VlbiB0ZXN0IHNpZ25lcjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABI0nCpUoYQNy1mq13UgpXx9p',
  'WBSgSQiw/HSsZ4jNZ4/Y1TVFM0pRlWra4HcKHOVjRQpfw491mAdny3fQ/excqYqjeDB2MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeA',
  'MBYGA1UdJQEB/wQMMAoGCCsGAQUFBwMEMB0GA1UdDgQWBBS97egfTdMIv8tYwVho0M9+sGHExDAfBgNVHSMEGDAWgBSSChgkAD9iYdchtXly',
  '/t4Lu3i2vTAKBggqhkjOPQQDAgNIADBFAiEAy0dq/mlXdjotRk1NFYCpiz7IiWa89pqp9w+9tFJcZesCIEbVLejbRpY4qwrItJBIE4IDqAuB',
  'Mt4V51pjW452rN6W',
];
const ROOT = [
  'MIIB2DCCAX2gAwIBAgIUMY7Ix+t3Q/ha4GuFyRm+hfubbBYwCgYIKoZIzj0EAwIwODEYMBYGA1UECgwPSW5iZXR3ZWVuIHRlc3RzMRwwGgYD',
  'VQQDDBNJbmJldHdlZW4gdGVzdCByb290MCAXDTI2MTEyNjEwNTYxOFoYDzIxMjYxMTAyMTA1NjE4WjA4MRgwFgYDVQQKDA9JbmJldHdlZW4g',
  'dGVzdHMxHDAaBgNVBAMME0luYmV0d2VlbiB0ZXN0IHJvb3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARBGklvFk6ycvOIojbUMFz6JCP5',
  'xaVqANRQtgT9R+4QtoWHv4yRVIOv5bAF5rg9Lg15j6NTxHQM8vuV/H2jHS+To2MwYTAdBgNVHQ4EFgQUkgoYJAA/YmHXIbV5cv7eC7t4tr0w',
  'HwYDVR0jBBgwFoAUkgoYJAA/YmHXIbV5cv7eC7t4tr0wDgYDVR0PAQH/BAQDAgEGMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAw',
  'RgIhAI7r/5uD7tFJUtA/WWL8kJPpn/wDP47Iv+ebTZmfMyoCAiEA3xSvvK0IH9W1TlDfi5LcXjSdb9fMRUUlVnfDASaqA6M=',
];

const pem = (lines: readonly string[]) =>
  `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;

/** The certificate that signs and the one above it. */
export const CHAIN = `${pem(OWN)}${pem(ROOT)}`;
export const ROOT_ALONE = pem(ROOT);
export const PRIVATE_KEY = createPrivateKey({ key: KEY, format: 'jwk' })
  .export({ type: 'pkcs8', format: 'pem' })
  .toString();

/** A folder with what an operator has on disk. */
export async function credentialFiles(chain = CHAIN, key = PRIVATE_KEY) {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-c2pa-'));
  const files = { folder, certificate: join(folder, 'chain.pem'), key: join(folder, 'key.pem') };
  await Promise.all([writeFile(files.certificate, chain), writeFile(files.key, key, { mode: 0o600 })]);
  return { ...files, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
