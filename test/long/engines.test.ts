import { describe, expect, it } from 'vitest';
import type { ShownVideo } from '../support/api.ts';
import { closedBy, configured, engineAsk, judgeEngineVideo, type Opened, serve } from '../support/engines/server.ts';
import { type FakeComfyui, startFakeComfyui } from '../support/fakes/comfyui/server.ts';
import { startFakeLightX2v } from '../support/fakes/lightx2v/server.ts';
import { startFakeSdServer } from '../support/fakes/sdcpp/server.ts';
import { until } from '../support/until.ts';

/** The whole server in front of each self-hosted engine, from the request to the frames of the file. */

async function comfyui(open: Opened, options: Parameters<typeof startFakeComfyui>[0] = {}): Promise<FakeComfyui> {
  const fake = await startFakeComfyui(options);
  open.push(() => fake.kill());
  return fake;
}

// Side by side: each has a server of its own, which keeps one core busy.
describe.concurrent('ComfyUI', () => {
  it('stops the prompt of a cancelled video, and no other', async ({ onTestFinished }) => {
    const open = closedBy(onTestFinished);
    const fake = await comfyui(open, { stepMs: 10 });
    const api = await serve(open, '', { COMFYUI_URL: fake.url });
    const sampling = fake.engine.moments.hold('sampling');
    const created = await api.create(await engineAsk());
    await sampling.reached;
    expect((await api.cancel(created.id)).json()).toMatchObject({ status: 'cancelled' });
    await until('the interrupt', () => fake.http.count('POST /api/jobs') > 0);
    sampling.release();
    await until('its end', () => fake.engine.history.size === 1);
    expect([...fake.engine.history.values()][0]?.status.messages.at(-1)?.[0]).toBe('execution_interrupted');
    // The place is free again.
    await api.succeeded((await api.create(await engineAsk({ seed: 3 }))).id);
    expect(fake.engine.accepted).toBe(2);
  });

  it('warns of an engine that drops the last frame, or refuses it', async ({ onTestFinished }) => {
    const open = closedBy(onTestFinished);
    const fake = await comfyui(open);
    fake.engine.dropsLast = true;
    const api = await serve(open, configured('comfyui', fake.url));
    const video = await api.succeeded((await api.create(await engineAsk())).id);
    expect(video.metadata).toMatchObject({
      frame_check: { verdict: 'last_frame_ignored' },
      warnings: [{ code: 'last_frame_ignored' }],
    });
    const strict = await serve(open, configured('comfyui', fake.url, '    ignoredLastFrame: fail\n'));
    const { id } = await strict.create(await engineAsk({ seed: 5 }));
    const failed = await strict.wait(id, ({ status }) => status === 'failed');
    expect(failed.error).toMatchObject({ code: 'last_frame_ignored' });
  });

  it('tells a caller nothing of the engine when a model file is missing', async ({ onTestFinished }) => {
    const open = closedBy(onTestFinished);
    const fake = await comfyui(open, { models: { vae: [] } });
    const api = await serve(open, '', { COMFYUI_URL: fake.url });
    const answer = await api.post(await engineAsk());
    const text =
      answer.status === 200
        ? JSON.stringify(await api.wait(answer.json<ShownVideo>().id, ({ status }) => status === 'failed'))
        : answer.text();
    expect(text).toMatch(/backend_(?:misconfigured|unavailable)/);
    expect(text).not.toMatch(/vae|safetensors|127\.0\.0\.1/);
    expect(fake.engine.accepted).toBe(0);
  });
});

describe.concurrent.each(['webm', 'avi'] as const)('sd-server answering %s', (format) => {
  it('is transcoded to MP4', async ({ onTestFinished }) => {
    const open = closedBy(onTestFinished);
    const fake = await startFakeSdServer({ formats: [format] });
    open.push(() => fake.kill());
    const api = await serve(open, configured('sdcpp', fake.url));
    const video = await api.succeeded((await api.create(await engineAsk())).id);
    expect(video.metadata).toMatchObject({ frame_check: { verdict: 'respected' }, pictures: 'transcoded' });
    await judgeEngineVideo(api, video);
    expect(fake.wishes).toHaveLength(1);
  });
});

describe.concurrent('LightX2V', () => {
  it('makes sides of its own, and the video says which', async ({ onTestFinished }) => {
    const open = closedBy(onTestFinished);
    const fake = await startFakeLightX2v();
    open.push(() => fake.kill());
    const api = await serve(open, configured('lightx2v', fake.url));
    const video = await api.succeeded((await api.create(await engineAsk())).id);
    expect(video).toMatchObject({ width: 832, height: 480, metadata: { frame_check: { verdict: 'respected' } } });
    await judgeEngineVideo(api, video);
  });
});
