import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CHAIN, PRIVATE_KEY, ROOT_ALONE } from './credentials.fixture.ts';
import { readCredentials } from './credentials.ts';

const NOW = Date.parse('2026-12-01T00:00:00Z');
const pem = (kind: 'ec' | 'ed25519') => {
  const { privateKey } =
    kind === 'ec' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};

describe('credentials', () => {
  it('are a chain and its key', () => {
    expect(readCredentials(CHAIN, PRIVATE_KEY, NOW)).toEqual({
      algorithm: 'es256',
      signer: 'Inbetween test signer',
      expiresAt: expect.any(Number),
    });
  });

  it.each([
    ['an empty certificate file', '', PRIVATE_KEY, NOW, 'holds no PEM certificate'],
    ['a key where the certificate belongs', PRIVATE_KEY, PRIVATE_KEY, NOW, 'holds no PEM certificate'],
    [
      'a certificate that is damaged',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----',
      PRIVATE_KEY,
      NOW,
      'cannot be read',
    ],
    ['no key', CHAIN, '', NOW, 'no PEM private key'],
    ['a certificate where the key belongs', CHAIN, CHAIN, NOW, 'no PEM private key'],
    ['another key', CHAIN, pem('ec'), NOW, 'does not belong to the certificate'],
    ['a key of another kind', CHAIN, pem('ed25519'), NOW, 'does not belong to the certificate'],
    ['the chain upside down', ROOT_ALONE + CHAIN, PRIVATE_KEY, NOW, 'does not belong to the certificate'],
    ['too early', CHAIN, PRIVATE_KEY, Date.parse('2026-01-01T00:00:00Z'), 'is good from 2026'],
    ['too late', CHAIN, PRIVATE_KEY, Date.parse('2200-01-01T00:00:00Z'), 'expired at 2126'],
  ])('are not %s', (_what, chain, key, now, problem) => {
    expect(() => readCredentials(chain, key, now)).toThrow(problem);
  });
});
