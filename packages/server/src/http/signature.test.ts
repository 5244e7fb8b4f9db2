import { describe, expect, it } from 'vitest';
import { createUrlSigner } from './signature.ts';

const HOUR = 3_600_000;
const NOW = 1_800_000_000_000;
const OLD = { kid: 'old', secret: 'o'.repeat(32) };
const NEW = { kid: 'new', secret: 'n'.repeat(32) };
const PATH = '/v1/videos/video_1/content';

const read = (query: string) => Object.fromEntries(new URLSearchParams(query));

describe('signed addresses', () => {
  it('open what they were signed for, and nothing else', () => {
    const signer = createUrlSigner([NEW]);
    const query = read(signer.sign(PATH, 'video', NOW));
    signer.verify(PATH, 'video', query, NOW);
    const forged = [
      () => signer.verify('/v1/videos/video_2/content', 'video', query, NOW),
      () => signer.verify(PATH, 'thumbnail', query, NOW),
      () => signer.verify(PATH, 'video', { ...query, exp: String(Number(query['exp']) + 3600) }, NOW),
      () => signer.verify(PATH, 'video', { ...query, exp: ` ${query['exp']}` }, NOW),
      () => signer.verify(PATH, 'video', { ...query, kid: 'old' }, NOW),
      () => signer.verify(PATH, 'video', { ...query, kid: '__proto__' }, NOW),
      () => signer.verify(PATH, 'video', { ...query, sig: '' }, NOW),
      () => signer.verify(PATH, 'video', { ...query, sig: `${query['sig']}A` }, NOW),
      () => signer.verify(PATH, 'video', { ...query, sig: [query['sig'], query['sig']] }, NOW),
      () => signer.verify(PATH, 'video', {}, NOW),
      () => createUrlSigner([{ kid: 'new', secret: 'x'.repeat(32) }]).verify(PATH, 'video', query, NOW),
    ];
    for (const attempt of forged) {
      expect(attempt).toThrow(expect.objectContaining({ code: 'invalid_signature', param: 'sig' }));
    }
  });

  it('last a day or an hour more, and stay the same text within the hour', () => {
    const signer = createUrlSigner([NEW]);
    const start = Math.ceil(NOW / HOUR) * HOUR;
    for (const at of [start + 1, start + HOUR / 2, start + HOUR]) {
      expect(signer.sign(PATH, 'video', at)).toBe(signer.sign(PATH, 'video', start + 1));
      const left = signer.validUntil(at) * 1000 - at;
      expect(left).toBeGreaterThanOrEqual(24 * HOUR);
      expect(left).toBeLessThan(25 * HOUR);
    }
    expect(signer.sign(PATH, 'video', start + HOUR + 1)).not.toBe(signer.sign(PATH, 'video', start + HOUR));
  });

  it('end, and then say so', () => {
    const signer = createUrlSigner([NEW]);
    const query = read(signer.sign(PATH, 'video', NOW));
    const end = signer.validUntil(NOW) * 1000;
    signer.verify(PATH, 'video', query, end - 1);
    expect(() => signer.verify(PATH, 'video', query, end)).toThrow(/has expired/);
  });

  it('never last less than an hour', () => {
    const signer = createUrlSigner([NEW], 1);
    expect(signer.validUntil(NOW) * 1000 - NOW).toBeGreaterThanOrEqual(HOUR);
  });

  it('stay good while their secret is kept beside a new one', () => {
    const before = read(createUrlSigner([OLD]).sign(PATH, 'video', NOW));
    createUrlSigner([NEW, OLD]).verify(PATH, 'video', before, NOW);
    expect(() => createUrlSigner([NEW]).verify(PATH, 'video', before, NOW)).toThrow(/not valid/);
  });

  it('are not made with a secret that anybody could guess', () => {
    expect(() => createUrlSigner([{ kid: 'a', secret: '' }])).toThrow(/shorter than 32/);
    expect(() => createUrlSigner([{ kid: 'a&b', secret: 'x'.repeat(32) }])).toThrow(/1 to 32/);
  });
});
