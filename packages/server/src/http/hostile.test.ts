import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ASK, bearer, png, type TestApp, testApp } from './app.fixture.ts';
import { ASYNC, createCells, nameOf, oneEndpoint, oneFile, oneVideo, parametersOf } from './matrix.fixture.ts';
import { type RouteTrait, traitsOf } from './route.ts';
import { allRoutes } from './routes.ts';

/**
 * What somebody with a key may send to bring the server down, to read what is not theirs, or to have something run in
 * another's browser. Whatever it is, the answer is one of ours: no 5xx, no stack, no type that a browser would run.
 */

const { cell, told } = createCells();
afterAll(() => console.log(`bad inputs tried and survived (HTTP): ${told()}`));

let test: TestApp;
let all: readonly RouteTrait[];
beforeAll(async () => {
  test = await testApp();
  all = traitsOf(allRoutes(test.parts));
});
afterAll(() => test[Symbol.asyncDispose]());

interface Injected {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

const TYPES = /^(application\/json|text\/event-stream|video\/mp4|image\/(png|webp|jpeg|bmp)|application\/octet-stream)/;

/** One of our answers, and nothing that was not meant for the caller. */
function expectSane(answer: Injected, what: string): void {
  expect(answer.statusCode, what).toBeLessThan(500);
  expect(answer.headers['x-content-type-options'], what).toBe('nosniff');
  expect(answer.headers['content-security-policy'], what).toMatch(/default-src 'none'/);
  if (answer.body !== '') expect(answer.headers['content-type'], what).toMatch(TYPES);
  expect(answer.body, what).not.toMatch(/node_modules\/|\.ts:\d|SQLITE|syntax error| {4}at /);
  for (const { level, facts } of test.lines) expect(level, `${what} ${JSON.stringify(facts)}`).not.toBe('error');
}

async function send(trait: RouteTrait, url: string, more: object, column: string, what: string): Promise<Injected> {
  const headers = { ...bearer(test.alice), ...ASYNC, ...('headers' in more ? (more.headers as object) : {}) };
  const answer = await test.app.inject({ method: trait.method, url, ...more, headers });
  cell(column);
  expectSane(answer, `${nameOf(trait)} ${what.slice(0, 200)}`);
  return answer;
}

const filled = (trait: RouteTrait, value = 'video_00000000000000000000000000') =>
  trait.path.replace(':owner/:folder', `${value}/${'0'.repeat(32)}`).replace(/:\w+/, value);

const ATTACKS = [
  "' OR '1'='1",
  "'; DROP TABLE video; --",
  '" OR ""="',
  '1) UNION SELECT hash FROM api_key --',
  '%',
  '_',
  '%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%%',
  '\\',
  '$1',
  '$' + '{jndi:ldap://127.0.0.1/a}',
  '{{7*7}}',
  '$(id)',
  '`id`',
  '| id',
  '../../../../etc/passwd',
  '..\\..\\windows',
  '....//....//',
  '/etc/passwd\u0000.png',
  '\u0000',
  '\r\nSet-Cookie: a=b',
  '\u202e\u2066',
  '😺'.repeat(20),
  '\ud800',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-1',
  '1e309',
  '9'.repeat(400),
  'a'.repeat(5_000),
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'javascript:alert(1)',
] as const;

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
    for (const trait of all.filter(({ body }) => body === 'posted' || body === 'json')) {
      for (const [what, make] of monsters) {
        const headers = { 'content-type': 'application/json' };
        const answer = await send(trait, filled(trait), { headers, payload: make() }, 'monstrous JSON', what);
        expect(answer.statusCode, `${nameOf(trait)} ${what}`).toBeGreaterThanOrEqual(400);
      }
    }
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  it('with a name that every object has where a model belongs is refused', async () => {
    const creates = all.filter(
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
        const answer = await send(trait, filled(trait), { payload }, 'model names', model);
        expect(answer.statusCode, `${nameOf(trait)} ${model}`).toBeGreaterThanOrEqual(400);
      }
    }
  });

  it('of any shape is answered', async () => {
    const routes = all.filter(({ body, access }) => (body === 'posted' || body === 'json') && access !== 'signed');
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
        await send(
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

describe('addresses', () => {
  it('with anything where an id belongs lead nowhere', async () => {
    const routes = all.filter((trait) => parametersOf(trait) !== '');
    const value = fc.oneof(fc.constantFrom(...ATTACKS), fc.string({ unit: 'binary', minLength: 1 }));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), value, async (trait, text) => {
        const url = filled(trait, encodeURIComponent(text.toWellFormed()));
        const answer = await send(trait, url, {}, 'ids', text);
        if (answer.statusCode === 200) expect(answer.body).toContain('UNKNOWN');
      }),
      { numRuns: 300 },
    );
  });

  it('with anything as a variant, a filter or a cursor are answered or refused, and select nothing else', async () => {
    const id = await oneVideo(test);
    await test.worker.succeed(id);
    const queries: readonly (readonly [string, readonly string[]])[] = [
      ['/v1/videos', ['limit', 'after', 'order', 'status', 'model', 'tag']],
      ['/openai/v1/videos', ['limit', 'after', 'order']],
      ['/v1/files', ['limit', 'after', 'order']],
      ['/api/v1/tasks', ['task_id', 'start_time', 'end_time', 'model_name', 'status', 'page_no', 'page_size']],
      ['/v1/usage', ['from', 'to', 'group_by', 'api_key', 'model', 'limit', 'after', 'owner']],
      ['/v1/admin/keys', ['owner']],
      ['/v1/admin/audit', ['limit', 'after']],
      [`/v1/videos/${id}/content`, ['variant', 'exp', 'kid', 'sig']],
      [`/v1/videos/${id}`, ['wait']],
    ];
    for (const [path, names] of queries) {
      const trait = { method: 'GET', path, access: 'open', dialect: null, body: 'none' } as const;
      for (const name of names) {
        for (const attack of ATTACKS) {
          const value = encodeURIComponent(name === 'tag' ? `a:${attack.toWellFormed()}` : attack.toWellFormed());
          const plain = await send(trait, `${path}?${name}=${value}`, {}, 'filters', `${name}=${attack}`);
          // Of what is filtered by an attack nothing is shown: none of ours is called so.
          const isList =
            plain.statusCode === 200 && String(plain.headers['content-type']).startsWith('application/json');
          const shown = isList ? (JSON.parse(plain.body) as { data?: unknown[] }).data : undefined;
          if (['tag', 'model', 'task_id', 'model_name', 'owner', 'api_key'].includes(name))
            expect(shown ?? []).toEqual([]);
        }
        for (const odd of [
          `${name}[]=a`,
          `${name}[$ne]=a`,
          `${name}=a&${name}=b`,
          `${name}`,
          `${name}=%zz`,
          `__proto__[${name}]=a`,
        ])
          await send(trait, `${path}?${odd}`, {}, 'filters', odd);
      }
    }
  });

  it('that climb are paths like any other', async () => {
    const climbs = [
      '/../etc/passwd',
      '/v1//videos',
      '//v1/videos',
      '/v1/videos/%2e%2e/%2e%2e/etc',
      '/v1/videos/x/..%2f..%2fcontent',
      '/.env',
      '/.git/config',
      '/node_modules',
      '/v1/videos/;/content',
      '/v1/videos/%ff',
      `/${'a/'.repeat(2_000)}`,
    ];
    for (const url of climbs) {
      const trait = { method: 'GET', path: url, access: 'open', dialect: null, body: 'none' } as const;
      const answer = await send(trait, url, {}, 'paths', url);
      expect(answer.statusCode, url).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('headers', () => {
  it('of any value are answered', async () => {
    const id = await oneVideo(test);
    await test.worker.succeed(id);
    const names = [
      'range',
      'if-range',
      'if-none-match',
      'if-modified-since',
      'prefer',
      'idempotency-key',
      'last-event-id',
      'accept',
      'accept-encoding',
      'content-type',
      'content-encoding',
      'x-forwarded-for',
      'forwarded',
      'x-request-id',
      'x-inbetween-simulate',
      'x-http-method-override',
      'host',
      'origin',
      'cookie',
    ] as const;
    const value = fc.oneof(
      fc.string({
        unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
        maxLength: 300,
      }),
      fc.constantFrom(
        'bytes=0-',
        'bytes=-0',
        'bytes=9-1',
        `bytes=${'0-1,'.repeat(2_000)}0-1`,
        `bytes=${'9'.repeat(400)}-`,
        'wait=99999999999',
        'wait=-1',
        '*',
        '""',
        'W/"x"',
      ),
    );
    const paths = [`/v1/videos/${id}/content`, `/v1/videos/${id}`, '/v1/videos', '/healthz'];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 }),
        async (path, headers) => {
          const trait = { method: 'GET', path, access: 'open', dialect: null, body: 'none' } as const;
          await send(trait, path, { headers }, 'headers', JSON.stringify(headers));
        },
      ),
      { numRuns: 200 },
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
    for (const trait of all.filter(({ path, body }) => FORM_ROUTES.includes(path) && body === 'posted')) {
      for (const [what, make, type = `multipart/form-data; boundary=${BOUNDARY}`] of floods) {
        const answer = await send(
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
        const trait = all.find((each) => nameOf(each) === 'POST /v1/videos');
        if (trait !== undefined)
          await send(trait, '/v1/videos', { headers, payload }, 'changed forms', payload.toString('latin1'));
      }),
      { numRuns: 200 },
    );
  });
});

describe('texts that would run in a browser', () => {
  const SCRIPT = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'`;

  it('come back as JSON that no browser runs, and never in a page', async () => {
    await using own = await testApp();
    const call = (method: 'GET' | 'POST', url: string, payload?: object) =>
      own.app.inject({ method, url, headers: bearer(own.alice), ...(payload === undefined ? {} : { payload }) });
    const file = (
      await call('POST', '/v1/files', {
        file: `data:image/png;base64,${Buffer.from(png(300, 300)).toString('base64')}`,
        filename: `${SCRIPT}.html`,
        purpose: SCRIPT,
      })
    ).json<{ id: string }>();
    const video = (
      await call('POST', '/v1/videos', {
        ...ASK,
        prompt: SCRIPT,
        negative_prompt: SCRIPT,
        tags: { [`k${SCRIPT}`.slice(0, 60)]: SCRIPT },
        [SCRIPT]: 1,
      })
    ).json<{ id: string }>();
    await own.worker.succeed(video.id, undefined, { mode: SCRIPT });
    const key = await call('POST', '/v1/admin/keys', { owner: 'team', name: SCRIPT });
    const hook = await call('POST', '/v1/webhook_endpoints', { url: 'https://example.com/', description: SCRIPT });
    expect([key.statusCode, hook.statusCode]).toEqual([200, 200]);
    const shown = [
      `/v1/videos/${video.id}`,
      '/v1/videos',
      '/v1/files',
      `/v1/files/${file.id}`,
      '/v1/admin/keys',
      '/v1/admin/audit',
      '/v1/webhook_endpoints',
      `/openai/v1/videos/${video.id}`,
      `/api/v1/tasks/${video.id}`,
      '/api/v1/tasks',
      `/openrouter/api/v1/videos/${video.id}`,
      `/v1/videos/${video.id}/events`,
      `/v1/videos?tag=${encodeURIComponent(`a:${SCRIPT}`)}`,
      `/v1/videos?order=${encodeURIComponent(SCRIPT)}`,
      `/v1/videos?${encodeURIComponent(SCRIPT)}=1`,
      `/${encodeURIComponent(SCRIPT)}`,
      `/v1/models/${encodeURIComponent(SCRIPT)}`,
    ];
    for (const url of shown) {
      const answer = await call('GET', url);
      cell('scripts shown');
      expect(answer.headers['content-type'], url).toMatch(/^(application\/json|text\/event-stream)/);
      expect(answer.headers['x-content-type-options'], url).toBe('nosniff');
      expect(answer.headers['content-security-policy'], url).toContain("default-src 'none'");
      expect(answer.headers['content-disposition'], url).toBeUndefined();
    }
    for (const url of ['/', '/docs', '/openapi.json', '/healthz', '/readyz']) {
      const page = await call('GET', url);
      cell('pages looked at');
      expect(page.body, url).not.toContain('alert(1)');
      const csp = String(page.headers['content-security-policy']);
      expect(csp, url).toContain("default-src 'none'");
      expect(csp, url).not.toMatch(/script-src[^;]*(unsafe|\*|data:)/);
    }
  });

  it('in the readiness of a part do not become markup', async () => {
    await using own = await testApp();
    own.readiness.found = [{ name: SCRIPT, ready: false, problem: SCRIPT }];
    const page = await own.app.inject({ url: '/' });
    cell('pages looked at');
    expect(page.body).toContain('&#60;');
    expect(page.body).not.toContain('<img src=x');
    expect(page.body).not.toContain('<script>alert');
  });

  it('as a file are served as the picture they are, in a sandbox, under a name of ours', async () => {
    await using own = await testApp();
    // A picture by its header, and a page to whoever sniffs.
    const polyglot = Buffer.concat([png(300, 300), Buffer.from(`<html>${SCRIPT}`)]);
    const made = await own.app.inject({
      method: 'POST',
      url: '/v1/files',
      headers: bearer(own.alice),
      payload: { file: `data:text/html;base64,${polyglot.toString('base64')}`, filename: `${SCRIPT}.html` },
    });
    cell('polyglots');
    if (made.statusCode !== 200) return expect(made.statusCode).toBe(400);
    const { id } = made.json<{ id: string }>();
    const content = await own.app.inject({ url: `/v1/files/${id}/content`, headers: bearer(own.alice) });
    expect(content.headers).toMatchObject({
      'content-type': 'image/png',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^sandbox; default-src 'none'/),
      'content-disposition': `inline; filename="${id}.png"`,
    });
  });

  it('of pages that are no pictures are not stored', async () => {
    for (const text of [
      '<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
      '<html><script>alert(1)</script>',
      '%PDF-1.7',
      'GIF89a<script>',
      '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><svg>&b;</svg>',
      'MZ',
      '\u007fELF',
      'PK\u0003\u0004',
    ]) {
      const file = `data:image/png;base64,${Buffer.from(text.padEnd(200)).toString('base64')}`;
      const answer = await test.app.inject({
        method: 'POST',
        url: '/v1/files',
        headers: bearer(test.alice),
        payload: { file },
      });
      cell('pages as pictures');
      expect([answer.statusCode, answer.json<{ error: { code: string } }>().error.code]).toEqual([
        400,
        'invalid_image',
      ]);
    }
  });
});

describe('after all of this', () => {
  it('the server works as before', async () => {
    const id = await oneVideo(test);
    await test.worker.succeed(id);
    expect((await test.app.inject({ url: `/v1/videos/${id}`, headers: bearer(test.alice) })).json()).toMatchObject({
      status: 'succeeded',
    });
    expect(await oneFile(test)).toMatch(/^file_/);
    expect(await oneEndpoint(test)).toMatch(/^whe_/);
    expect(test.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
