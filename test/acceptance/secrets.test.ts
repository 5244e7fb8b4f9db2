import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { MODEL } from '../support/api.ts';
import { KEY, makeScratch, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

interface Made {
  readonly id: string;
  readonly secret: string;
}

it('writes no secret, prompt or signed address into its log, whatever happens', async () => {
  let told = 0;
  const receiver = createServer((request, response) => {
    told += 1;
    request.resume();
    // Refused, so that the failure is logged as well.
    response.writeHead(told === 1 ? 500 : 200).end();
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const hook = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
  await using scratch = makeScratch();
  await using server = await startServer(scratch, { env: { LOG_LEVEL: 'debug', LOG_FORMAT: 'json' } });
  const { api } = server;
  const json = { 'content-type': 'application/json' };
  const post = (path: string, body: object, key?: string) =>
    api.call(path, {
      method: 'POST',
      headers: json,
      body: JSON.stringify(body),
      ...(key === undefined ? {} : { key }),
    });
  const secrets: Record<string, string> = { 'environment key': KEY };
  try {
    const key = (await post('/v1/admin/keys', { owner: 'default', name: 'a-name' })).json<Made>();
    const endpoint = (await post('/v1/webhook_endpoints', { url: hook })).json<Made>();
    const rotated = (await post(`/v1/webhook_endpoints/${endpoint.id}/rotate_secret`, {})).json<Made>();
    secrets['made key'] = key.secret;
    secrets['webhook secret'] = endpoint.secret.slice('whsec_'.length);
    secrets['rotated secret'] = rotated.secret.slice('whsec_'.length);
    secrets['callback token'] = 'token-in-the-callback-address';
    secrets['frame token'] = 'token-in-the-frame-address';
    secrets['prompt'] = 'a-prompt-nobody-else-may-read';
    secrets['tag'] = 'a-tag-nobody-else-may-read';
    secrets['wrong key'] = 'inb_a_key_that_is_not_one_of_ours_at_all';

    const asked = {
      model: MODEL,
      images: ['sample_first', 'sample_last'],
      size: '480P',
      prompt: secrets['prompt'],
      tags: { note: secrets['tag'] },
      callback_url: `${hook}?t=${secrets['callback token']}`,
    };
    const video = (await post('/v1/videos', asked, key.secret)).json<{ readonly id: string }>();
    const unreachable = `http://127.0.0.1:9/first.png?t=${secrets['frame token']}`;
    const failing = await api.create({ ...asked, images: [unreachable, 'sample_last'] });
    await post('/v1/videos', { ...asked, prompt: 7 });
    await post('/v1/videos', asked, secrets['wrong key']);
    await api.call('/v1/videos', { key: `Bearer ${secrets['wrong key']}` });
    await api.call(`/v1/videos?api_key=${secrets['made key']}`, { key: null });

    const eventsUrl = String((await api.find(video.id)).metadata['events_url']);
    secrets['signature'] = new URL(eventsUrl).searchParams.get('sig') ?? '';
    const events = await fetch(eventsUrl);
    expect(events.status).toBe(200);
    await events.body?.cancel();
    expect((await fetch(`${eventsUrl.slice(0, -4)}AAAA`)).status).toBe(403);
    expect((await api.cancel(video.id)).status).toBe(200);
    await api.wait(failing.id, ({ status }) => status === 'failed');
    await until('a webhook that was refused', async () => told > 1);
  } finally {
    await server.stop();
    receiver.closeAllConnections();
    receiver.close();
  }
  const log = server.out() + server.err();
  // The log was really written, at the level that tells most.
  expect(log).toContain('a video could not be admitted');
  expect(log).toContain('"message":"answered"');
  for (const [name, secret] of Object.entries(secrets)) {
    expect(secret.length, name).toBeGreaterThan(12);
    expect(log.includes(secret), `${name} is in the log`).toBe(false);
  }
});
