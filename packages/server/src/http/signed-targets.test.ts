import { afterAll, describe, expect, it } from 'vitest';
import type { OwnerId } from '../domain/id.ts';
import { bearer, png, START, type TestApp, testApp } from './app.fixture.ts';
import { codeOf, createCells, nameOf, oneVideo } from './matrix.fixture.ts';
import { traitsOf } from './route.ts';
import { allRoutes } from './routes.ts';

/** What a signature opens without a key: files of one video, and one place for uploads. */

async function signedRoutes() {
  await using test = await testApp();
  return traitsOf(allRoutes(test.parts)).filter(({ access }) => access === 'signed');
}

const all = await signedRoutes();
const { cell, told } = createCells();
afterAll(() => console.log(`signed targets: ${all.length} routes, ${told()}`));

it('knows every route that a signature opens', () => {
  expect(all.map(nameOf)).toEqual([
    'GET /v1/videos/:id/events',
    'GET /v1/videos/:id/content',
    'POST /api/v1/uploads/:owner/:folder',
  ]);
});

describe('signed addresses', () => {
  const signed = all.filter(({ path }) => path.includes(':id'));

  it.each(signed.map((trait) => [nameOf(trait), trait] as const))(
    '%s: a signature opens one thing',
    async (_name, trait) => {
      await using test = await testApp();
      const [one, other] = [await oneVideo(test), await oneVideo(test)];
      for (const id of [one, other]) await test.worker.succeed(id);
      const { url } = (await test.app.inject({ url: `/v1/videos/${one}`, headers: bearer(test.alice) })).json<{
        url: string;
      }>();
      const query = new URL(url).search;
      const at = (id: string, text: string, headers = {}) =>
        test.app.inject({ url: `${trait.path.replace(':id', id)}${text}`, headers });
      const forged = [
        () => at(other, query),
        () => at(one, query.replace(/sig=.{4}/, 'sig=AAAA')),
        () => at(one, query.replace(/exp=\d+/, 'exp=9999999999')),
        () => at(one, query.replace(/kid=\w+/, 'kid=other')),
        () => at(one, `${query}&sig=x`),
        () => at(one, '?sig='),
      ];
      for (const ask of forged) {
        const answer = await ask();
        expect([answer.statusCode, codeOf(trait, answer)]).toEqual([403, 'invalid_signature']);
        cell('forged signature');
      }
      // A header decides alone.
      expect((await at(one, query, bearer(`inb_${'0'.repeat(38)}`))).statusCode).toBe(401);
      expect((await at(one, query, bearer(test.bob))).statusCode).toBe(404);
      test.advance(26 * 3_600_000);
      expect((await at(one, query)).statusCode).toBe(403);
      cell('expired signature');
    },
  );
});

describe('upload targets, a class of their own', () => {
  const SIZE_LIMIT = 10_000_000;
  const policyOf = async (test: TestApp, key = test.alice) => {
    const url = '/api/v1/uploads?action=getPolicy&model=m';
    const answer = await test.app.inject({ url, headers: bearer(key) });
    return answer.json<{ data: Readonly<Record<string, string & number>> }>().data;
  };
  const post = async (test: TestApp, url: string, key: string, bytes = png(300, 300)) => {
    const form = new FormData();
    form.append('key', key);
    form.append('file', new File([bytes.slice()], 'a.png'));
    const request = new Request('http://x', { method: 'POST', body: form });
    const headers = { 'content-type': request.headers.get('content-type') ?? '' };
    const payload = Buffer.from(await request.arrayBuffer());
    return test.app.inject({ method: 'POST', url, headers, payload });
  };
  const filesOf = async (test: TestApp, owner: string) =>
    (await test.store.files.list(owner as OwnerId, { limit: 100, order: 'desc' })).items.length;

  it('are bound to owner, prefix, size and one hour', async () => {
    await using test = await testApp();
    const { upload_dir: dir = '', upload_host: host = '', policy = '', expire_in_seconds: life } = await policyOf(test);
    expect(life).toBe(3_600);
    expect(JSON.parse(Buffer.from(policy, 'base64').toString())).toEqual({
      expiration: new Date(START + 3_600_000).toISOString(),
      conditions: [
        ['starts-with', '$key', `${dir}/`],
        ['content-length-range', 1, SIZE_LIMIT],
      ],
    });
    const { upload_dir: bobs = '', upload_host: bobsHost = '' } = await policyOf(test, test.bob);
    const refused: readonly (readonly [string, number, () => ReturnType<typeof post>])[] = [
      ['owner', 403, () => post(test, host.replace('/alice/', '/bob/'), bobs.replace(/$/, '/a.png'))],
      ['owner', 400, () => post(test, host, `${bobs}/a.png`)],
      ['owner', 400, () => post(test, bobsHost, `${dir}/a.png`)],
      ['prefix', 403, () => post(test, host.replace(/[0-9a-f]{32}\?/, `${'0'.repeat(32)}?`), `${dir}/a.png`)],
      ['prefix', 400, () => post(test, host, 'inbetween/alice/a.png')],
      ['prefix', 400, () => post(test, host, `${dir.slice(0, -1)}/a.png`)],
      ['prefix', 400, () => post(test, host, `/${dir}/a.png`)],
      ['prefix', 400, () => post(test, host, `${dir}`)],
      ['prefix', 400, () => post(test, host, `${dir}/${'a'.repeat(1000)}`)],
      ['signature', 401, () => post(test, host.replace(/\?.*/, ''), `${dir}/a.png`)],
      ['signature', 403, () => post(test, host.replace(/sig=.{8}/, 'sig=________'), `${dir}/a.png`)],
      ['signature', 403, () => post(test, host.replace(/exp=\d+/, 'exp=9999999999'), `${dir}/a.png`)],
      ['size', 400, () => post(test, host, `${dir}/a.png`, Buffer.concat([png(300, 300), Buffer.alloc(SIZE_LIMIT)]))],
      ['size', 400, () => post(test, host, `${dir}/a.png`, Buffer.alloc(0))],
    ];
    for (const [what, status, attempt] of refused) {
      expect((await attempt()).statusCode, what).toBe(status);
      cell(`upload: ${what}`);
    }
    expect([await filesOf(test, 'alice'), await filesOf(test, 'bob')]).toEqual([0, 0]);
    test.advance(3_599_000);
    expect((await post(test, host, `${dir}/a.png`)).statusCode).toBe(200);
    test.advance(1_000);
    expect((await post(test, host, `${dir}/b.png`)).statusCode).toBe(403);
    cell('upload: an hour');
    expect([await filesOf(test, 'alice'), await filesOf(test, 'bob')]).toEqual([1, 0]);
  });

  it('hold no path: a key that climbs is only a name', async () => {
    await using test = await testApp();
    const { upload_dir: dir = '', upload_host: host = '' } = await policyOf(test);
    for (const name of ['../../../etc/passwd', '..', 'a\u0000b', '%2e%2e/x', 'a b', '😺', '<script>']) {
      const answer = await post(test, host, `${dir}/${name}`);
      expect([200, 400], name).toContain(answer.statusCode);
      cell('upload: path');
    }
    const { items } = await test.store.files.list('alice' as OwnerId, { limit: 100, order: 'desc' });
    for (const { artifact } of items) expect(artifact.key).toMatch(/^files\/file_[0-9a-z]{26}\/[0-9a-f]{16}$/);
  });
});
