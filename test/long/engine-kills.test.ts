import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { killAtEachStep } from '../support/engines/kill-steps.ts';
import { startFakeComfyui } from '../support/fakes/comfyui/server.ts';
import { startFakeDashscope } from '../support/fakes/dashscope/server.ts';
import { startFakeLightX2v } from '../support/fakes/lightx2v/server.ts';
import { startFakeGateway } from '../support/fakes/openai-videos/server.ts';
import { startFakeSdServer } from '../support/fakes/sdcpp/server.ts';

/** `kill -9` of the server between any two steps, in front of each engine: how often is it asked, and how does it end? */

// Side by side: a server that starts again keeps one core busy.
describe.concurrent('killed in front of', () => {
  it.each([
    [
      'until it works',
      [
        { call: 'GET /system_stats' },
        { call: 'POST /upload/image' },
        { call: 'POST /prompt' },
        // Accepted, and the answer is not out yet: sent, and not saved.
        { engine: 'accepted' },
        { engine: 'started' },
      ],
    ],
    [
      'until it is done',
      [{ call: 'GET /ws' }, { engine: 'sampling' }, { engine: 'saving' }, { engine: 'done' }, { call: 'GET /view' }],
    ],
  ] as const)(
    'ComfyUI, which knows our ids: sent once at every step %s',
    { timeout: 400_000 },
    async (_until, steps) => {
      const fake = await startFakeComfyui({ stepMs: 20 });
      await killAtEachStep({
        fake,
        moments: fake.engine.moments,
        entry: { kind: 'comfyui' },
        frames: 81,
        accepted: () => fake.engine.accepted,
        steps,
      });
    },
  );

  it('DashScope, which is paid and knows no ids of ours: sent once at every step', { timeout: 400_000 }, async () => {
    const fake = await startFakeDashscope({ runMs: 200 });
    const look = 'GET /api/v1/tasks/';
    await killAtEachStep({
      fake,
      moments: fake.moments,
      entry: { kind: 'dashscope', credential: 'DASHSCOPE_API_KEY' },
      env: { DASHSCOPE_API_KEY: 'sk-fake' },
      frames: 20,
      accepted: () => fake.wishes.length,
      steps: [
        { engine: 'created', ends: 'submission_unknown' },
        { engine: 'running', after: look },
        { engine: 'done', after: look },
        { call: 'GET /results/', slow: 'GET /results/' },
      ],
    });
    expect(fake.billed).toBe(4);
  });

  it('a gateway, which is paid: sent once at every step', { timeout: 400_000 }, async () => {
    const fake = await startFakeGateway({ runMs: 200, width: 320, height: 320 });
    await killAtEachStep({
      fake,
      moments: fake.moments,
      entry: { kind: 'openai-videos', dialect: 'powertokens', credential: 'GATEWAY_KEY' },
      env: { GATEWAY_KEY: 'sk-gateway' },
      frames: 20,
      accepted: () => fake.accepted,
      steps: [
        { engine: 'created', ends: 'submission_unknown' },
        { engine: 'working', after: 'GET /v1/videos/task_' },
        { engine: 'done', after: 'GET /v1/videos/task_' },
        { call: 'GET /v1/videos/task_', slow: 'GET /v1/videos/task_' },
      ],
    });
  });

  // What costs nothing and knows no ids is made again where nobody knows.
  it('sd-server: made again only when its answer got lost', { timeout: 400_000 }, async () => {
    const fake = await startFakeSdServer({ formats: ['avi'], generateMs: 200 });
    const look = 'GET /sdcpp/v1/jobs/';
    await killAtEachStep({
      fake,
      moments: fake.moments,
      entry: { kind: 'sdcpp', fps: 4 },
      frames: 21,
      accepted: () => fake.wishes.length,
      steps: [
        { engine: 'accepted', sent: 2 },
        { engine: 'generating', after: look },
        { engine: 'done', after: look },
        { call: look, slow: look },
      ],
    });
  });

  it('LightX2V: made again only when its answer got lost', { timeout: 400_000 }, async () => {
    const fake = await startFakeLightX2v({ resolution: 'tiny', generateMs: 200 });
    await killAtEachStep({
      fake,
      moments: fake.moments,
      entry: { kind: 'lightx2v' },
      frames: 81,
      accepted: () => fake.wishes.length,
      steps: [
        { engine: 'accepted', sent: 2 },
        { engine: 'processing', after: 'GET /v1/tasks/' },
        { engine: 'done', after: 'GET /v1/tasks/' },
      ],
    });
  });

  it('LightX2V with a shared folder, which knows our ids: sent once, and nothing is left there', {
    timeout: 400_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'inbetween-shared-'));
    const here = join(folder, 'here');
    await mkdir(here);
    const fake = await startFakeLightX2v({ resolution: 'tiny', generateMs: 200 });
    await killAtEachStep({
      fake,
      moments: fake.moments,
      entry: { kind: 'lightx2v', shared: { here, there: here } },
      frames: 81,
      accepted: () => fake.wishes.length,
      leftovers: () => readdir(here),
      steps: [{ engine: 'accepted' }, { engine: 'processing', after: 'GET /v1/tasks/' }, { engine: 'done' }],
    });
    await rm(folder, { recursive: true });
  });
});
