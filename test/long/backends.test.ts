import { writeFileSync } from 'node:fs';
import { inspectMp4 } from '@inbetween/renderer';
import { describe, expect, it } from 'vitest';
import { type Api, MODEL, wholeFile } from '../support/api.ts';
import { startFakeChat } from '../support/fakes/chat/server.ts';
import { FakeComfyui } from '../support/fakes/comfyui/server.ts';
import { startFakeDashscope } from '../support/fakes/dashscope/server.ts';
import { judgeVideo } from '../support/mp4-judge.ts';
import { dataUrl, paintPair } from '../support/paintings.ts';
import { makeScratch, runInbetween, type Scratch, startServer } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const ASK = {
  model: MODEL,
  images: ['sample_first', 'sample_last'],
  size: '480P',
  prompt: 'a kitten looks up',
  seed: 7,
};

/** The whole environment of a server that uses the fake as its DashScope. */
function cloud(scratch: Scratch, url: string, more = ''): Record<string, string> {
  const path = scratch.file('inbetween.yaml');
  const text = `
backends:
  dashscope: {kind: dashscope, credential: DASHSCOPE_API_KEY, url: '${url}', pollEvery: 100ms}
${more}`;
  writeFileSync(path, text);
  return { INBETWEEN_CONFIG: path, DASHSCOPE_API_KEY: 'sk-fake' };
}

