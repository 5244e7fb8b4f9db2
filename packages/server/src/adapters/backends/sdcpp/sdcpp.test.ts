import { describe, expect, it } from 'vitest';
import {
  dieAt,
  type FaultRow,
  failed,
  faultTable,
  succeeded,
} from '../../../../../../test/support/engines/fault-table.ts';
import { smallPair } from '../../../../../../test/support/engines/stage.ts';
import { engineContract, openEngine } from '../../../../../../test/support/engines/world.ts';
import {
  type FakeSdServer,
  type FakeSdServerOptions,
  startFakeSdServer,
} from '../../../../../../test/support/fakes/sdcpp/server.ts';
import { opaque } from '../remote/instances.ts';
import { createSdcppApi } from './api.ts';

const apiFor = ({ url }: { readonly url: string }) => createSdcppApi({ address: { url, headers: {} } });

engineContract({
  name: 'sdcpp',
  open: () => openEngine(startFakeSdServer({ formats: ['avi'] }), apiFor),
  accepted: (fake) => fake.wishes.length,
});

const ONCE = { posted: 1, accepted: 1 };
const POST = 'POST /sdcpp/v1/vid_gen';
const JOB = 'GET /sdcpp/v1/jobs';

const ROWS: readonly FaultRow<FakeSdServer, FakeSdServerOptions>[] = [
  { what: 'nothing', ends: succeeded(), counts: ONCE },
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
    arrange: (fake) => fake.http.faults.add(JOB, { kind: 'gibberish' }, 4),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'somebody who cancels it there',
    is: ['stopped there'],
    arrange: (fake) => {
      fake.word = 'cancelled';
    },
    ends: failed('cancelled'),
    counts: ONCE,
  },
  {
    what: 'a full queue, for a while',
    is: ['too much to do'],
    arrange: (fake) =>
      fake.http.faults.add(POST, { kind: 'status', status: 429, body: '{"error":"job queue is full"}' }, 3),
    ends: succeeded(),
    counts: { posted: 4, accepted: 1 },
  },
  {
    what: 'a storm of 503 while it works',
    is: ['5xx storm'],
    arrange: (fake) => fake.http.faults.add(JOB, { kind: 'status', status: 503 }, 15),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'an answer to a look that breaks off',
    arrange: (fake) => fake.http.faults.add(JOB, { kind: 'cut-body', share: 0.5 }, 3),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'slow answers',
    is: ['slow answers'],
    arrange: (fake) => fake.http.faults.add(JOB, { kind: 'slow-body', bytes: 40_000, everyMs: 1 }, 10),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a word nobody knows',
    is: ['unknown word'],
    arrange: (fake) => {
      fake.word = 'marinating';
      setTimeout(() => {
        fake.word = undefined;
      }, 200);
    },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'an engine that dies while it generates',
    is: ['death in the middle', 'forgotten work'],
    arrange: (fake) => dieAt(fake, fake.moments, 'generating'),
    ends: succeeded(2),
    counts: { posted: 2, accepted: 2 },
  },
  {
    what: 'a finished job whose answer breaks off, and comes slowly',
    is: ['broken download'],
    arrange: (fake) => {
      const hold = fake.moments.hold('done');
      void hold.reached.then(() => {
        fake.http.faults.add('GET /sdcpp/v1/jobs', { kind: 'cut-body', share: 0.5 }, 1);
        fake.http.faults.add('GET /sdcpp/v1/jobs', { kind: 'slow-body', bytes: 50_000, everyMs: 1 }, 1);
        fake.http.faults.add('GET /sdcpp/v1/jobs', { kind: 'cut-body', share: 0.9 }, 4);
        hold.release();
      });
    },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'results that have expired',
    is: ['expired result'],
    options: { keepMs: -1 },
    ends: failed('backend_failed', 3),
    counts: { posted: 3, accepted: 3 },
    check: (_, { causes }) => expect(causes).toContain('expired'),
  },
  {
    what: 'a failure of the engine',
    is: ['failed work', 'out of memory'],
    arrange: (fake) => {
      fake.broken = { code: 'generation_failed', message: 'ggml_cuda: out of memory at /home/someone' };
    },
    ends: failed('backend_failed', 3),
    counts: { posted: 3, accepted: 3 },
    check: (_, { message }) => expect(message).toBe('The service that makes the video failed.'),
  },
  {
    what: 'a model that takes no last frame',
    is: ['missing model'],
    options: { takesEndImage: false },
    ends: failed('backend_misconfigured'),
    counts: { posted: 0, accepted: 0 },
    check: (_, { causes }) => expect(causes).toContain('takes no last frame'),
  },
  {
    what: 'a build that writes nothing we read',
    options: { formats: [] },
    ends: failed('backend_misconfigured'),
    counts: { posted: 0, accepted: 0 },
  },
  {
    what: 'a build without webm',
    options: { formats: ['avi'] },
    ends: succeeded(),
    counts: ONCE,
    check: (_, { report }) => expect(report).toMatchObject({ upstream: { format: 'avi', frames: 81 } }),
  },
  {
    what: 'a door that our key does not open',
    is: ['refused key'],
    options: { door: { authorization: 'Bearer other' } },
    ends: failed('backend_misconfigured'),
    counts: { posted: 0, accepted: 0 },
  },
];

