import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseJson } from './parse-json.ts';

const picture = (letter = 'A', length = 5_000) => `data:image/jpeg;base64,${letter.repeat(length)}`;
const bytes = (text: string) => Buffer.from(text);
/** What `JSON.parse` makes of it, or what it says. */
const outcome = (parse: () => unknown) => {
  try {
    return { value: parse() };
  } catch (error) {
    return { message: error instanceof Error ? error.message : error };
  }
};
const agrees = (text: string) => expect(outcome(() => parseJson(bytes(text)))).toEqual(outcome(() => JSON.parse(text)));

describe('parsing a body with pictures', () => {
  it.each([
    ['two pictures', JSON.stringify({ images: [picture('A'), picture('B')], prompt: 'a “b” \u2028 猫', seed: 7 })],
    ['white space', JSON.stringify({ images: [picture('A'), picture('B')] }, undefined, 4)],
    ['a picture deep inside', JSON.stringify({ input: { frames: [{ image_url: { url: picture() } }] } })],
    ['a picture alone', JSON.stringify(picture())],
    ['an escaped slash in it', `{"a":"${picture()}\\/AAA"}`],
    ['an escaped quote behind it', `{"a":"${picture()}\\"","b":1}`],
    ['an escaped backslash behind it', `{"a":"${picture()}\\\\","b":"${picture()}"}`],
    ['no ASCII in it', JSON.stringify({ a: `${picture()}ü` })],
    ['a long name', JSON.stringify({ [picture()]: 1, b: picture() })],
    ['a long name and a space', `{"${picture()}" \n : 1}`],
    ['one name twice', `{"a":"${picture('A')}","a":"${picture('B')}"}`],
    ['__proto__', `{"__proto__":"${picture()}"}`],
    ['an empty string between', JSON.stringify(['', picture(), '', picture()])],
    ['more strings than any body of ours', JSON.stringify([picture(), ...new Array(2_000).fill('')])],
    ['a byte order mark inside', `{"a":"${picture()}"\ufeff}`],
    ['no end', `{"a":"${picture()}`],
    ['a quote too many', `{"a":"${picture()}""}`],
    ['a picture outside', `{"a":""${picture()}""}`],
    ['a mistake behind it', `{"a":"${picture()}",}`],
  ])('%s', (_, text) => agrees(text));

  it('agrees with JSON.parse on whatever else is around', () => {
    const text = fc.oneof(
      { weight: 5, arbitrary: fc.json({ maxDepth: 3 }) },
      { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('"', '\\', 'a', ':', ',', '{', '}', ' ') }) },
    );
    fc.assert(fc.property(text, text, (one, other) => void agrees(`{"a":${one},"b":"${picture()}","c":${other}}`)));
  });

  it('refuses what is no UTF-8, beside a picture too', () => {
    const broken = Buffer.concat([bytes(`{"a":"${picture()}","b":"`), Buffer.from([0xff]), bytes('"}')]);
    expect(() => parseJson(broken)).toThrow(TypeError);
    const inside = Buffer.concat([bytes(`{"a":"${picture()}`), Buffer.from([0xff]), bytes('"}')]);
    expect(() => parseJson(inside)).toThrow(TypeError);
  });

  it('takes no name that a caller could write for a picture', () => {
    agrees(JSON.stringify({ a: '0', b: ' 0', c: '00000000-0000-0000-0000-000000000000 0', d: picture() }));
  });
});
