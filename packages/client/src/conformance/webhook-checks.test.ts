import { describe, expect, it } from 'vitest';
import { type ConformanceOptions, checkConformance } from './index.ts';

const SECRET = `whsec_${'a'.repeat(43)}=`;

/** What the webhook checks say of a server that answers like this; all else is 404. */
async function checked(answers: Readonly<Record<string, object>>, more: Partial<ConformanceOptions> = {}, made = 200) {
  const results = await checkConformance({
    url: 'http://server.test',
    patienceMs: 1,
    ...more,
    async fetch(input, init) {
      const found = answers[`${init?.method ?? 'GET'} ${new URL(String(input)).pathname}`];
      const body = found ?? { error: { message: 'not found' } };
      return Response.json(body, { status: found === undefined ? 404 : init?.method === 'POST' ? made : 200 });
    },
  });
  return results.filter(({ group }) => group === 'webhooks');
}

describe('the webhook checks', () => {
  it('are not offered, and no failure, where a server has no webhooks', async () => {
    const results = await checked({});
    expect(results).toHaveLength(5);
    expect(results.map(({ passed }) => passed)).toEqual(results.map(() => null));
    expect(results[0]?.reason).toBe('it has no /v1/webhook_endpoints');
  });

  it('tell a secret that is shown again, and an endpoint that stays', async () => {
    const endpoint = { id: 'whe_1', secret: SECRET };
    const results = await checked({
      'POST /v1/webhook_endpoints': endpoint,
      'GET /v1/webhook_endpoints/whe_1': endpoint,
      'DELETE /v1/webhook_endpoints/whe_1': {},
    });
    expect(results[0]).toMatchObject({ passed: false, reason: '/v1/webhook_endpoints/whe_1 shows the secret again' });
    expect(results[1]).toMatchObject({ passed: null, reason: expect.stringContaining('--hook') });
    expect(results[4]).toMatchObject({ passed: false, reason: expect.stringContaining('a deleted endpoint: 200') });
  });

  it('make one endpoint where create answers 201, and hear at it', async () => {
    const hook = { url: 'http://127.0.0.1:1/', heard: [] };
    const answers = {
      'POST /v1/webhook_endpoints': { id: 'whe_1', secret: SECRET },
      'POST /v1/webhook_endpoints/whe_1/test': { delivered: false },
    };
    const results = await checked(answers, { hook }, 201);
    // The test is asked for, so the address is the one that is heard at.
    expect(results[1]).toMatchObject({ passed: false, reason: expect.stringContaining('test: 201 instead of 200') });
  });
});
