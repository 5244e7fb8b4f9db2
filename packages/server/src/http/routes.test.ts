import { describe, expect, it } from 'vitest';
import { SCOPES } from '../domain/api-key.ts';
import type { OwnerId } from '../domain/id.ts';
import { ASK, bearer, png, type TestApp, testApp } from './app.fixture.ts';
import { errorObject } from './error-object.ts';
import { type RouteTrait, traitsOf } from './route.ts';
import { allRoutes } from './routes.ts';

/** Every route there is and who may use it. A new route fails here until it has been thought about. */
const EXPECTED = [
  'POST /v1/videos videos:create',
  'GET /v1/videos videos:read',
  'GET /v1/videos/:id videos:read',
  'GET /v1/videos/:id/events signed',
  'GET /v1/videos/:id/content signed',
  'POST /v1/videos/:id/cancel videos:create',
  'DELETE /v1/videos/:id videos:delete',
  'GET /v1/models videos:read',
  'GET /v1/models/:name videos:read',
  'POST /v1/files videos:create',
  'GET /v1/files videos:read',
  'GET /v1/files/:file videos:read',
  'GET /v1/files/:file/content videos:read',
  'DELETE /v1/files/:file videos:delete',
  'POST /v1/webhook_endpoints videos:create',
  'GET /v1/webhook_endpoints videos:read',
  'GET /v1/webhook_endpoints/:endpoint videos:read',
  'POST /v1/webhook_endpoints/:endpoint videos:create',
  'DELETE /v1/webhook_endpoints/:endpoint videos:create',
  'POST /v1/webhook_endpoints/:endpoint/rotate_secret videos:create',
  'POST /v1/webhook_endpoints/:endpoint/test videos:create',
  'GET /v1/webhook_endpoints/:endpoint/deliveries videos:read',
  'POST /v1/webhook_deliveries/:delivery/replay videos:create',
  'POST /openai/v1/videos videos:create',
  'GET /openai/v1/videos videos:read',
  'GET /openai/v1/videos/:id videos:read',
  'DELETE /openai/v1/videos/:id videos:delete',
  'GET /openai/v1/videos/:id/content videos:read',
  'POST /openai/v1/videos/:id/remix videos:create',
  'GET /openai/v1/models videos:read',
  'POST /openai/v1/files videos:create',
  'GET /openai/v1/files videos:read',
  'GET /openai/v1/files/:file videos:read',
  'GET /openai/v1/files/:file/content videos:read',
  'DELETE /openai/v1/files/:file videos:delete',
  'POST /api/v1/services/aigc/image2video/video-synthesis videos:create',
  'POST /api/v1/services/aigc/video-generation/video-synthesis videos:create',
  'GET /api/v1/tasks videos:read',
  'GET /api/v1/tasks/:id videos:read',
  'POST /api/v1/tasks/:id/cancel videos:create',
  'GET /api/v1/uploads videos:create',
  'POST /api/v1/uploads/:owner/:folder signed',
  'POST /openrouter/api/v1/videos videos:create',
  'GET /openrouter/api/v1/videos/:id videos:read',
  'GET /openrouter/api/v1/videos/:id/content videos:read',
  'POST /v1/admin/keys admin',
  'GET /v1/admin/keys admin',
  'DELETE /v1/admin/keys/:key admin',
  'GET /v1/admin/audit admin',
  'GET /healthz open',
  'GET /readyz open',
  'GET /metrics admin',
  'GET / open',
  'GET /docs open',
  'GET /openapi.json open',
];

async function traits(): Promise<readonly RouteTrait[]> {
  await using test = await testApp();
  return traitsOf(allRoutes(test.parts));
}

const all = await traits();
const guarded = all.filter((trait) => trait.access !== 'open');
const ofOneFile = all.filter((trait) => trait.path.includes(':file'));
const ofOneVideo = all.filter((trait) => trait.path.includes(':id'));
const name = (trait: RouteTrait) => `${trait.method} ${trait.path}`;
const scopeOf = ({ access }: RouteTrait) => (access === 'signed' ? 'videos:read' : access);