faultTable<FakeSdServer, FakeSdServerOptions>({
  name: 'sdcpp',
  rows: ROWS,
  open: (options) => startFakeSdServer({ formats: ['avi', 'webm'], ...options }),
  api: (fake) => opaque(apiFor(fake)),
  without: { 'old version': 'it tells none', 'dropped socket': 'it pushes nothing' },
  count: ({ http, wishes }) => ({ posted: http.count(POST), accepted: wishes.length }),
});

describe('sdcpp', () => {
  it('sends both frames, 4n+1 frames at 16 fps, and our seed', async () => {
    await using world = await openEngine(startFakeSdServer({ formats: ['avi'] }), apiFor);
    const { fake, stage } = world;
    await stage.live({ prompt: 'a walk', negativePrompt: '', seed: 99 });
    const [first, last] = await smallPair();
    expect(fake.wishes).toMatchObject([
      { prompt: 'a walk', negative_prompt: 'blurred', seed: 99, video_frames: 81, fps: 16, width: 160, height: 96 },
    ]);
    expect(Buffer.from(fake.wishes[0]?.first ?? []).equals(first)).toBe(true);
    expect(Buffer.from(fake.wishes[0]?.last ?? []).equals(last)).toBe(true);
  });

  it('refuses a model that takes no last frame, also when it was loaded later', async () => {
    await using world = await openEngine(startFakeSdServer({ formats: ['avi'] }), apiFor);
    const { fake, stage } = world;
    expect(await stage.live()).toMatchObject({ status: 'succeeded' });
    fake.takesEndImage = false;
    expect(await stage.live({ seed: 2 })).toMatchObject({ status: 'failed', code: 'backend_misconfigured' });
    expect(fake.wishes).toHaveLength(1);
  });

  it('sends the operator’s own fields, and none of them in place of ours', async () => {
    const request = { sample_params: { sample_steps: 8 }, end_image: 'another', seed: 1 };
    await using world = await openEngine(startFakeSdServer({ formats: ['avi'] }), ({ url }) =>
      createSdcppApi({ address: { url, headers: {} }, request }),
    );
    const { fake, stage } = world;
    expect(await stage.live({ seed: 44 })).toMatchObject({ status: 'succeeded' });
    expect(fake.wishes[0]).toMatchObject({ seed: 44, asked: { sample_params: { sample_steps: 8 } } });
    expect(Buffer.from(fake.wishes[0]?.last ?? []).equals((await smallPair())[1])).toBe(true);
  });

  it('stops what waits and cannot stop what it has begun', async () => {
    await using world = await openEngine(startFakeSdServer({ formats: ['avi'] }), apiFor);
    const { fake, stage } = world;
    const generating = fake.moments.hold('generating');
    const [running, waiting] = [await stage.operationOf(), await stage.operationOf()];
    await generating.reached;
    expect(await stage.backend.stop?.(waiting, stage.never)).toBe('stopped');
    expect(await stage.backend.stop?.(running, stage.never)).toBe('goes_on');
    generating.release();
    await stage.ends(running);
    expect(await stage.backend.stop?.(running, stage.never)).toBe('stopped');
  });
});
