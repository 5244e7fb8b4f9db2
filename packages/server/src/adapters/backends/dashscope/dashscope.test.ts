import { describe, expect, it } from 'vitest';
import { type FaultRow, failed, faultTable, succeeded } from '../../../../../../test/support/engines/fault-table.ts';
import { openEngineStage, smallAsk } from '../../../../../../test/support/engines/stage.ts';
import { engineContract, openEngine } from '../../../../../../test/support/engines/world.ts';
import {
  type FakeDashscope,
  type FakeDashscopeOptions,
  startFakeDashscope,
} from '../../../../../../test/support/fakes/dashscope/server.ts';
import { quietFetcher, sharpRescaler } from '../../../../../../test/support/remote/world.ts';
import { opaque } from '../remote/instances.ts';
import { createDashscopeApi, type DashscopeOptions } from './api.ts';
import { regionOf, upstreamName } from './models.ts';

const { fetcher } = quietFetcher();

const apiFor = ({ url }: { readonly url: string }, options: Partial<DashscopeOptions> = {}) =>
  createDashscopeApi({
    address: { url, headers: { authorization: 'Bearer sk-fake' } },
    region: 'cn',
    routed: ['wan2.2-kf2v-flash', 'wan2.1-kf2v-plus'],
    models: {},
    upload: 'inline',
    workspace: undefined,
    fetcher,
    ...options,
  });

const stageFor = (fake: FakeDashscope, options: Partial<DashscopeOptions> = {}) =>
  openEngineStage(opaque(apiFor(fake, options)), { rescaler: sharpRescaler });

engineContract({
  name: 'dashscope',
  open: () =>
    openEngine(startFakeDashscope({ concurrency: 10 }), (fake) => opaque(apiFor(fake)), { rescaler: sharpRescaler }),
  accepted: (fake) => fake.wishes.length,
  // A panorama that no equal scaling brings into 360..2000.
  hopelessAsk: async (attempt) => {
    const ask = await smallAsk(attempt);
    return { ...ask, prepared: { ...ask.prepared, width: 1600, height: 160 } };
  },
});

const CREATE = 'POST /api/v1/services';
const TASK = 'GET /api/v1/tasks/';
const ONCE = { created: 1, accepted: 1 };
const refusal = (status: number, code: string, times = 99) => ({
  status,
  code,
  message: `${code} of sk-secret`,
  times,
});

