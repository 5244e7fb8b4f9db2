import { randomUUID } from 'node:crypto';
import { inspectMp4 } from '@inbetween/renderer';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { toI420 } from '../packages/renderer/src/motion/render/i420.ts';
import { type SampleWish, sampleGraph } from './support/fakes/comfyui/sample-graph.ts';
import { type FakeComfyui, type FakeComfyuiOptions, startFakeComfyui } from './support/fakes/comfyui/server.ts';
import { decode } from './support/mp4-judge.ts';
import { paintPair, pixelsOf, psnr } from './support/paintings.ts';
import { until } from './support/until.ts';

/** Holds the fake to what was seen on real servers (ComfyUI 0.3.64 and 0.33.0). */

const OLD = '0.3.64';
const running: FakeComfyui[] = [];

afterEach(async () => {
  for (const fake of running.splice(0)) await fake.kill();
});

async function open(options: FakeComfyuiOptions = {}) {
  const fake = await startFakeComfyui(options);
  running.push(fake);
  const pair = await paintPair(160, 96);
  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${fake.url}${path}`, init);
    const text = Buffer.from(await response.arrayBuffer());
    const body = () => JSON.parse(text.toString('utf8')) as Record<string, never>;
    return { status: response.status, headers: response.headers, bytes: text, json: body };
  };
  const post = (path: string, body: unknown) => ask(path, { method: 'POST', body: JSON.stringify(body) });
  const upload = async (name: string, bytes: Uint8Array, fields: Record<string, string> = {}) => {
    const form = new FormData();
    form.set('image', new Blob([new Uint8Array(bytes)]), name);
    for (const [field, value] of Object.entries(fields)) form.set(field, value);
    return ask('/upload/image', { method: 'POST', body: form });
  };
  await upload('first.png', pair[0], { subfolder: 'test' });
  await upload('last.png', pair[1], { subfolder: 'test' });
  const graph = (wish: Partial<SampleWish> = {}) =>
    sampleGraph({ first: 'test/first.png', last: 'test/last.png', ...wish });
  const run = async (wish: Partial<SampleWish> = {}, id: string = randomUUID()) => {
    const answer = await post('/prompt', { prompt: graph(wish), prompt_id: id });
    expect(answer.status).toBe(200);
    return id;
  };
  const past = (id: string) =>
    until(
      `history of ${id}`,
      async () => (await ask(`/history/${id}`)).json()[id] as Record<string, never> | undefined,
      {
        everyMs: 5,
      },
    );
  return { fake, pair, ask, post, upload, graph, run, past };
}

async function lumaOf(picture: Uint8Array): Promise<Uint8Array> {
  const { width, height, data } = await pixelsOf(picture);
  const yuv = new Uint8Array((width * height * 3) / 2);
  toI420({ width, height, data }, yuv);
  return yuv.subarray(0, width * height);
}

interface Told {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

async function listen(fake: FakeComfyui, client: string) {
  const socket = new WebSocket(`${fake.url.replace('http', 'ws')}/ws?clientId=${client}`);
  const told: Told[] = [];
  let binary = 0;
  socket.on('message', (data, isBinary) => {
    if (isBinary) binary += 1;
    else told.push(JSON.parse(String(data)) as Told);
  });
  socket.on('error', () => {});
  const closed = new Promise<number>((done) => socket.once('close', done));
  await until('the first word', () => told.length > 0, { everyMs: 5 });
  return { socket, told, closed, binary: () => binary };
}

describe('the fake ComfyUI', () => {
  it('makes a clip of both pictures, tells each step, and writes the graph into the file', async () => {
    const { fake, pair, ask, post, graph, past } = await open();
    const client = randomUUID();
    const id = randomUUID();
    const { told, binary, socket } = await listen(fake, client);
    expect((await post('/prompt', { prompt: graph(), prompt_id: id, client_id: client })).json()).toMatchObject({
      prompt_id: id,
      node_errors: {},
    });
    await until('the end', () => told.some(({ type, data }) => type === 'executing' && data['node'] === null));
    socket.terminate();
    const types = told.map(({ type }) => type);
    expect(types.slice(0, 4)).toEqual(['status', 'status', 'execution_start', 'execution_cached']);
    expect(types.slice(-4)).toEqual(['executed', 'execution_success', 'status', 'executing']);
    expect(told.filter(({ type }) => type === 'progress').map(({ data }) => data['value'])).toEqual([1, 2, 3]);
    expect(binary()).toBe(1);
    expect(await past(id)).toMatchObject({
      outputs: {
        '12': { images: [{ filename: 'out_00001_.mp4', subfolder: 'test', type: 'output' }], animated: [true] },
      },
      status: { status_str: 'success', completed: true },
    });
    const file = await ask('/view?filename=out_00001_.mp4&subfolder=test&type=output');
    expect(file.headers.get('content-type')).toBe('video/mp4');
    const facts = inspectMp4(file.bytes);
    expect(facts).toMatchObject({ width: 160, height: 96, frames: 9, fps: 16 });
    expect(JSON.parse(facts.tags['prompt'] ?? '')).toEqual(graph());
    const part = await ask('/view?filename=out_00001_.mp4&subfolder=test', { headers: { range: 'bytes=4-7' } });
    expect([part.status, part.bytes.toString()]).toEqual([206, 'ftyp']);
    const { first, last } = await decode(file.bytes);
    const likeness = [];
    for (const [index, frame] of [first, last].entries()) {
      for (const picture of pair) likeness.push([index, psnr(frame.subarray(0, 160 * 96), await lumaOf(picture))]);
    }
    const [firstToFirst = [], firstToLast = [], lastToFirst = [], lastToLast = []] = likeness;
    expect(firstToFirst[1]).toBeGreaterThan(30);
    expect(lastToLast[1]).toBeGreaterThan(30);
    expect(Math.max(firstToLast[1] ?? 0, lastToFirst[1] ?? 0)).toBeLessThan(25);
  });

  it('keeps the name of equal bytes and gives other bytes another one', async () => {
    const { upload, pair } = await open();
    const name = async (bytes: Uint8Array, fields = {}) => (await upload('red.png', bytes, fields)).json()['name'];
    expect(await name(pair[0])).toBe('red.png');
    expect(await name(pair[0])).toBe('red.png');
    expect(await name(pair[1])).toBe('red (1).png');
    expect(await name(pair[1], { overwrite: 'true' })).toBe('red.png');
  });

  it('refuses what is not there and takes sides that it should not', async () => {
    const { post, graph } = await open();
    const missing = await post('/prompt', { prompt: graph({ model: 'other.safetensors' }) });
    expect(missing.status).toBe(400);
    expect(missing.json()).toMatchObject({
      error: { type: 'prompt_outputs_failed_validation', details: '' },
      node_errors: {
        '1': {
          class_type: 'UNETLoader',
          dependent_outputs: ['12'],
          errors: [{ type: 'value_not_in_list', extra_info: { input_name: 'unet_name' } }],
        },
      },
    });
    expect((await post('/prompt', { prompt: graph({ first: 'none.png' }) })).json()).toMatchObject({
      node_errors: {
        '6': {
          errors: [{ type: 'custom_validation_failed', details: 'image - Invalid image file: none.png' }],
        },
      },
    });
    expect((await post('/prompt', { prompt: graph({ width: 1283, length: 80 }) })).status).toBe(200);
    expect((await post('/prompt', { prompt: { '1': { class_type: 'Nothing', inputs: {} } } })).json()).toMatchObject({
      error: { type: 'missing_node_type' },
    });
    expect((await post('/prompt', {})).json()).toMatchObject({ error: { type: 'no_prompt' } });
    expect((await post('/prompt', { prompt: graph(), prompt_id: 'MINE' })).json()).toMatchObject({
      error: { type: 'invalid_prompt_id' },
    });
  });

  it('lacks what an old version lacks', async () => {
    const { ask, post, graph, run, past } = await open({ version: OLD });
    expect((await ask('/system_stats')).json()).toMatchObject({ system: { comfyui_version: OLD } });
    await past(await run({}, 'not-a-uuid'));
    expect((await ask('/api/jobs/not-a-uuid')).status).toBe(404);
    expect((await post('/api/jobs/not-a-uuid/cancel', {})).status).toBe(405);
    expect((await post('/prompt', { prompt: { '1': { class_type: 'Nothing' } } })).json()).toMatchObject({
      error: { type: 'invalid_prompt' },
    });
    expect((await post('/prompt', { prompt: graph() })).status).toBe(200);
    expect((await ask('/history/other')).json()).toEqual({});
  });

  it('gives the old file for the same graph, without a step', async () => {
    const { fake, run, past } = await open();
    await past(await run());
    const steps = fake.engine.stepsRun;
    const again = await past(await run());
    expect(again).toMatchObject({ outputs: { '12': { images: [{ filename: 'out_00001_.mp4' }] } } });
    expect(fake.engine.stepsRun).toBe(steps);
    expect(await past(await run({ prefix: 'other/out' }))).toMatchObject({
      outputs: { '12': { images: [{ subfolder: 'other' }] } },
    });
    expect(fake.engine.stepsRun).toBe(steps);
  });

  it('runs the same id twice', async () => {
    const { fake, run } = await open();
    const id = await run({ seed: 1 });
    await run({ seed: 2 }, id);
    await until('both', () => fake.engine.remaining === 0);
    expect(fake.engine.stepsRun).toBe(6);
  });

  it.each(['0.3.50', OLD, '0.33.0'])('interrupts between two steps (%s)', async (version) => {
    const { fake, post, run, past } = await open({ version });
    const sampling = fake.engine.moments.hold('sampling');
    const [id, waiting] = [await run({ seed: 1 }), await run({ seed: 2 })];
    await sampling.reached;
    await post('/interrupt', { prompt_id: waiting });
    sampling.release();
    const { status } = (await past(id)) as unknown as { status: { status_str: string; messages: [string][] } };
    // An old one does not look at the id it is given.
    const word = version === '0.3.50' ? 'execution_interrupted' : 'execution_success';
    expect(status.messages.at(-1)?.[0]).toBe(word);
    expect(status.status_str).toBe(word === 'execution_success' ? 'success' : 'error');
  });

  it('cancels by id where it can, and leaves no trace of what had not begun', async () => {
    const { fake, ask, post, run, past } = await open();
    const sampling = fake.engine.moments.hold('sampling');
    const [id, waiting] = [await run({ seed: 1 }), await run({ seed: 2 })];
    await sampling.reached;
    expect((await ask(`/api/jobs/${id}`)).json()).toMatchObject({ status: 'in_progress' });
    expect((await ask(`/api/jobs/${waiting}`)).json()).toMatchObject({ status: 'pending' });
    expect((await post(`/api/jobs/${waiting}/cancel`, {})).json()).toEqual({ cancelled: true });
    expect((await post(`/api/jobs/${id}/cancel`, {})).json()).toEqual({ cancelled: true });
    sampling.release();
    await past(id);
    expect((await ask(`/api/jobs/${id}`)).json()).toMatchObject({ status: 'cancelled' });
    expect((await ask(`/api/jobs/${waiting}`)).status).toBe(404);
    expect((await ask(`/history/${waiting}`)).json()).toEqual({});
  });

  it('forgets everything but files when it is killed', async () => {
    const { fake, ask, run, past } = await open();
    const finished = await run({ prefix: 'a/out' });
    await past(finished);
    const { closed } = await listen(fake, 'somebody');
    const saving = fake.engine.moments.hold('saving');
    const id = await run({ seed: 2, prefix: 'b/out' });
    await saving.reached;
    await fake.kill();
    expect(await closed).toBe(1006);
    await expect(ask('/queue')).rejects.toThrow();
    await fake.start();
    for (const each of [finished, id]) expect((await ask(`/history/${each}`)).json()).toEqual({});
    expect((await ask('/queue')).json()).toEqual({ queue_running: [], queue_pending: [] });
    const [whole, part] = [
      await ask('/view?filename=out_00001_.mp4&subfolder=a&type=output'),
      await ask('/view?filename=out_00001_.mp4&subfolder=b&type=output'),
    ];
    expect(inspectMp4(whole.bytes).frames).toBe(9);
    expect(part.status).toBe(200);
    expect(() => inspectMp4(part.bytes)).toThrow();
  });

  it('tells out of memory by its Python name', async () => {
    const { fake, run, past } = await open();
    fake.engine.outOfMemory = 1;
    const { status } = (await past(await run())) as unknown as { status: { messages: unknown[] } };
    expect(status.messages.at(-1)).toMatchObject([
      'execution_error',
      { node_type: 'KSampler', exception_type: 'torch.OutOfMemoryError' },
    ]);
  });

  it('turns browsers of other places away', async () => {
    const { ask } = await open();
    expect((await ask('/queue', { headers: { origin: 'https://example.com' } })).status).toBe(403);
    expect((await ask('/queue', { headers: { 'sec-fetch-site': 'cross-site' } })).status).toBe(403);
  });
});
