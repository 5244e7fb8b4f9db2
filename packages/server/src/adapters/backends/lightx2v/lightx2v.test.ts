import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  dieAt,
  type FaultRow,
  failed,
  faultTable,
  succeeded,
} from '../../../../../../test/support/engines/fault-table.ts';
import { smallAsk, smallPair } from '../../../../../../test/support/engines/stage.ts';
import { engineContract, openEngine } from '../../../../../../test/support/engines/world.ts';
import {
  type FakeLightX2v,
  type FakeLightX2vOptions,
  startFakeLightX2v,
} from '../../../../../../test/support/fakes/lightx2v/server.ts';
import { until } from '../../../../../../test/support/until.ts';
import { opaque } from '../remote/instances.ts';
import { createLightx2vApi } from './api.ts';

const apiFor = ({ url }: { readonly url: string }) => createLightx2vApi({ address: { url, headers: {} } });
const TINY: FakeLightX2vOptions = { resolution: 'tiny' };

engineContract({
  name: 'lightx2v',
  open: () => openEngine(startFakeLightX2v(TINY), apiFor),
  accepted: (fake) => fake.wishes.length,
});

const ONCE = { posted: 1, accepted: 1 };
const POST = 'POST /v1/tasks/video/form';

const ROWS: readonly FaultRow<FakeLightX2v, FakeLightX2vOptions>[] = [
  { what: 'nothing', ends: succeeded(), counts: { ...ONCE, fetched: 1 } },
  {
    what: 'an answer that got lost: it cannot be looked up, and is not paid for, so it is made again',
    is: ['lost answer to a start'],
    arrange: (fake) => fake.http.faults.add(POST, { kind: 'lost-answer' }, 1),
    ends: succeeded(2),
    counts: { posted: 2, accepted: 2 },
  },
  {
    what: 'a request that got lost',
    is: ['lost start'],
    arrange: (fake) => fake.http.faults.add(POST, { kind: 'lost-request' }, 1),
    ends: succeeded(2),
    counts: { posted: 2, accepted: 1 },
  },
  {
    what: 'a request that nobody answers, and an answer that is none',
    is: ['start without an answer', 'garbled answer to a start'],
    arrange: (fake) => {
      fake.http.faults.add(POST, { kind: 'silence' }, 1);
      fake.http.faults.add(POST, { kind: 'gibberish' }, 1);
    },
    ends: succeeded(3),
    counts: { posted: 3, accepted: 2 },
  },
  {
    what: 'answers to looks that are none',
    is: ['garbled looks'],
    arrange: (fake) => fake.http.faults.add('GET /v1/tasks', { kind: 'gibberish' }, 4),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a finished video that is gone from its disk',
    is: ['expired result'],
    arrange: (fake) => {
      const hold = fake.moments.hold('done');
      void hold.reached.then(() => {
        fake.outputs.clear();
        hold.release();
      });
    },
    ends: succeeded(2),
    counts: { posted: 2, accepted: 2 },
  },
  {
    what: 'a full queue, for a while',
    is: ['too much to do'],
    options: { queueSize: 0 },
    arrange: (fake) => {
      setTimeout(() => fake.widen(10), 150);
    },
    ends: succeeded(),
    counts: { accepted: 1 },
    check: (fake) => expect(fake.http.count(POST)).toBeGreaterThan(1),
  },
  {
    what: 'a storm of 502 while it works',
    is: ['5xx storm'],
    arrange: (fake) => fake.http.faults.add('GET /v1/tasks', { kind: 'status', status: 502 }, 15),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a download that breaks off, and a slow one',
    is: ['broken download', 'slow answers'],
    arrange: (fake) => {
      const hold = fake.moments.hold('done');
      void hold.reached.then(() => {
        fake.resultFault({ kind: 'cut-body', share: 0.3 }, 2);
        fake.resultFault({ kind: 'slow-body', bytes: 8_000, everyMs: 1 }, 1);
        hold.release();
      });
    },
    ends: succeeded(),
    counts: { ...ONCE, fetched: 3 },
  },
  {
    what: 'a word nobody knows',
    is: ['unknown word'],
    arrange: (fake) => {
      fake.word = 'simmering';
      setTimeout(() => {
        fake.word = undefined;
      }, 200);
    },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'an engine that dies while it works',
    is: ['death in the middle', 'forgotten work'],
    arrange: (fake) => dieAt(fake, fake.moments, 'processing'),
    ends: succeeded(2),
    counts: { posted: 2, accepted: 2 },
  },
  {
    what: 'an engine that dies when the file is written and nobody was told',
    arrange: (fake) => {
      fake.word = 'processing';
      const hold = fake.moments.hold('done');
      void hold.reached.then(async () => {
        await fake.kill();
        fake.word = undefined;
        await fake.start();
      });
    },
    ends: succeeded(),
    counts: { ...ONCE, fetched: 0 },
  },
  {
    what: 'an engine that dies and leaves a part of the file',
    arrange: (fake) => {
      fake.word = 'processing';
      const hold = fake.moments.hold('done');
      void hold.reached.then(async () => {
        await fake.kill();
        fake.word = undefined;
        for (const [name, file] of fake.outputs) fake.outputs.set(name, file.subarray(0, file.length / 2));
        await fake.start();
      });
    },
    ends: succeeded(2),
    counts: { posted: 2, accepted: 2 },
  },
  {
    what: 'somebody who cancels it at the engine, which ends it all the same',
    is: ['stopped there'],
    arrange: (fake) => {
      const hold = fake.moments.hold('processing');
      void hold.reached.then(() => fake.cancelAll());
    },
    ends: failed('cancelled'),
    counts: ONCE,
  },
  {
    what: 'a failure of the engine',
    is: ['failed work', 'out of memory'],
    arrange: (fake) => {
      fake.broken = { error: 'CUDA out of memory at /srv/models', type: 'OutOfMemoryError' };
    },
    ends: failed('backend_failed', 3),
    counts: { posted: 3, accepted: 3 },
    check: (_, { message, causes }) => {
      expect(message).toBe('The service that makes the video failed.');
      expect(causes).toContain('OutOfMemoryError');
    },
  },
  {
    what: 'a door that our key does not open',
    is: ['refused key'],
    options: { door: { authorization: 'Bearer other' } },
    ends: failed('backend_misconfigured'),
    counts: { posted: 0, accepted: 0 },
  },
];

