import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ASK } from './app.fixture.ts';
import { ATTACKS, expectWorks, filled, type HostileStage, openHostileStage } from './hostile.fixture.ts';
import { nameOf } from './matrix.fixture.ts';

/** Bodies: monstrous and random JSON, floods and damages of forms. */

let stage: HostileStage;
beforeAll(async () => {
  stage = await openHostileStage();
});
afterAll(async () => {
  console.log(`bad inputs tried and survived (HTTP): ${stage.told()}`);
  await stage.close();
});

describe('JSON', () => {
  const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
  const monsters: readonly (readonly [string, () => string])[] = [
    ['nested lists', () => nested(30_000, '[', ']')],
    ['nested objects', () => `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
    ['nested in a field', () => `{"model":"m","images":${nested(20_000, '[', ']')}}`],
    [
      'nested in tags',
      () =>
        `{"model":"wan2.2-kf2v-flash","images":["sample_first","sample_last"],"tags":{"a":${nested(20_000, '[', ']')}}}`,
    ],
    ['open without end', () => '['.repeat(30_000)],
    ['many keys', () => JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, n])))],
    ['one key many times', () => `{${'"model":"a",'.repeat(20_000)}"model":"b"}`],
    ['many images', () => JSON.stringify({ ...ASK, images: Array(20_000).fill('sample_first') })],
    ['a number without end', () => `{"seed":${'9'.repeat(100_000)}}`],
    ['an exponent', () => '{"seed":1e999999}'],
    ['a long text', () => JSON.stringify({ ...ASK, prompt: 'a'.repeat(300_000) })],
    ['half characters', () => '{"model":"\\ud800","images":["\\udfff","\\ud800"]}'],
    ['own prototype', () => '{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}},"model":"a"}'],
    ['white space', () => ' '.repeat(300_000)],
  ];

  it('of every monstrous shape is refused by every route that reads it', async () => {
    for (const trait of stage.all.filter(({ body }) => body === 'posted' || body === 'json')) {
      for (const [what, make] of monsters) {
        const headers = { 'content-type': 'application/json' };
        const answer = await stage.send(trait, filled(trait), { headers, payload: make() }, 'monstrous JSON', what);
        expect(answer.statusCode, `${nameOf(trait)} ${what}`).toBeGreaterThanOrEqual(400);
      }
    }
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  it('with a name that every object has where a model belongs is refused', async () => {
    const creates = stage.all.filter(
      ({ method, body, path }) => method === 'POST' && body === 'posted' && /(videos|synthesis)$/.test(path),
    );
    expect(creates).toHaveLength(5);
    for (const trait of creates) {
      for (const model of ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', ...ATTACKS]) {
        const payload = {
          model,
          prompt: 'a',
          images: ASK.images,
          input: { first_frame_url: 'sample_first', last_frame_url: 'sample_last' },
        };
        const answer = await stage.send(trait, filled(trait), { payload }, 'model names', model);
        expect(answer.statusCode, `${nameOf(trait)} ${model}`).toBeGreaterThanOrEqual(400);
      }
    }
  });

  it('of any shape is answered', async () => {
    const routes = stage.all.filter(
      ({ body, access }) => (body === 'posted' || body === 'json') && access !== 'signed',
    );
    const ask = fc.oneof(
      fc.json({ maxDepth: 3 }),
      fc
        .record({
          model: fc.oneof(fc.constant(ASK.model), fc.jsonValue()),
          images: fc.oneof(
            fc.array(fc.oneof(fc.constantFrom('sample_first', ...ATTACKS), fc.webUrl())),
            fc.jsonValue(),
          ),
          prompt: fc.oneof(fc.string({ unit: 'binary' }), fc.jsonValue()),
          tags: fc.jsonValue(),
          seed: fc.oneof(fc.double(), fc.jsonValue()),
          callback_url: fc.oneof(fc.webUrl(), fc.constantFrom(...ATTACKS)),
          input: fc.jsonValue(),
          url: fc.constantFrom(...ATTACKS),
          owner: fc.constantFrom(...ATTACKS),
        })
        .map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), ask, async (trait, payload) => {
        await stage.send(
          trait,
          filled(trait),
          { headers: { 'content-type': 'application/json' }, payload },
          'any JSON',
          payload,
        );
      }),
      { numRuns: 100 },
    );
  });
});

const FORM_ROUTES = ['/v1/videos', '/v1/files', '/openai/v1/videos', '/api/v1/uploads/:owner/:folder'];

describe('forms', () => {
  const BOUNDARY = '----hostile';
  const part = (name: string, value: string, more = '') =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n${value}\r\n`;
  const end = `--${BOUNDARY}--\r\n`;
  const good = part('model', ASK.model) + part('images[]', 'sample_first') + part('images[]', 'sample_last') + end;
  const floods: readonly (readonly [string, () => string, string?])[] = [
    ['ten thousand parts', () => part('prompt', 'x').repeat(10_000) + end],
    ['ten thousand names', () => Array.from({ length: 10_000 }, (_, n) => part(`f${n}`, '')).join('') + end],
    ['ten thousand empty parts', () => `--${BOUNDARY}\r\n\r\n\r\n`.repeat(10_000) + end],
    ['a header without end', () => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${'a'.repeat(300_000)}`],
    ['fifty thousand header lines', () => `--${BOUNDARY}\r\n${'X: y\r\n'.repeat(50_000)}\r\n\r\n${end}`],
    ['a name without end', () => part('a'.repeat(300_000), 'x') + end],
    ['no end', () => good.replace(end, '')],
    ['nothing but the end', () => end],
    ['nothing', () => ''],
    ['the boundary inside', () => part('prompt', `--${BOUNDARY}`) + end],
    ['another boundary', () => good, 'multipart/form-data; boundary=other'],
    ['no boundary', () => good, 'multipart/form-data'],
    ['an empty boundary', () => good, 'multipart/form-data; boundary='],
    ['a boundary of one letter', () => '-'.repeat(500_000), 'multipart/form-data; boundary=-'],
    ['a boundary of a kilobyte', () => good, `multipart/form-data; boundary=${'b'.repeat(1_000)}`],
    [
      'two boundaries, of which one hides the flood',
      () => part('prompt', 'x').repeat(10_000) + end,
      `multipart/form-data; boundary=other; boundary=${BOUNDARY}`,
    ],
    [
      'a nested form',
      () => part('images[]', good, '; filename="a"\r\nContent-Type: multipart/mixed; boundary=b') + end,
    ],
    ['a name that is a prototype', () => part('__proto__', 'x') + part('constructor[prototype][a]', 'x') + end],
    ['a thousand images', () => part('images[]', 'sample_first').repeat(90) + end],
    ['a far index', () => part('images[999999999]', 'sample_first') + part('images[-1]', 'x') + end],
  ];

  it('that flood are refused, and quickly', async () => {
    // One reader of forms serves all routes; what each makes of the parts differs.
    for (const trait of stage.all.filter(({ path, body }) => FORM_ROUTES.includes(path) && body === 'posted')) {
      for (const [what, make, type = `multipart/form-data; boundary=${BOUNDARY}`] of floods) {
        const answer = await stage.send(
          trait,
          filled(trait),
          { headers: { 'content-type': type }, payload: make() },
          'form floods',
          what,
        );
        expect(answer.statusCode, `${nameOf(trait)} ${what}`).toBeGreaterThanOrEqual(400);
      }
    }
  });

  it('with bytes changed anywhere are answered', async () => {
    const bytes = Buffer.from(good);
    const change = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), {
      minLength: 1,
      maxLength: 6,
    });
    await fc.assert(
      fc.asyncProperty(change, fc.nat(bytes.length), async (changes, length) => {
        const payload = Buffer.from(bytes.subarray(0, length));
        for (const [at, value] of changes) if (at < length) payload[at] = value;
        const headers = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` };
        const trait = stage.all.find((each) => nameOf(each) === 'POST /v1/videos');
        if (trait !== undefined)
          await stage.send(trait, '/v1/videos', { headers, payload }, 'changed forms', payload.toString('latin1'));
      }),
      { numRuns: 200 },
    );
  });
});

describe('after all of this', () => {
  it('the server works as before', () => expectWorks(stage));
});
