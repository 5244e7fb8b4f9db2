import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from './fault.ts';
import { checkGeneration, codePoints, type GenerationAsk } from './generation.ts';
import { LIMITS } from './model.ts';

const FLASH = 'wan2.2-kf2v-flash';
const PLUS = 'wan2.1-kf2v-plus';

const check = (ask: Partial<GenerationAsk> = {}) => checkGeneration({ model: FLASH, ...ask });

function refused(ask: Partial<GenerationAsk>): Fault {
  try {
    check(ask);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('no fault was thrown');
}

describe('checkGeneration', () => {
  it('fills in the documented defaults', () => {
    expect(check()).toEqual({
      model: FLASH,
      prompt: '',
      negativePrompt: '',
      seconds: 5,
      size: '720P',
      promptExtend: true,
      watermark: false,
      seed: undefined,
      tags: {},
    });
  });

  it('keeps what was asked', () => {
    const ask = {
      prompt: 'a',
      negativePrompt: 'b',
      seconds: 5,
      size: '1080P',
      promptExtend: false,
      watermark: true,
      seed: 7,
      tags: { a: 'b' },
    };
    expect(check(ask)).toEqual({ model: FLASH, ...ask });
  });

  it.each([
    [FLASH, '480P', '480P'],
    [FLASH, '480p', '480P'],
    [FLASH, ' 1080p ', '1080P'],
    [FLASH, undefined, '720P'],
    [PLUS, '720p', '720P'],
    [PLUS, undefined, '720P'],
  ])('%s makes %j as %s', (model, size, expected) => {
    expect(check({ model, size }).size).toBe(expected);
  });

  it.each([
    [PLUS, '480P', 'wan2.1-kf2v-plus makes 720P; "480P" is not one of them'],
    [PLUS, '1080p', 'wan2.1-kf2v-plus makes 720P; "1080p" is not one of them'],
    [FLASH, '720', 'makes 480P, 720P, 1080P'],
    [FLASH, '1280x720', 'makes 480P, 720P, 1080P'],
    [FLASH, '', 'makes 480P, 720P, 1080P'],
  ])('refuses %s at %j', (model, size, message) => {
    const fault = refused({ model, size });
    expect(fault).toMatchObject({ code: 'unsupported_size', param: 'size' });
    expect(fault.message).toContain(message);
  });

  it.each(['', 'wan2.2', 'WAN2.2-KF2V-FLASH', 'constructor', 'x'.repeat(5_000)])(
    'knows no model %j and names those there are',
    (model) => {
      const fault = refused({ model });
      expect(fault).toMatchObject({ code: 'unknown_model', param: 'model' });
      expect(fault.message).toContain(`Use one of: ${FLASH}, ${PLUS}`);
      expect(fault.message.length).toBeLessThan(300);
    },
  );

  it.each([4, 6, 0, -5, 5.1, Number.NaN])('refuses %d seconds', (seconds) => {
    expect(refused({ seconds })).toMatchObject({ code: 'invalid_request', param: 'seconds' });
  });

  it.each([0, 1, 2_147_483_647])('accepts the seed %d', (seed) => {
    expect(check({ seed }).seed).toBe(seed);
  });

  it.each([-1, 2_147_483_648, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses the seed %d', (seed) => {
    const fault = refused({ seed });
    expect(fault).toMatchObject({ code: 'invalid_request', param: 'seed' });
    expect(fault.message).toContain('from 0 to 2147483647');
  });
});

describe('the lengths of texts', () => {
  const fields = [
    ['prompt', 'prompt', 800],
    ['negativePrompt', 'negative_prompt', 500],
  ] as const;
  const letters = ['a', '猫', 'é', '😀', '𠮷'];

  for (const [field, param, limit] of fields) {
    it.each(letters)(`${param} takes ${limit} times %s and not one more`, (letter) => {
      const most = letter.repeat(limit);
      expect(check({ [field]: most })[field]).toBe(most);
      const fault = refused({ [field]: most + letter });
      expect(fault).toMatchObject({ code: 'invalid_request', param });
      expect(fault.message).toMatch(
        new RegExp(`^${param} has (${limit + 1}|more than ${limit}) characters; at most ${limit} are allowed`),
      );
    });

    it(`${param} counts code points of mixed text`, () => {
      const short = fc.array(fc.constantFrom(...letters), { minLength: limit - 3, maxLength: limit + 3 });
      fc.assert(
        fc.property(short, (parts) => {
          const ask = { [field]: parts.join('') };
          if (parts.length <= limit) expect(check(ask)[field]).toBe(parts.join(''));
          else expect(refused(ask).param).toBe(param);
        }),
      );
    });

    it(`${param} must be text that can be stored`, () => {
      expect(refused({ [field]: 'a\u0000b' }).message).toContain('null character');
      expect(refused({ [field]: 'a\ud83d' }).message).toContain('well-formed');
      expect(refused({ [field]: '\ude00a' }).message).toContain('well-formed');
    });
  }

  it('counts a code point once, whatever it takes to write', () => {
    expect(codePoints('')).toBe(0);
    expect(codePoints('aé猫😀𠮷')).toBe(5);
    expect(codePoints('e\u0301')).toBe(2);
  });
});

describe('tags', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key${index}`, 'v']));

  it('are up to 16 pairs, of 64 and 256 code points', () => {
    expect(Object.keys(check({ tags: many(16) }).tags)).toHaveLength(16);
    expect(refused({ tags: many(17) }).message).toContain('17 entries; at most 16');
    const widest = { ['😀'.repeat(LIMITS.tagKeyLength)]: '猫'.repeat(LIMITS.tagValueLength) };
    expect(check({ tags: widest }).tags).toEqual(widest);
    expect(refused({ tags: { ['k'.repeat(65)]: '' } }).param).toBe('tags');
    expect(refused({ tags: { k: '😀'.repeat(257) } }).param).toBe('tags');
    expect(refused({ tags: { '': 'v' } }).param).toBe('tags');
    expect(check({ tags: { k: '' } }).tags).toEqual({ k: '' });
  });

  it('must each be text that can be stored', () => {
    expect(refused({ tags: { 'a\u0000': 'v' } }).param).toBe('tags');
    expect(refused({ tags: { k: '\u0000' } }).param).toBe('tags');
    // Together the two halves would be well-formed; apart, as they are stored, they are not.
    expect(refused({ tags: { 'k\ud83d': '\ude00v' } }).message).toContain('well-formed');
  });

  it('have one order, so that equal asks are equal text', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 8 }), { maxKeys: 16 }),
        (tags) => {
          fc.pre(Object.entries(tags).every(([key, value]) => key !== '' && !`${key}${value}`.includes('\0')));
          const turned = Object.fromEntries(Object.entries(tags).toReversed());
          expect(JSON.stringify(check({ tags }).tags)).toBe(JSON.stringify(check({ tags: turned }).tags));
          expect(check({ tags }).tags).toEqual({ ...tags });
        },
      ),
    );
  });
});