// All side by side: a server that starts or waits for its peer keeps one core busy at most.
describe.concurrent('a server in front of DashScope', { timeout: 120_000 }, () => {
  it('makes the video there, keeps it, and tells how', async () => {
    await using scratch = makeScratch();
    const fake = await startFakeDashscope();
    await using server = await startServer(scratch, { env: cloud(scratch, fake.url) });
    expect(server.out()).toContain(`${MODEL}  →  dashscope (billed)`);
    const { id } = await server.api.create({ ...ASK, watermark: true });
    const video = await server.api.succeeded(id);
    expect(video).toMatchObject({
      actual_prompt: 'a kitten looks up，镜头缓缓上移',
      metadata: {
        backend: 'dashscope',
        fps: 30,
        frames: 20,
        prompt_extend: 'native',
        frame_check: { verdict: 'respected' },
        upstream: { usage: { SR: 480 } },
        warnings: [],
      },
    });
    expect(fake.wishes).toHaveLength(1);
    expect(fake.wishes[0]?.parameters).toMatchObject({ seed: 7, watermark: true, resolution: '480P' });
    const file = wholeFile(await server.api.content(id));
    const facts = inspectMp4(new Uint8Array(file));
    expect(facts).toMatchObject({ frames: 20, faststart: true });
    expect(JSON.parse(facts.tags['AIGC'] ?? '{}')).toMatchObject({ Label: '1', ProduceID: id });
    for (const variant of ['thumbnail', 'spritesheet', 'output_last_frame'])
      expect((await server.api.content(id, variant)).status).toBe(200);
    const models = (await server.api.call('/v1/models')).json<{ data: Record<string, unknown>[] }>();
    expect(models.data[0]).toMatchObject({
      backend: 'dashscope',
      ready: true,
      capabilities: { billed: true, generative: true },
      backends: [{ name: 'dashscope', billed: true }],
    });
    await fake.kill();
  });

  it('warns when the last frame was ignored, and keeps what was paid for', async () => {
    await using scratch = makeScratch();
    const fake = await startFakeDashscope();
    fake.dropsLast = true;
    await using server = await startServer(scratch, { env: cloud(scratch, fake.url) });
    const images = (await paintPair(640, 384)).map((png) => dataUrl(png));
    const video = await server.api.succeeded((await server.api.create({ ...ASK, images })).id);
    expect(video.metadata.warnings.map(({ code }) => code)).toContain('last_frame_ignored');
    expect(video.metadata['frame_check']).toMatchObject({ verdict: 'last_frame_ignored' });
    await fake.kill();
  });

  it('goes to the next backend when it is refused before anything was accepted', async () => {
    await using scratch = makeScratch();
    const [broke, rich] = [await startFakeDashscope(), await startFakeDashscope()];
    broke.refuses = { status: 400, code: 'Arrearage', message: 'overdue', times: 99 };
    const more = `
  other: {kind: dashscope, credential: DASHSCOPE_API_KEY, url: '${rich.url}', pollEvery: 100ms}
models: {${MODEL}: [dashscope, other]}`;
    await using server = await startServer(scratch, { env: cloud(scratch, broke.url, more) });
    const video = await server.api.succeeded((await server.api.create(ASK)).id);
    expect(video.metadata['backend']).toBe('other');
    expect([broke.wishes.length, rich.wishes.length]).toEqual([0, 1]);
    await broke.kill();
    await rich.kill();
  });

  it('is not left by its videos: a start without it is refused, and with it draining they are finished', async () => {
    await using scratch = makeScratch();
    const fake = await startFakeDashscope();
    const hold = fake.moments.hold('running');
    const env = cloud(scratch, fake.url);
    const server = await startServer(scratch, { env: { ...env, SHUTDOWN_GRACE: '0s' } });
    const { id } = await server.api.create(ASK);
    await hold.reached;
    await server.api.wait(
      id,
      ({ metadata }) => metadata.phase === 'generating' || metadata.phase === 'upstream_queued',
    );
    await server.stop();

    const args = ['serve', '--port', '0', '--data-dir', scratch.data];
    const bare = await runInbetween(args, { env: { INBETWEEN_API_KEY: server.api.key }, cwd: scratch.cwd });
    expect(bare.code).not.toBe(0);
    expect(bare.err).toMatch(/videos under way[\s\S]*dashscope .*1 video\b[\s\S]*state: draining/);

    hold.release();
    const drained = `
backends:
  dashscope: {kind: dashscope, credential: DASHSCOPE_API_KEY, url: '${fake.url}', pollEvery: 100ms, state: draining}
models: {${MODEL}: [renderer], wan2.1-kf2v-plus: [renderer]}`;
    writeFileSync(env['INBETWEEN_CONFIG'] ?? '', drained);
    await using again = await startServer(scratch, { env });
    expect((await again.api.succeeded(id)).metadata['backend']).toBe('dashscope');
    expect(fake.wishes).toHaveLength(1);
    const next = await again.api.create({ ...ASK, images: ['sample_first', 'sample_first'] });
    expect((await again.api.succeeded(next.id)).metadata['backend']).toBe('renderer');
    await fake.kill();
  });

  it('rewrites prompts by a chat model where the backend shall not', async () => {
    await using scratch = makeScratch();
    const [fake, chat] = [await startFakeDashscope(), await startFakeChat()];
    const path = scratch.file('inbetween.json');
    const file = {
      backends: {
        dashscope: {
          kind: 'dashscope',
          credential: 'DASHSCOPE_API_KEY',
          url: fake.url,
          pollEvery: '100ms',
          promptExtend: 'chat',
        },
      },
      promptWriter: { url: `${chat.url}/v1`, model: 'qwen3-vl' },
    };
    writeFileSync(path, JSON.stringify(file));
    const env = { INBETWEEN_CONFIG: path, DASHSCOPE_API_KEY: 'sk-fake' };
    await using server = await startServer(scratch, { env });
    const video = await server.api.succeeded((await server.api.create(ASK)).id);
    expect(video['actual_prompt']).toBe('a kitten looks up, in soft light, the camera rising slowly');
    expect(video.metadata['prompt_extend']).toBe('chat');
    expect(fake.wishes[0]).toMatchObject({ prompt: video['actual_prompt'], parameters: { prompt_extend: false } });
    await fake.kill();
    await chat.kill();
  });

  it('is checked from the command line, for nothing', async () => {
    await using scratch = makeScratch();
    const fake = await startFakeDashscope();
    const more = `
  away: {kind: comfyui, url: 'http://127.0.0.1:1'}`;
    const env = cloud(scratch, fake.url, more);
    const checked = await runInbetween(['backends', 'check'], { env, cwd: scratch.cwd });
    expect(checked.out).toMatch(/^backend +kind +instance +state +billed/);
    expect(checked.out).toMatch(
      /^dashscope +dashscope +127\.0\.0\.1:\d+ DASHSCOPE_API_KEY +ready +yes +480P 720P 1080P/m,
    );
    expect(checked.out).toMatch(/^away +comfyui +127\.0\.0\.1:1 +not ready +no/m);
    expect(checked.out).toMatch(/^ {2}! .*(reached|answer)/m);
    expect(checked.code).toBe(1);
    expect(fake.wishes).toEqual([]);
    await fake.kill();
  });
});

