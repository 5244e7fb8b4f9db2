import { inspectMp4 } from '@inbetween/renderer';
import { afterEach, describe, expect, it } from 'vitest';
import { hurriedClock, openEngineStage, RHYTHM, smallAsk } from '../../../../../../test/support/engines/stage.ts';
import { sampleGraph } from '../../../../../../test/support/fakes/comfyui/sample-graph.ts';
import {
  type FakeComfyui,
  type FakeComfyuiOptions,
  OFFICIAL_MODELS,
  startFakeComfyui,
} from '../../../../../../test/support/fakes/comfyui/server.ts';
import { until } from '../../../../../../test/support/until.ts';
import type { Rhythm } from '../remote/rhythm.ts';
import { createComfyuiApi } from './api.ts';
import { presetsFor } from './presets.ts';
import { readWorkflow } from './read-workflow.ts';
import type { Workflow } from './workflow.ts';

const MODELS = ['wan2.2-kf2v-flash', 'wan2.1-kf2v-plus'];

const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

interface World {
  readonly engines?: readonly FakeComfyuiOptions[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly workflows?: readonly Workflow[];
  readonly rhythm?: Partial<Rhythm>;
}

async function opened({ engines = [{}], headers = {}, workflows, rhythm = RHYTHM }: World = {}) {
  const fakes: FakeComfyui[] = [];
  for (const options of engines) fakes.push(await startFakeComfyui(options));
  const apis = fakes.map(({ url }) =>
    createComfyuiApi({
      address: { url, headers },
      workflowsFor: (model) => workflows ?? presetsFor(model),
      models: MODELS,
      clock: hurriedClock,
    }),
  );
  const stage = await openEngineStage(apis, { rhythm });
  open.push(() => stage.close(), ...fakes.map((fake) => () => fake.kill()));
  const [fake] = fakes;
  if (fake === undefined) throw new Error('one engine at least');
  return { fake, fakes, stage };
}

/** The graph of the newest prompt. */
function graphOf(fake: FakeComfyui) {
  const past = [...fake.engine.history.values()].at(-1);
  if (past === undefined) throw new Error('nothing was run');
  return past.item.graph;
}

describe('comfyui', () => {
  it('tells how far the samplers are, from its socket', async () => {
    const { fake, stage } = await opened();
    const [started, sampling] = [fake.engine.moments.hold('started'), fake.engine.moments.hold('sampling')];
    const told: number[] = [];
    const running = (async () => {
      for await (const event of stage.backend.generate(await smallAsk('video_p.1'), stage.never)) {
        if (event.type === 'progress') told.push(event.fraction);
      }
    })();
    await until('its socket', () => fake.sockets === 1, { everyMs: 2 });
    started.release();
    await sampling.reached;
    // One of four steps: 5 % for loading, and a quarter of the 85 % that sampling gets.
    await until('its progress', () => told.includes(0.05 + 0.85 / 4), { everyMs: 2 });
    sampling.release();
    await running;
    expect(fake.http.count('GET /ws')).toBe(1);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
  });

  it('looks when it is told that a prompt has ended, not when its pause is over', async () => {
    const { fake, stage } = await opened({ rhythm: { ...RHYTHM, everyMs: 3_600_000 } });
    const started = fake.engine.moments.hold('started');
    const living = stage.live();
    await until('its socket', () => fake.sockets === 1, { everyMs: 2 });
    started.release();
    expect(await living).toMatchObject({ status: 'succeeded' });
    expect(fake.http.count('GET /history')).toBeLessThan(10);
    await until('no socket', () => fake.sockets === 0);
  });

  it('gives the engine our own default negative prompt only when the caller gave none', async () => {
    const { fake, stage } = await opened();
    await stage.live({ negativePrompt: '' });
    expect(graphOf(fake)['negative']?.inputs).toMatchObject({ text: 'blurred' });
    await stage.live({ negativePrompt: 'mist' });
    expect(graphOf(fake)['negative']?.inputs).toMatchObject({ text: 'mist' });
  });

  it('gives each video a file of its own, also where the engine has everything in its cache', async () => {
    const { fake, stage } = await opened();
    await stage.live();
    const steps = fake.engine.stepsRun;
    await stage.live();
    expect(fake.engine.stepsRun).toBe(steps);
    expect(new Set(fake.files.outputs()).size).toBe(2);
    // The same two pictures, uploaded twice, are kept once.
    expect(fake.files.count('input')).toBe(2);
  });

  it('uses the first preset whose files are there', async () => {
    const { fake, stage } = await opened({ engines: [{ models: { ...OFFICIAL_MODELS, loras: [] } }] });
    expect(await stage.live()).toMatchObject({ report: { upstream: { workflow: 'wan22-flf2v' } } });
    fake.models = { ...fake.models, diffusion_models: ['wan2.1_fun_inp_1.3B_bf16.safetensors'] };
    await stage.backend.probe(stage.never);
    expect(await stage.live()).toMatchObject({ report: { upstream: { workflow: 'wan21-fun-inp-1.3b' } } });
    expect(await stage.live({ model: 'wan2.1-kf2v-plus' })).toMatchObject({ status: 'succeeded' });
  });

  it('says what is missing, by file and folder, when it is probed', async () => {
    const { fake, stage } = await opened({
      engines: [{ models: { ...OFFICIAL_MODELS, text_encoders: [] } }],
    });
    const told = await stage.backend.probe(stage.never);
    expect(told.ready).toBe(false);
    expect(told.problems.join()).toContain(
      "the file umt5_xxl_fp8_e4m3fn_scaled.safetensors is missing in ComfyUI's models/text_encoders",
    );
    fake.models = OFFICIAL_MODELS;
    expect(await stage.backend.probe(stage.never)).toMatchObject({
      ready: true,
      problems: [],
      sizes: ['480P', '720P'],
      billed: false,
      canLookUp: true,
    });
    await fake.kill();
    expect((await stage.backend.probe(stage.never)).problems.join()).toContain(`no ComfyUI answers at ${fake.url}`);
  });

  it('opens a door in front of it, on HTTP and on the socket', async () => {
    const authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    const door = { authorization, headers: { 'x-tenant': 'films' } };
    const { fake, stage } = await opened({
      engines: [{ door, stepMs: 5 }],
      headers: { authorization, 'x-tenant': 'films' },
    });
    const hold = fake.engine.moments.hold('sampling');
    const living = stage.live();
    await hold.reached;
    await until('a socket behind the door', () => fake.sockets === 1);
    hold.release();
    expect(await living).toMatchObject({ status: 'succeeded' });
  });

  it.each(['0.3.50', '0.3.64', '0.20.0', '0.33.0'])(
    'cancels what waits and what runs, and nobody else’s (%s)',
    async (version) => {
      const { fake, stage } = await opened({ engines: [{ version, stepMs: 20 }] });
      const hold = fake.engine.moments.hold('sampling');
      const foreign = fake.engine.add('foreign', sampleGraphIn(fake), {}, ['12'], false);
      await hold.reached;
      const [one, other] = [await stage.operationOf({ seed: 1 }), await stage.operationOf({ seed: 2 })];
      expect(await stage.backend.stop?.(other, stage.never)).toBe('stopped');
      expect(fake.engine.pending).toHaveLength(1);
      const ours = fake.engine.moments.hold('sampling');
      hold.release();
      await ours.reached;
      expect(fake.engine.history.get(foreign.id)?.status.status_str).toBe('success');
      expect(await stage.backend.stop?.(one, stage.never)).toBe('goes_on');
      ours.release();
      await until('its end', async () => (await stage.backend.stop?.(one, stage.never)) === 'stopped');
      expect(graphOf(fake)).toBeDefined();
      expect([...fake.engine.history.values()].at(-1)?.status.messages.at(-1)?.[0]).toBe('execution_interrupted');
      expect(fake.engine.accepted).toBe(3);
    },
  );

  it('finds an attempt again that a lost worker had sent, also after the engine was restarted', async () => {
    const { fake, stage } = await opened();
    const ask = await smallAsk('video_l.1');
    for await (const event of stage.backend.generate(ask, stage.never)) if (event.type === 'operation-started') break;
    await until('its end', () => fake.engine.history.size === 1);
    await fake.kill();
    await fake.start();
    const operation = await stage.backend.lookUp?.('video_l.1', stage.never);
    expect(operation).toBeDefined();
    expect((await stage.ends(operation ?? null))?.type).toBe('finished');
    expect(fake.engine.accepted).toBe(1);
    expect(await stage.backend.lookUp?.('video_l.2', stage.never)).toBeUndefined();
  });

  it('spreads over its instances, and goes on where it began', async () => {
    const { fakes, stage } = await opened({ engines: [{}, {}] });
    const holds = fakes.map(({ engine }) => engine.moments.hold('sampling'));
    const lives = [stage.live({ seed: 1 }), stage.live({ seed: 2 })];
    await Promise.all(holds.map((hold) => hold.reached));
    expect(await stage.leftovers()).toHaveLength(2);
    for (const hold of holds) hold.release();
    expect(await Promise.all(lives)).toMatchObject([{ status: 'succeeded' }, { status: 'succeeded' }]);
    expect(fakes.map(({ engine }) => engine.accepted)).toEqual([1, 1]);
  });

  it('prefers the instance to which others have given less', async () => {
    const { fakes, stage } = await opened({ engines: [{}, {}] });
    const [busy, free] = fakes;
    if (busy === undefined || free === undefined) throw new Error('two engines');
    const hold = busy.engine.moments.hold('sampling');
    busy.engine.add('foreign', sampleGraphIn(busy), {}, ['12'], false);
    await hold.reached;
    expect(await stage.live()).toMatchObject({ status: 'succeeded' });
    expect(free.engine.accepted).toBe(1);
    hold.release();
  });

  it('begins on the other instance when one is gone', async () => {
    const { fakes, stage } = await opened({ engines: [{}, {}] });
    await fakes[0]?.kill();
    expect(await stage.live()).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect(fakes.map(({ engine }) => engine.accepted)).toEqual([0, 1]);
  });
});

describe('a graph of one’s own', () => {
  it('is fed, run and fetched like a preset, with custom nodes', async () => {
    const exported = JSON.parse(JSON.stringify(sampleGraph({ first: 'x.png', last: 'y.png', steps: 2 })));
    exported['1'] = { class_type: 'UnetLoaderGGUF', inputs: { unet_name: 'Wan2.2-I2V-A14B-HighNoise-Q4_K_M.gguf' } };
    const combine = { frame_rate: 16, loop_count: 0, format: 'video/h264-mp4', pingpong: false, save_output: true };
    exported['12'] = {
      class_type: 'VHS_VideoCombine',
      inputs: { images: ['10', 0], filename_prefix: 'mine', ...combine },
    };
    const { '11': _, ...graph } = exported;
    const { workflow, problems } = readWorkflow({ name: 'mine', exported: graph });
    expect(problems).toBeUndefined();
    const { fake, stage } = await opened({
      engines: [{ custom: true }],
      workflows: workflow === undefined ? [] : [workflow],
    });
    expect(await stage.live()).toMatchObject({ status: 'succeeded', report: { upstream: { workflow: 'mine' } } });
    expect(fake.files.outputs()).toEqual([expect.stringMatching(/^output\/inbetween\/[0-9a-f-]{36}\/out_00001\.mp4$/)]);
    const name = fake.files.outputs()[0] ?? '';
    const [, ...parts] = name.split('/');
    const file = fake.files.read('output', parts.slice(0, -1).join('/'), parts.at(-1) ?? '');
    expect(inspectMp4(file ?? new Uint8Array())).toMatchObject({ width: 160, height: 96, frames: 81, fps: 16 });
    // Its name differs from that of the core node, and is found after a restart all the same.
    const operation = await stage.operationOf({ seed: 9 });
    await until('its end', () => fake.engine.history.size === 2);
    await fake.kill();
    await fake.start();
    expect((await stage.ends(operation))?.type).toBe('finished');
    expect(fake.engine.accepted).toBe(2);
  });

  it('lacks a custom node where that is not installed', async () => {
    const exported = sampleGraph({ first: 'x.png', last: 'y.png' });
    const { workflow } = readWorkflow({
      name: 'mine',
      exported: { ...exported, '1': { class_type: 'UnetLoaderGGUF', inputs: { unet_name: 'a.gguf' } } },
    });
    const { stage } = await opened({ workflows: workflow === undefined ? [] : [workflow] });
    expect((await stage.backend.probe(stage.never)).problems.join()).toContain(
      'workflow mine: this ComfyUI has no node UnetLoaderGGUF; update it or install the custom node',
    );
  });
});

function sampleGraphIn(fake: FakeComfyui) {
  const [first] = ['foreign.png'];
  fake.files.write('input', '', first ?? '', PIXEL);
  return sampleGraph({ first: 'foreign.png', last: 'foreign.png', steps: 1 });
}

/** A picture of one grey pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
);