function ask(test: TestApp, trait: RouteTrait, id: string, headers: Record<string, string>) {
  const url = trait.path.replace(':id', id).replace(':file', id).replace(':name', 'wan2.2-kf2v-flash');
  return test.app.inject({ method: trait.method, url, headers, ...(trait.body === 'posted' ? { payload: ASK } : {}) });
}

/** DashScope tells by the status UNKNOWN, and of a cancel that it was not PENDING. */
const NOT_THERE: Readonly<Record<string, number>> = {
  'GET /api/v1/tasks/:id': 200,
  'POST /api/v1/tasks/:id/cancel': 400,
};

/** Without it DashScope's create is refused, as there. */
const ASYNC = { 'x-dashscope-async': 'enable' };

/** The code of an error in the envelope of its dialect. */
function codeOf({ dialect }: RouteTrait, answer: { json(): unknown }): string {
  if (dialect === 'openrouter') {
    const { error } = answer.json() as { error: { code: unknown; message: unknown; metadata: { code: string } } };
    expect([typeof error.code, typeof error.message]).toEqual(['number', 'string']);
    return error.metadata.code;
  }
  if (dialect !== 'dashscope') return errorObject.parse(answer.json()).error.code;
  const { code, message, request_id: id } = answer.json() as Readonly<Record<string, string>>;
  expect([typeof message, id]).toEqual(['string', expect.stringMatching(/^req_/)]);
  return code ?? '';
}

async function oneVideo(test: TestApp): Promise<string> {
  const created = await test.app.inject({
    method: 'POST',
    url: '/v1/videos',
    headers: bearer(test.alice),
    payload: ASK,
  });
  return created.json<{ id: string }>().id;
}

describe('the table of routes', () => {
  it('is what was agreed', () => {
    expect(all.map((trait) => `${name(trait)} ${trait.access}`)).toEqual(EXPECTED);
  });

  it('holds everything that Fastify answers', async () => {
    await using test = await testApp();
    await test.app.ready();
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      for (const url of new Set(all.map((trait) => trait.path))) {
        const known = all.some((trait) => trait.path === url && trait.method === (method === 'HEAD' ? 'GET' : method));
        const answer = await test.app.inject({ method, url });
        expect(answer.statusCode === 405, `${method} ${url}`).toBe(!known);
      }
    }
    const printed = test.app.printRoutes({ commonPrefix: false });
    const registered = [...printed.matchAll(/(\/\S*|[\w:.]+\S*) \(([^)]+)\)/g)].length;
    expect(registered).toBe(new Set(all.map((trait) => trait.path)).size);
  });
});

describe.each(guarded.map((trait) => [name(trait), trait] as const))('%s', (_name, trait) => {
  it('wants a key, and only as a Bearer', async () => {
    await using test = await testApp();
    const id = await oneVideo(test);
    const wrong = [
      {},
      { 'x-api-key': test.alice },
      { 'api-key': test.alice },
      { cookie: `key=${test.alice}` },
      { authorization: test.alice },
      { authorization: `Basic ${test.alice}` },
      { authorization: 'Bearer' },
      { authorization: 'Bearer ' },
      { authorization: `Bearer ${test.alice.slice(0, -1)}` },
      { authorization: `Bearer ${test.alice} ${test.alice}` },
      { authorization: "Bearer ' OR 1=1 --" },
      { authorization: `Bearer ${'x'.repeat(8000)}` },
    ];
    for (const headers of wrong) {
      const answer = await ask(test, trait, id, headers);
      expect(answer.statusCode, JSON.stringify(headers)).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(codeOf(trait, answer)).toMatch(/^((missing|invalid)_api_key|InvalidApiKey)$/);
      expect(answer.body).not.toContain(test.alice);
    }
    const query = await test.app.inject({
      method: trait.method,
      url: `${trait.path}?api_key=${test.alice}&key=${test.alice}`,
    });
    expect(query.statusCode).toBe(401);
    expect((await ask(test, trait, id, { authorization: `bEaReR ${test.alice}` })).statusCode).not.toBe(401);
  });

  it('wants its scope', async () => {
    await using test = await testApp();
    const id = await oneVideo(test);
    const others = SCOPES.filter((scope) => scope !== scopeOf(trait));
    const answer = await ask(test, trait, id, bearer(await test.keyOf('alice', others)));
    expect(answer.statusCode).toBe(403);
    expect(codeOf(trait, answer)).toMatch(/^(insufficient_scope|AccessDenied)$/);
    const only = SCOPES.filter((scope) => scope === scopeOf(trait));
    const allowed = await ask(test, trait, id, { ...bearer(await test.keyOf('alice', only)), ...ASYNC });
    expect(allowed.statusCode).not.toBe(403);
  });

  it('does not open for a revoked key', async () => {
    await using test = await testApp();
    const id = await oneVideo(test);
    const [key] = await test.store.keys.list('alice' as OwnerId);
    if (key !== undefined) await test.store.keys.revoke(key.id, test.parts.clock.now());
    test.advance(10_000);
    expect((await ask(test, trait, id, bearer(test.alice))).statusCode).toBe(401);
  });
});