const ROWS: readonly FaultRow<FakeDashscope, FakeDashscopeOptions>[] = [
  {
    what: 'nothing',
    ends: succeeded(),
    counts: { ...ONCE, billed: 1, cancelled: 0 },
    check: (_, { report }) =>
      expect(report).toMatchObject({ prompt_extend: 'none', upstream: { usage: { SR: 480, video_duration: 5 } } }),
  },
  {
    what: 'an answer to a create that got lost: it may be paid for and cannot be asked, so it is not sent again',
    is: ['lost answer to a start'],
    arrange: (fake) => fake.http.faults.add(CREATE, { kind: 'lost-answer' }, 1),
    ends: failed('submission_unknown'),
    counts: ONCE,
  },
  {
    what: 'a gateway that had no answer to a create',
    is: ['lost start'],
    arrange: (fake) => fake.http.faults.add(CREATE, { kind: 'status', status: 504 }, 1),
    ends: failed('submission_unknown'),
    counts: { created: 1, accepted: 0 },
  },
  {
    what: 'a create that says nothing we understand',
    is: ['garbled answer to a start'],
    arrange: (fake) => fake.http.faults.add(CREATE, { kind: 'gibberish' }, 1),
    ends: failed('submission_unknown'),
    counts: ONCE,
  },
  {
    what: 'a create that nobody answers',
    is: ['start without an answer'],
    arrange: (fake) => fake.http.faults.add(CREATE, { kind: 'silence' }, 1),
    ends: failed('submission_unknown'),
    counts: { created: 1, accepted: 0 },
  },
  {
    what: 'a create whose connection breaks',
    arrange: (fake) => fake.http.faults.add(CREATE, { kind: 'lost-request' }, 1),
    ends: failed('submission_unknown'),
    counts: { created: 1, accepted: 0 },
  },
  {
    what: 'a model that the account does not have',
    is: ['missing model'],
    arrange: (fake) => {
      fake.refuses = refusal(404, 'ModelNotFound');
    },
    ends: failed('backend_misconfigured'),
    counts: { created: 1, accepted: 0 },
  },
  {
    what: 'somebody who cancels the task at DashScope',
    is: ['stopped there'],
    arrange: (fake) => {
      fake.word = 'CANCELED';
    },
    ends: failed('cancelled'),
    counts: ONCE,
  },
  {
    what: 'a rate limit, for a while',
    is: ['too much to do'],
    arrange: (fake) => {
      fake.refuses = refusal(429, 'Throttling.RateQuota', 3);
    },
    ends: succeeded(),
    counts: { created: 4, accepted: 1 },
  },
  {
    what: 'an unpaid bill, told as 429',
    arrange: (fake) => {
      fake.refuses = refusal(429, 'PostpaidBillOverdue');
    },
    ends: failed('backend_misconfigured'),
    counts: { created: 1, accepted: 0 },
    check: (_, { message }) => expect(message).not.toContain('sk-secret'),
  },
  {
    what: 'arrears',
    arrange: (fake) => {
      fake.refuses = refusal(400, 'Arrearage');
    },
    ends: failed('backend_misconfigured'),
    counts: { created: 1, accepted: 0 },
  },
  {
    what: 'content that is refused at once',
    arrange: (fake) => {
      fake.refuses = refusal(400, 'DataInspectionFailed');
    },
    ends: failed('content_rejected'),
    counts: { created: 1, accepted: 0 },
  },
  {
    what: 'a key that is refused',
    is: ['refused key'],
    options: { key: 'sk-other' },
    ends: failed('backend_misconfigured'),
    counts: { created: 1, accepted: 0 },
  },
  {
    what: 'an inner error at the create, for a while',
    arrange: (fake) => {
      fake.refuses = refusal(500, 'InternalError', 2);
    },
    ends: succeeded(),
    counts: { created: 3, accepted: 1 },
  },
  {
    what: 'content that is refused by the task',
    arrange: (fake) => {
      fake.fails = { code: 'DataInspectionFailed', message: 'Output data may contain inappropriate content.' };
    },
    ends: failed('content_rejected'),
    counts: { ...ONCE, billed: 0 },
  },
  {
    what: 'a task that fails: it is not begun again, whoever pays decides',
    is: ['failed work', 'out of memory'],
    arrange: (fake) => {
      fake.fails = { code: 'InternalError.Algo', message: 'oom on worker 10.0.0.7' };
    },
    ends: failed('backend_failed'),
    counts: ONCE,
    check: (_, { message, causes }) => {
      expect(message).not.toContain('10.0.0.7');
      expect(causes).toContain('InternalError.Algo');
    },
  },
  {
    what: 'a storm of 5xx and of lost answers while it works',
    is: ['5xx storm', 'garbled looks'],
    arrange: (fake) => {
      fake.http.faults.add(TASK, { kind: 'status', status: 503 }, 6);
      fake.http.faults.add(TASK, { kind: 'lost-answer' }, 3);
      fake.http.faults.add(TASK, { kind: 'status', status: 429, body: '{"code":"Throttling","message":"x"}' }, 3);
      fake.http.faults.add(TASK, { kind: 'gibberish' }, 2);
    },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a word nobody knows',
    is: ['unknown word'],
    arrange: (fake) => {
      fake.word = 'MARINATING';
      setTimeout(() => {
        fake.word = undefined;
      }, 200);
    },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a task that is not known any more',
    is: ['forgotten work'],
    arrange: (fake) => {
      fake.word = 'UNKNOWN';
    },
    ends: failed('backend_failed'),
    counts: ONCE,
  },
  {
    what: 'an unknown task, once, and then it is there again',
    arrange: (fake) => {
      fake.http.faults.add(TASK, { kind: 'status', status: 200, body: '{"output":{"task_status":"UNKNOWN"}}' }, 1);
    },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a result whose address has expired',
    is: ['expired result'],
    arrange: (fake) => {
      fake.expired = true;
    },
    ends: failed('backend_failed'),
    counts: ONCE,
  },
  {
    what: 'a result that breaks off and comes slowly',
    is: ['broken download', 'slow answers'],
    arrange: (fake) => {
      fake.http.faults.add('GET /results/', { kind: 'cut-body', share: 0.5 }, 5);
      fake.http.faults.add('GET /results/', { kind: 'status', status: 503 }, 2);
      fake.http.faults.add('GET /results/', { kind: 'slow-body', bytes: 2_000, everyMs: 2 }, 1);
    },
    ends: succeeded(),
    counts: { ...ONCE, fetched: 8 },
  },
  {
    what: 'servers that are away for a while and come back',
    is: ['death in the middle'],
    arrange: (fake) => {
      const hold = fake.moments.hold('running');
      void hold.reached.then(async () => {
        await fake.kill();
        setTimeout(() => void fake.start(), 100);
      });
    },
    ends: succeeded(),
    counts: ONCE,
  },
];

