import { describe, expect, it } from 'vitest';
import { testApp } from './app.fixture.ts';
import { nameOf } from './matrix.fixture.ts';
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
  'GET /v1/usage videos:read',
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
  'POST /v1/admin/owners admin',
  'GET /v1/admin/owners admin',
  'GET /v1/admin/owners/:owner admin',
  'POST /v1/admin/owners/:owner admin',
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

describe('the table of routes', () => {
  it('is what was agreed', () => {
    expect(all.map((trait) => `${nameOf(trait)} ${trait.access}`)).toEqual(EXPECTED);
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
