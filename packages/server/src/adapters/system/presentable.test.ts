import { describe, expect, test } from 'vitest';
import { Fault } from '../../domain/fault.ts';
import { packFault } from '../media/protocol.ts';
import { presentable, presentableText } from './presentable.ts';
import { newSecret } from './secret.ts';

describe('hidden', () => {
  test.each([
    'authorization',
    'Authorization',
    'cookie',
    'set-cookie',
    'password',
    'token',
    'secret',
    'signingSecret',
    'apiKey',
    'api_key',
    'prompt',
    'negativePrompt',
    'actual_prompt',
  ])('the value of %s, at any depth', (name) => {
    expect(presentable({ [name]: 'hush hush', deep: { list: [{ [name]: 'hush hush' }] } })).toEqual({
      [name]: '…',
      deep: { list: [{ [name]: '…' }] },
    });
  });

  test('but not what only sounds like it', () => {
    const facts = { apiKey: 'key_01hf7yat00', keys: 3, promptLength: 12, tokens: 5 };
    expect(presentable(facts)).toEqual(facts);
  });

  test.each([
    [`the key ${newSecret()} is new`, 'the key inb_… is new'],
    ['Authorization: Bearer sk-abc.def', 'Authorization: Bearer …'],
    ['GET https://user:pass@x.example/a?sig=1&b=2 failed', 'GET https://…@x.example/a?… failed'],
    ['data:image/png;base64,iVBORw0KGgo=', 'data:…'],
    ['plain text? yes', 'plain text? yes'],
  ])('in texts: %s', (text, shown) => {
    expect(presentableText(text)).toBe(shown);
  });

  test('in errors, their causes and stacks', () => {
    const secret = newSecret();
    const text = JSON.stringify(presentable({ error: new Error(`a ${secret}`, { cause: new Error(`b ${secret}`) }) }));
    expect(text).not.toContain(secret);
    expect(text).toContain('b inb_…');
  });
});

describe('shown', () => {
  test('errors with type, code and cause', () => {
    const fault = new Fault('image_unreachable', 'no', { cause: new TypeError('why') });
    expect(presentable({ fault })).toMatchObject({
      fault: { type: 'Fault', code: 'image_unreachable', message: 'no', cause: { type: 'TypeError', message: 'why' } },
    });
  });

  test('what JSON cannot hold', () => {
    const circle: Record<string, unknown> = { name: 'circle' };
    circle['self'] = circle;
    expect(() => JSON.stringify(presentable(circle))).not.toThrow();
    expect(
      presentable({
        big: 10n,
        bytes: new Uint8Array(5),
        url: new URL('http://x/?q=1'),
        date: new Date(0),
        none: undefined,
        call: () => 1,
      }),
    ).toEqual({ big: '10', bytes: '[5 bytes]', url: 'http://x/?…', date: '1970-01-01T00:00:00.000Z', call: undefined });
  });

  test('bytes of a file that a decoder quotes spelled out, in every text of a chain of errors', () => {
    const quoted = 'unknown tag "\u001b[2J\u0000\u009b\u007f\u2028\u202e" in 图\tline\nnext\r';
    const spelled = 'unknown tag "\\u001b[2J\\u0000\\u009b\\u007f\\u2028\\u202e" in 图\tline\nnext\\u000d';
    const fault = new Fault('damaged_output', 'Damaged.', { cause: new Error(quoted) });
    expect(presentable({ fault, line: quoted })).toMatchObject({
      fault: { cause: { message: spelled, stack: expect.stringContaining(spelled) } },
      line: spelled,
    });
    expect(presentableText(quoted)).toBe(spelled);
    const sent = packFault(fault);
    expect(sent.cause).toBe(spelled);
  });

  test('long texts and lists cut', () => {
    const { text, list } = presentable({ text: 'x'.repeat(1e6), list: Array(1000).fill(1) });
    expect(text).toHaveLength(2001);
    expect(list).toHaveLength(50);
  });
});