faultTable<FakeDashscope, FakeDashscopeOptions>({
  name: 'dashscope',
  rows: ROWS,
  open: startFakeDashscope,
  api: (fake) => opaque(apiFor(fake)),
  stage: { rescaler: sharpRescaler },
  without: { 'old version': 'a service has none', 'dropped socket': 'it pushes nothing' },
  count: (fake) => ({
    created: fake.http.count(CREATE),
    accepted: fake.wishes.length,
    billed: fake.billed,
    fetched: fake.http.count('GET /results/'),
    cancelled: fake.http.calls.filter((call) => call.endsWith('/cancel')).length,
  }),
});

describe('dashscope', { timeout: 30_000 }, () => {
  async function asked(options: Partial<DashscopeOptions>, generation: object, fakeOptions: FakeDashscopeOptions = {}) {
    const fake = await startFakeDashscope(fakeOptions);
    const stage = await stageFor(fake, options);
    try {
      return { life: await stage.live(generation), fake, wish: fake.wishes[0] };
    } finally {
      await stage.close();
      await fake.kill();
    }
  }

  it('is asked for all that the caller wanted', async () => {
    const { wish } = await asked({}, { negativePrompt: 'cars', watermark: true, promptExtend: true, seed: 0 });
    expect(wish).toMatchObject({
      model: 'wan2.2-kf2v-flash',
      prompt: 'a kitten looks up',
      negativePrompt: 'cars',
      parameters: { resolution: '480P', duration: 5, prompt_extend: true, watermark: true, seed: 0 },
    });
  });

  it('tells the prompt it really used', async () => {
    const { life } = await asked({}, { promptExtend: true });
    expect(life.report).toMatchObject({ prompt_extend: 'native' });
  });

  it('calls a model by its name in the region', async () => {
    expect((await asked({}, { model: 'wan2.1-kf2v-plus', size: '720P' })).wish?.model).toBe('wanx2.1-kf2v-plus');
    const intl = await asked({ region: 'intl' }, { model: 'wan2.1-kf2v-plus', size: '720P' }, { region: 'intl' });
    expect(intl.wish?.model).toBe('wan2.1-kf2v-plus');
    expect(upstreamName('wan2.1-kf2v-plus', 'cn', { 'wan2.1-kf2v-plus': 'other' })).toBe('other');
    expect(regionOf('https://abc.ap-southeast-1.maas.aliyuncs.com')).toBe('intl');
    expect(regionOf('https://dashscope-intl.aliyuncs.com')).toBe('intl');
    expect(regionOf('https://dashscope.aliyuncs.com')).toBe('cn');
  });

  it('serves the same ask by wan2.7-i2v, which takes a list of media and no 480P', async () => {
    const models = { 'wan2.2-kf2v-flash': 'wan2.7-i2v' };
    const { wish, life } = await asked({ models, routed: ['wan2.2-kf2v-flash'] }, { size: '720P' });
    expect(life.status).toBe('succeeded');
    expect(wish).toMatchObject({ model: 'wan2.7-i2v', path: expect.stringContaining('video-generation') });
    const api = createDashscopeApi({
      address: { url: 'http://x', headers: {} },
      region: 'cn',
      routed: ['wan2.2-kf2v-flash'],
      models,
      upload: 'inline',
      workspace: undefined,
      fetcher,
    });
    expect(api.traits.sizes).toEqual(['720P', '1080P']);
  });

  it('gets frames through the temporary upload', async () => {
    const { wish, life, fake } = await asked({ upload: 'temporary' }, {});
    expect(life.status).toBe('succeeded');
    expect(fake.uploads.size).toBe(2);
    expect(wish?.first).toEqual([...fake.uploads.values()][0]);
  });

  it.each(['create', 'task'] as const)(
    'asks once more, with the prompt as it was written, when rewriting fails as a %s',
    async (when) => {
      const fake = await startFakeDashscope();
      fake.rewriteFails = when;
      const stage = await stageFor(fake);
      const life = await stage.live({ promptExtend: true });
      expect(life).toMatchObject({ status: 'succeeded', attempts: 2, report: { prompt_extend: 'none' } });
      expect(fake.http.count(CREATE)).toBe(2);
      expect(fake.billed).toBe(1);
      expect(fake.wishes.map(({ parameters }) => parameters['prompt_extend'])).toEqual(
        when === 'create' ? [false] : [true, false],
      );
      await stage.close();
      await fake.kill();
    },
  );

  it('does not ask for ever: a prompt that was not to be rewritten fails no second time', async () => {
    const fake = await startFakeDashscope();
    fake.fails = { code: 'RewriteFailed', message: 'x' };
    const stage = await stageFor(fake);
    const life = await stage.live({ promptExtend: true });
    expect(life).toMatchObject({ status: 'failed', code: 'backend_failed', attempts: 2 });
    expect(fake.http.count(CREATE)).toBe(2);
    await stage.close();
    await fake.kill();
  });

  it('stops what waits, and says that it cannot stop what runs', async () => {
    const fake = await startFakeDashscope({ queueMs: 60_000 });
    const stage = await stageFor(fake);
    const waiting = await stage.operationOf();
    expect(await stage.backend.stop?.(waiting, stage.never)).toBe('stopped');
    expect(await stage.backend.stop?.(waiting, stage.never)).toBe('stopped');
    await stage.close();
    await fake.kill();

    const busy = await startFakeDashscope();
    const other = await stageFor(busy);
    const hold = busy.moments.hold('running');
    const running = await other.operationOf();
    await hold.reached;
    expect(await other.backend.stop?.(running, other.never)).toBe('goes_on');
    hold.release();
    await other.close();
    await busy.kill();
  });

  it('finds out for nothing whether the key is good', async () => {
    const fake = await startFakeDashscope();
    const [good, bad] = [
      apiFor(fake),
      apiFor(fake, { address: { url: fake.url, headers: { authorization: 'Bearer no' } } }),
    ];
    const { signal } = new AbortController();
    expect(await good.probe(signal)).toEqual({ problems: [] });
    expect((await bad.probe(signal)).problems[0]).toMatch(/key is refused/);
    expect(fake.http.count(CREATE)).toBe(0);
    await fake.kill();
  });
});
