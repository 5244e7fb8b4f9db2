import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ATTACKS, expectWorks, filled, type HostileStage, openHostileStage } from './hostile.fixture.ts';
import { oneVideo, parametersOf } from './matrix.fixture.ts';

/** Ids, variants, filters, cursors, paths and headers of any value. */

let stage: HostileStage;
beforeAll(async () => {
  stage = await openHostileStage();
});
afterAll(async () => {
  console.log(`bad inputs tried and survived (HTTP): ${stage.told()}`);
  await stage.close();
});

describe('addresses', () => {
  it('with anything where an id belongs lead nowhere', async () => {
    const routes = stage.all.filter((trait) => parametersOf(trait) !== '');
    const value = fc.oneof(fc.constantFrom(...ATTACKS), fc.string({ unit: 'binary', minLength: 1 }));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...routes), value, async (trait, text) => {
        const url = filled(trait, encodeURIComponent(text.toWellFormed()));
        const answer = await stage.send(trait, url, {}, 'ids', text);
        if (answer.statusCode === 200) expect(answer.body).toContain('UNKNOWN');
      }),
      { numRuns: 300 },
    );
  });

  it('with anything as a variant, a filter or a cursor are answered or refused, and select nothing else', async () => {
    const id = await oneVideo(stage.test);
    await stage.test.worker.succeed(id);
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
          const plain = await stage.send(trait, `${path}?${name}=${value}`, {}, 'filters', `${name}=${attack}`);
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
          await stage.send(trait, `${path}?${odd}`, {}, 'filters', odd);
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
      const answer = await stage.send(trait, url, {}, 'paths', url);
      expect(answer.statusCode, url).toBeGreaterThanOrEqual(400);
    }
  });
});

describe('headers', () => {
  it('of any value are answered', async () => {
    const id = await oneVideo(stage.test);
    await stage.test.worker.succeed(id);
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
          await stage.send(trait, path, { headers }, 'headers', JSON.stringify(headers));
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('after all of this', () => {
  it('the server works as before', () => expectWorks(stage));
});