it.concurrent('COMFYUI_URL alone has the Wan models made there, watermark and all', { timeout: 120_000 }, async () => {
  await using scratch = makeScratch();
  const fake = new FakeComfyui({ stepMs: 5 });
  await fake.start();
  await using server = await startServer(scratch, { env: { COMFYUI_URL: fake.url } });
  expect(server.out()).toContain(`${MODEL}  →  comfyui (local)`);
  const { id } = await server.api.create({ ...ASK, watermark: true });
  const video = await server.api.succeeded(id, 90_000);
  expect(video).toMatchObject({
    width: 832,
    height: 464,
    metadata: { backend: 'comfyui', fps: 16, frames: 81, pictures: 'transcoded', prompt_extend: 'none', warnings: [] },
  });
  const check = video.metadata['frame_check'] as { verdict: string; first_to_first: number; last_to_last: number };
  expect(check.verdict).toBe('respected');
  expect(Math.max(check.first_to_first, check.last_to_last)).toBeLessThan(3);
  const tall = await server.api.post({ ...ASK, size: '1080P' });
  expect(tall.status).toBe(400);
  expect(tall.text()).toContain('made in 480P, 720P here, not in 1080P');
  await fake.kill();
});

it.concurrent('two servers chained on loopback make one video, also when both are killed in the middle', {
  timeout: 240_000,
}, async () => {
  await using back = makeScratch();
  await using front = makeScratch();
  const key = 'the-key-of-the-maker';
  const first = await startServer(back, { key });
  // Comes back at the address that it had.
  const place = { key, args: ['--port', new URL(first.url).port] };
  const path = front.file('inbetween.yaml');
  const text = `
backends:
  maker: {kind: openai-videos, dialect: inbetween, url: '${first.url}', credential: MAKER_KEY, billed: false, pollEvery: 200ms}
models: {${MODEL}: [maker]}`;
  writeFileSync(path, text);
  const env = { INBETWEEN_CONFIG: path, MAKER_KEY: key, INBETWEEN_FETCH_ALLOW: '' };
  const before = await startServer(front, { env });
  const { id } = await before.api.create(ASK);
  const making = async (api: Api) => (await api.list()).some(({ status }) => status === 'running');

  // The one below dies while it renders, with the one above looking at it.
  await until('the maker to render', () => making(first.api));
  await before.api.wait(id, ({ metadata }) => metadata.phase === 'generating');
  await first.kill();
  await using maker = await startServer(back, place);
  await until('the maker to render again', () => making(maker.api));
  // Then the one above, with the one below going on.
  await before.kill();
  await using server = await startServer(front, { env });
  const video = await server.api.succeeded(id, 120_000);

  // What a model behind a gateway does is not known to us; the label says the stricter thing.
  await judgeVideo(server.api, video, { label: '1' });
  const made = await maker.api.list();
  expect(made).toHaveLength(1);
  expect(made[0]).toMatchObject({ seed: 7, status: 'succeeded', prompt: ASK.prompt });
  expect(video).toMatchObject({
    seed: 7,
    metadata: { backend: 'maker', pictures: 'kept', frame_check: { verdict: 'respected' } },
  });
  // The label of the one that hands it out, not of the one behind, and nothing else of it.
  const facts = inspectMp4(new Uint8Array(wholeFile(await server.api.content(id))));
  expect(Object.keys(facts.tags)).toEqual(['AIGC']);
  expect(JSON.parse(facts.tags['AIGC'] ?? '{}')).toMatchObject({ ProduceID: id });
});
