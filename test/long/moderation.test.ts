import { afterEach, expect, it } from 'vitest';
import { MODEL } from '../support/api.ts';
import { type FakeModeration, startFakeModeration } from '../support/fakes/moderation/server.ts';
import { makeScratch, type Scratch, type ServerProcess, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** The whole server behind an operator's content check, over real HTTP. */

const SECRET = 'a-secret-of-the-operator';
const ASK = { model: MODEL, images: ['sample_first', 'sample_first'], size: '480P', prompt_extend: false };
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

async function opened(): Promise<{
  check: FakeModeration;
  scratch: Scratch;
  serve: (env?: object) => Promise<ServerProcess>;
}> {
  const check = await startFakeModeration();
  closers.push(() => check.http.kill());
  const scratch = makeScratch();
  closers.push(() => scratch[Symbol.asyncDispose]());
  const serve = async (env: object = {}) => {
    const server = await startServer(scratch, {
      env: { INBETWEEN_MODERATION_URL: check.url, INBETWEEN_MODERATION_SECRET: SECRET, ...env },
    });
    // What it renders meanwhile is of no interest.
    closers.push(() => server.kill());
    return server;
  };
  return { check, scratch, serve };
}

it('lets through what it allows, refuses what it does not, and asks a video again only after a kill', async () => {
  const { check, serve } = await opened();
  const first = await serve();
  const refused = await first.api.create({ ...ASK, prompt: 'something forbidden' });
  const failed = await first.api.wait(refused.id, ({ status }) => status === 'failed');
  expect(failed.error).toEqual({
    code: 'content_rejected',
    message: 'The prompt or a frame was rejected by the content check of this server.',
  });
  expect((await first.api.call(`/v1/videos/${refused.id}/content?variant=first_frame`)).status).toBe(409);

  // Killed between the question and the answer: nothing is lost, and the same id is asked again.
  check.http.faults.add('POST', { kind: 'silence' }, 1);
  const { id } = await first.api.create({ ...ASK, prompt: 'a kitten' });
  await until('the second question', () => check.http.calls.length === 2);
  await first.kill();
  const second = await serve();
  await second.api.prepared(id);
  expect(check.asks.map((ask) => ask.id)).toEqual([refused.id, id]);
  expect(new Set(check.authorizations)).toEqual(new Set([`Bearer ${SECRET}`]));
  for (const server of [first, second]) expect(server.err() + server.out()).not.toContain(SECRET);
});

it('open: admits while nobody answers there, and says so in the log', async () => {
  const { check, serve } = await opened();
  await check.http.kill();
  const server = await serve({ INBETWEEN_MODERATION_FAIL: 'open' });
  const { id } = await server.api.create(ASK);
  await server.api.wait(id, ({ status }) => status !== 'pending');
  expect(server.err() + server.out()).toMatch(
    new RegExp(`${id}.*admitted without a verdict|admitted without a verdict.*${id}`),
  );
});