faultTable<FakeLightX2v, FakeLightX2vOptions>({
  name: 'lightx2v',
  rows: ROWS,
  open: (options) => startFakeLightX2v({ ...TINY, ...options }),
  api: (fake) => opaque(apiFor(fake)),
  without: {
    'missing model': 'it was started with one, and says which: see the probe below',
    'old version': 'it tells none',
    'dropped socket': 'it pushes nothing',
  },
  count: ({ http, wishes }) => ({
    posted: http.count(POST),
    accepted: wishes.length,
    fetched: http.calls.filter((call) => call.endsWith('/result')).length,
  }),
});

describe('lightx2v with a shared folder', () => {
  async function opened() {
    const folder = await mkdtemp(join(tmpdir(), 'inbetween-shared-'));
    const [here, there] = [join(folder, 'here'), join(folder, 'there')];
    await mkdir(here);
    // The same folder under the name that the other machine has for it.
    await symlink(here, there);
    const world = await openEngine(startFakeLightX2v(TINY), ({ url }) =>
      createLightx2vApi({ address: { url, headers: {} }, shared: { here, there } }),
    );
    return {
      ...world,
      here,
      async [Symbol.asyncDispose]() {
        await world[Symbol.asyncDispose]();
        await rm(folder, { recursive: true, force: true });
      },
    };
  }

  it('hands frames over as files, and leaves none', async () => {
    await using world = await opened();
    const { fake, stage, here } = world;
    expect(await stage.live()).toMatchObject({ status: 'succeeded' });
    expect(fake.http.count('POST /v1/tasks/video/')).toBe(1);
    const [first, last] = await smallPair();
    expect(Buffer.from(fake.wishes[0]?.first ?? []).equals(first)).toBe(true);
    expect(Buffer.from(fake.wishes[0]?.last ?? []).equals(last)).toBe(true);
    expect(await readdir(here)).toEqual([]);
  });

  it('finds again what was accepted and never answered, and is not fooled by its own id', async () => {
    await using world = await opened();
    const { fake, stage } = world;
    fake.http.faults.add('POST /v1/tasks/video/', { kind: 'lost-answer' }, 1);
    expect(await stage.live()).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect([fake.http.count('POST /v1/tasks/video/'), fake.wishes.length]).toEqual([1, 1]);
    // The look-up is denied by a proxy: the second post finds its id taken.
    fake.http.faults.add('POST /v1/tasks/video/', { kind: 'lost-answer' }, 1);
    fake.http.faults.add('GET /v1/tasks', { kind: 'status', status: 404 }, 2);
    const processing = fake.moments.hold('processing');
    const living = stage.live({ seed: 8 });
    await until('the second post', () => fake.http.count('POST /v1/tasks/video/') === 3);
    processing.release();
    expect(await living).toMatchObject({ status: 'succeeded', attempts: 1 });
    expect([fake.http.count('POST /v1/tasks/video/'), fake.wishes.length]).toEqual([3, 2]);
  });

  it.each([
    [
      'that is refused',
      (fake: FakeLightX2v) => fake.http.faults.add('POST /v1/tasks/video/', { kind: 'status', status: 422 }, 1),
      'failed',
    ],
    [
      'that fails',
      (fake: FakeLightX2v) => {
        fake.broken = { error: 'CUDA out of memory', type: 'OutOfMemoryError' };
      },
      'failed',
    ],
    ['that is lost with its engine', (fake: FakeLightX2v) => dieAt(fake, fake.moments, 'processing'), 'succeeded'],
    [
      'whose request is lost',
      (fake: FakeLightX2v) => fake.http.faults.add('POST /v1/tasks/video/', { kind: 'lost-request' }, 1),
      'succeeded',
    ],
  ])('leaves none of a task %s', async (_, arrange, status) => {
    await using world = await opened();
    const { fake, stage, here } = world;
    arrange(fake);
    expect(await stage.live()).toMatchObject({ status });
    expect(await readdir(here)).toEqual([]);
  });

  it('leaves none of what is stopped, or followed to its end for nobody', async () => {
    await using world = await opened();
    const { fake, stage, here } = world;
    const processing = fake.moments.hold('processing');
    const [running, waiting] = [await stage.operationOf(), await stage.operationOf()];
    await processing.reached;
    expect(await readdir(here)).toHaveLength(4);
    expect(await stage.backend.stop?.(waiting, stage.never)).toBe('stopped');
    expect(await stage.backend.stop?.(running, stage.never)).toBe('goes_on');
    expect(await readdir(here)).toHaveLength(2);
    processing.release();
    const ask = { ...(await smallAsk('video_engine1.1')), operation: running, resultWanted: false };
    for await (const event of stage.backend.generate(ask, stage.never)) expect(event.type).toBe('progress');
    expect(await readdir(here)).toEqual([]);
    expect(fake.http.calls.filter((call) => call.endsWith('/result'))).toEqual([]);
  });

  it('removes what a server left that never came back, and nothing of anybody else', async () => {
    await using world = await opened();
    const { stage, here } = world;
    const name = (n: number) => `inbetween-00000000-0000-8000-8000-00000000000${n}-first.png`;
    for (const each of [name(1), name(2), 'holiday.png']) await writeFile(join(here, each), 'x');
    const long = new Date(Date.now() - 9 * 24 * 60 * 60_000);
    for (const each of [name(1), 'holiday.png']) await utimes(join(here, each), long, long);
    expect((await stage.backend.probe(stage.never)).ready).toBe(true);
    expect((await readdir(here)).toSorted()).toEqual(['holiday.png', name(2)]);
    await rm(here, { recursive: true });
    expect((await stage.backend.probe(stage.never)).problems.join()).toContain('cannot be written on this machine');
  });

  it('says so when the folder cannot be written', async () => {
    await using world = await opened();
    const { fake, stage, here } = world;
    await rm(here, { recursive: true });
    const life = await stage.live();
    expect(life).toMatchObject({ status: 'failed', code: 'backend_misconfigured' });
    expect(life.causes).toContain('shared folder');
    expect(life.message).not.toContain(here);
    expect(fake.wishes).toEqual([]);
  });
});

