import { inspectMp4 } from '@inbetween/renderer';
import { afterEach, describe, expect, it } from 'vitest';
import { engineAsk, judgeEngineVideo, type Opened, serve } from '../support/engines/server.ts';
import { startFakeComfyui } from '../support/fakes/comfyui/server.ts';

/** The whole server in front of ComfyUI, from the request to the frames of the file. */

const open: Opened = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

describe('COMFYUI_URL alone', () => {
  it('routes the Wan models to ComfyUI, whose result becomes ours', async () => {
    const fake = await startFakeComfyui();
    open.push(() => fake.kill());
    const api = await serve(open, '', { COMFYUI_URL: fake.url });
    const created = await api.create(await engineAsk());
    const video = await api.succeeded(created.id);
    expect(video).toMatchObject({
      width: 832,
      height: 464,
      metadata: {
        backend: 'comfyui',
        frames: 81,
        fps: 16,
        warnings: [],
        frame_check: { verdict: 'respected' },
        upstream: { workflow: 'wan22-flf2v-4step' },
      },
    });
    await judgeEngineVideo(api, video);
    expect(fake.engine.accepted).toBe(1);
    // What ComfyUI itself keeps does hold the prompt.
    const [path = ''] = fake.files.outputs();
    const [, folder = '', id = '', name = ''] = path.split('/');
    expect(inspectMp4(fake.files.read('output', `${folder}/${id}`, name) ?? new Uint8Array()).tags['prompt']).toContain(
      'a slow walk',
    );
  });
});
