import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Answer, createApi, MODEL, type ShownVideo } from '../support/api.ts';
import {
  leftoversIn,
  makeScratch,
  runInbetween,
  type Scratch,
  type ServerProcess,
  startServer,
} from '../support/server-process.ts';
import { until } from '../support/until.ts';

/** One ask sent often is one video, whoever is killed in between. */

let scratch: Scratch;
let server: ServerProcess;
let made: ShownVideo;

const KEY_OF_ASK = { 'idempotency-key': 'order 17 / attempt ~' };
const ASK = {
  model: MODEL,
  images: ['sample_first', 'sample_last'],
  size: '480P',
  prompt: '猫',
  tags: { order: '17' },
};

beforeAll(async () => {
  scratch = makeScratch();
  server = await startServer(scratch);
});

afterAll(async () => {
  expect(await server?.stop()).toEqual({ code: 0, signal: null });
  await until('no process left', () => leftoversIn(scratch).length === 0);
  await scratch[Symbol.asyncDispose]();
});

const replayed = (answer: Answer) => answer.headers.get('idempotency-replayed');
const ids = async () => (await server.api.list()).map(({ id }) => id);

it('fifty at once make one video', async () => {
  const answers = await Promise.all(Array.from({ length: 50 }, () => server.api.post(ASK, KEY_OF_ASK)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
  const videos = answers.map((answer) => answer.json<ShownVideo>());
  expect(new Set(videos.map(({ id }) => id)).size).toBe(1);
  expect(new Set(videos.map(({ seed }) => seed)).size).toBe(1);
  expect(answers.filter((answer) => replayed(answer) === null)).toHaveLength(1);
  expect(answers.filter((answer) => replayed(answer) === 'true')).toHaveLength(49);
  made = videos[0] as ShownVideo;
  expect(await ids()).toEqual([made.id]);
});

it('the same ask in other words is the same ask', async () => {
  const body = {
    ...ASK,
    size: '480p',
    seconds: 5,
    prompt_extend: true,
    watermark: false,
    negative_prompt: '',
    seed: null,
  };
  const again = await server.api.post(body, KEY_OF_ASK);
  expect([again.status, replayed(again), again.json<ShownVideo>().id]).toEqual([200, 'true', made.id]);

  const form = new FormData();
  for (const [name, value] of Object.entries({ model: MODEL, size: '480P', prompt: '猫', 'tags[order]': '17' }))
    form.append(name, value);
  for (const image of ASK.images) form.append('images[]', image);
  const asForm = await server.api.call('/v1/videos', { method: 'POST', headers: KEY_OF_ASK, body: form });
  expect([asForm.status, replayed(asForm), asForm.json<ShownVideo>().id]).toEqual([200, 'true', made.id]);
});

it('another ask under the same key is refused, and changes nothing', async () => {
  const others = [
    { ...ASK, prompt: '狗' },
    { ...ASK, seed: 1 },
    { ...ASK, size: '720P' },
    { ...ASK, images: ['sample_last', 'sample_first'] },
    { ...ASK, tags: {} },
  ];
  for (const other of others) {
    const answer = await server.api.post(other, KEY_OF_ASK);
    expect([answer.status, answer.json()], JSON.stringify(other)).toMatchObject([
      422,
      { error: { code: 'idempotency_mismatch', param: 'Idempotency-Key', type: 'idempotency_error' } },
    ]);
  }
  expect(await ids()).toEqual([made.id]);
});

it('an ask that was refused does not use its key up', async () => {
  const key = { 'idempotency-key': 'refused first' };
  expect((await server.api.post({ ...ASK, seconds: '6' }, key)).status).toBe(400);
  const accepted = await server.api.post(ASK, key);
  expect([accepted.status, replayed(accepted)]).toEqual([200, null]);
  await server.api.cancel(accepted.json<ShownVideo>().id);
});

it('another owner may use the same key', async () => {
  const { out } = await runInbetween(['keys', 'create', '--owner', 'bob', '--json', '--data-dir', scratch.data]);
  const bob = createApi(server.url, (JSON.parse(out) as { secret: string }).secret);
  const theirs = await bob.post(ASK, KEY_OF_ASK);
  expect([theirs.status, replayed(theirs)]).toEqual([200, null]);
  expect(theirs.json<ShownVideo>().id).not.toBe(made.id);
  expect((await bob.list()).map(({ id }) => id)).toEqual([theirs.json<ShownVideo>().id]);
  await bob.cancel(theirs.json<ShownVideo>().id);
});

it('the key is remembered by a server that was killed, and tells how the video is now', async () => {
  const before = await ids();
  await server.kill();
  server = await startServer(scratch);
  expect((await server.api.cancel(made.id)).status).toBe(200);
  const again = await server.api.post(ASK, KEY_OF_ASK);
  expect([again.status, replayed(again), again.json()]).toMatchObject([
    200,
    'true',
    { id: made.id, seed: made.seed, status: 'cancelled' },
  ]);
  expect((await server.api.post({ ...ASK, prompt: '' }, KEY_OF_ASK)).status).toBe(422);
  expect(await ids()).toEqual(before);
});

it('an ask whose answer was never heard is found again', async () => {
  const key = { 'idempotency-key': 'the server dies while it answers' };
  const lost = server.api.post(ASK, key).then(
    (answer) => answer.json<ShownVideo>().id,
    () => undefined,
  );
  await server.kill();
  const heard = await lost;
  server = await startServer(scratch);
  const [first, second] = [await server.api.post(ASK, key), await server.api.post(ASK, key)];
  expect([first.status, second.status, replayed(second)]).toEqual([200, 200, 'true']);
  const { id } = first.json<ShownVideo>();
  expect(second.json<ShownVideo>().id).toBe(id);
  // What was heard before the end is durable; what was not may or may not have been made, but never twice.
  if (heard !== undefined) expect([heard, replayed(first)]).toEqual([id, 'true']);
  await server.api.cancel(id);
});