describe.each(ofOneVideo.map((trait) => [name(trait), trait] as const))('%s', (_name, trait) => {
  it('gives one and the same 404 for what is not there, not yours, and deleted', async () => {
    await using test = await testApp();
    const answers: string[] = [];
    const unknown = 'video_00000000000000000000000000';
    const theirs = await oneVideo(test);
    await test.worker.succeed(theirs);
    const deleted = await oneVideo(test);
    await test.app.inject({ method: 'DELETE', url: `/v1/videos/${deleted}`, headers: bearer(test.alice) });
    const cases = [
      [unknown, test.bob],
      [theirs, test.bob],
      [deleted, test.alice],
      ['nonsense', test.alice],
      ['..%2f..%2fetc', test.alice],
      ["'%20OR%201=1", test.alice],
    ] as const;
    for (const [id, key] of cases) {
      const answer = await ask(test, trait, id, bearer(key));
      expect(answer.statusCode, id).toBe(NOT_THERE[name(trait)] ?? 404);
      answers.push(answer.body.replace(decodeURIComponent(id), 'ID').replace(/req_[\w-]+/, 'REQUEST'));
    }
    expect(new Set(answers).size).toBe(1);
    const still = await test.app.inject({ url: `/v1/videos/${theirs}`, headers: bearer(test.alice) });
    expect(still.json()).toMatchObject({ status: 'succeeded' });
  });
});

describe.each(ofOneFile.map((trait) => [name(trait), trait] as const))('%s', (_name, trait) => {
  it('gives one and the same 404 for what is not there, not yours, deleted and expired', async () => {
    await using test = await testApp();
    const upload = async (more = {}) => {
      const payload = { file: `data:image/png;base64,${Buffer.from(png(300, 300)).toString('base64')}`, ...more };
      const answer = await test.app.inject({ method: 'POST', url: '/v1/files', headers: bearer(test.alice), payload });
      return answer.json<{ id: string }>().id;
    };
    const theirs = await upload();
    const deleted = await upload();
    await test.app.inject({ method: 'DELETE', url: `/v1/files/${deleted}`, headers: bearer(test.alice) });
    const expired = await upload({ expires_after: { anchor: 'created_at', seconds: 60 } });
    test.advance(60_000);
    const cases = [
      ['file_00000000000000000000000000', test.bob],
      [theirs, test.bob],
      [deleted, test.alice],
      [expired, test.alice],
      ['nonsense', test.alice],
      ['..%2f..%2fetc', test.alice],
    ] as const;
    const answers: string[] = [];
    for (const [id, key] of cases) {
      const answer = await ask(test, trait, id, bearer(key));
      expect(answer.statusCode, id).toBe(404);
      answers.push(answer.body.replace(decodeURIComponent(id), 'ID'));
    }
    expect(new Set(answers).size).toBe(1);
    const still = await test.app.inject({ url: `/v1/files/${theirs}`, headers: bearer(test.alice) });
    expect(still.json()).toMatchObject({ id: theirs, object: 'file', width: 300 });
  });
});

describe('the list', () => {
  it('shows one owner only', async () => {
    await using test = await testApp();
    await oneVideo(test);
    const theirs = await test.app.inject({ url: '/v1/videos', headers: bearer(test.bob) });
    expect(theirs.json()).toEqual({ object: 'list', data: [], first_id: null, last_id: null, has_more: false });
  });
});