describe('lightx2v', () => {
  it('says what its form would otherwise decide by itself', async () => {
    for (const [modelClass, steps] of [
      ['wan2.2_moe_distill', 4],
      ['wan2.1', 40],
    ] as const) {
      await using world = await openEngine(startFakeLightX2v({ ...TINY, modelClass }), apiFor);
      const { fake, stage } = world;
      expect((await stage.backend.probe(stage.never)).problems).toEqual([]);
      await stage.live({ prompt: 'a walk', negativePrompt: 'mist', seed: 5 });
      expect(fake.wishes).toMatchObject([
        { prompt: 'a walk', negative_prompt: 'mist', infer_steps: steps, seed: 5, target_video_length: 81 },
      ]);
    }
  });

  it('refuses what is no Wan model', async () => {
    await using world = await openEngine(startFakeLightX2v({ ...TINY, modelClass: 'qwen_image' }), apiFor);
    const { stage } = world;
    expect(await stage.backend.probe(stage.never)).toMatchObject({
      ready: false,
      problems: [expect.stringContaining('LightX2V serves qwen_image, which is no Wan model')],
    });
  });

  it('stops what waits; what has begun holds its place until it has ended, whatever it is called', async () => {
    await using world = await openEngine(startFakeLightX2v(TINY), apiFor);
    const { fake, stage } = world;
    const processing = fake.moments.hold('processing');
    const [running, waiting] = [await stage.operationOf(), await stage.operationOf()];
    await processing.reached;
    expect(await stage.backend.stop?.(waiting, stage.never)).toBe('stopped');
    expect(await stage.backend.stop?.(running, stage.never)).toBe('goes_on');
    fake.cancelAll();
    expect(await stage.backend.stop?.(running, stage.never)).toBe('goes_on');
    processing.release();
    await until('the end of it', async () => (await stage.backend.stop?.(running, stage.never)) === 'stopped');
    expect(fake.wishes).toHaveLength(2);
  });
});
