import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type FaultRow, failed, faultTable, succeeded } from '../../../../../../test/support/engines/fault-table.ts';
import { openEngineStage, smallAsk } from '../../../../../../test/support/engines/stage.ts';
import { engineContract, openEngine } from '../../../../../../test/support/engines/world.ts';
import {
  type FakeGateway,
  type FakeGatewayOptions,
  startFakeGateway,
} from '../../../../../../test/support/fakes/openai-videos/server.ts';
import { quietFetcher } from '../../../../../../test/support/remote/world.ts';
import { SIZE_TIERS } from '../../../domain/model.ts';
import { opaque } from '../remote/instances.ts';
import { createGatewayApi, type GatewayOptions } from './api.ts';
import { DIALECTS } from './dialects.ts';

const { fetcher } = quietFetcher();

const apiFor = ({ url }: { readonly url: string }, options: Partial<GatewayOptions> = {}) =>
  createGatewayApi({
    address: { url, headers: { authorization: 'Bearer sk-gateway' } },
    fields: DIALECTS.powertokens.fields,
    size: 'tier',
    frames: 'data-url',
    idempotencyKey: false,
    cancels: false,
    billed: true,
    sizes: SIZE_TIERS,
    sides: undefined,
    models: {},
    fetcher,
    ...options,
  });

engineContract({
  name: 'openai-videos',
  open: () => openEngine(startFakeGateway(), (fake) => opaque(apiFor(fake))),
  accepted: (fake) => fake.accepted,
  hopelessAsk: (attempt, fake) => {
    fake.refuses = { status: 400, body: { code: 'content_policy', message: 'no', data: null }, times: 1 };
    return smallAsk(attempt);
  },
});

const POST = 'POST /v1/videos';
const GET = 'GET /v1/videos/';
const ONCE = { posted: 1, accepted: 1 };

const ROWS: readonly FaultRow<FakeGateway, FakeGatewayOptions>[] = [
  {
    what: 'nothing',
    ends: succeeded(),
    counts: ONCE,
    check: (_, { report }) => expect(report).toMatchObject({ upstream: { usage: { credits: 3 } } }),
  },
  {
    what: 'the words of the seed',
    options: { words: ['pending', 'running', 'succeeded', 'failed'] },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'the words of a relay',
    options: { words: ['SUBMITTED', 'IN-PROGRESS', 'SUCCESS', 'FAILURE'] },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'an answer that got lost',
    is: ['lost answer to a start'],
    arrange: (fake) => fake.http.faults.add(POST, { kind: 'lost-answer' }, 1),
    ends: failed('submission_unknown'),
    counts: ONCE,
  },
  {
    what: 'a request that got lost: nobody knows, so it counts as sent',
    is: ['lost start'],
    arrange: (fake) => fake.http.faults.add(POST, { kind: 'lost-request' }, 1),
    ends: failed('submission_unknown'),
    counts: { posted: 1, accepted: 0 },
  },
  {
    what: 'a request that nobody answers',
    is: ['start without an answer'],
    arrange: (fake) => fake.http.faults.add(POST, { kind: 'silence' }, 1),
    ends: failed('submission_unknown'),
    counts: { posted: 1, accepted: 0 },
  },
  {
    what: 'an answer that says nothing we understand',
    is: ['garbled answer to a start'],
    arrange: (fake) => fake.http.faults.add(POST, { kind: 'gibberish' }, 1),
    ends: failed('submission_unknown'),
    counts: ONCE,
  },
  {
    what: 'answers to looks that are none, and slow ones',
    is: ['garbled looks', 'slow answers'],
    arrange: (fake) => {
      fake.http.faults.add(GET, { kind: 'gibberish' }, 4);
      fake.http.faults.add(GET, { kind: 'slow-body', bytes: 40, everyMs: 5 }, 20);
    },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a model that it does not have',
    is: ['missing model'],
    arrange: (fake) => {
      const error = { code: 'model_not_found', message: 'no such model', type: 'invalid_request_error' };
      fake.refuses = { status: 404, body: { error }, times: 99 };
    },
    ends: failed('backend_misconfigured'),
    counts: { posted: 1, accepted: 0 },
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
    what: 'a result that is kept no longer',
    is: ['expired result'],
    arrange: (fake) => {
      fake.gone = true;
    },
    ends: failed('backend_failed'),
    counts: ONCE,
  },
  {
    what: 'a balance that is used up',
    arrange: (fake) => {
      const error = { message: 'user quota is not enough', type: 'x', code: 'insufficient_balance' };
      fake.refuses = { status: 402, body: { error }, times: 99 };
    },
    ends: failed('backend_misconfigured'),
    counts: { posted: 1, accepted: 0 },
  },
  {
    what: 'a bad key, told with status 500',
    is: ['refused key'],
    options: { key: 'sk-other' },
    ends: failed('backend_misconfigured'),
    counts: { posted: 1, accepted: 0 },
  },
  {
    what: 'a full group, told as 429',
    is: ['too much to do'],
    arrange: (fake) => {
      fake.refuses = {
        status: 429,
        body: { code: 'rate', message: '当前分组上游负载已饱和，请稍后再试', data: null },
        times: 3,
      };
    },
    ends: succeeded(),
    counts: { posted: 4, accepted: 1 },
  },
  {
    what: 'a storm of 5xx while it works',
    is: ['5xx storm'],
    arrange: (fake) => fake.http.faults.add(GET, { kind: 'status', status: 502 }, 8),
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
    what: 'a failure whose state is answered with status 500',
    is: ['failed work', 'out of memory'],
    arrange: (fake) => {
      fake.failsWith = { code: 'upstream_error', message: 'boom at 10.0.0.9' };
      fake.failsLoudly = true;
    },
    ends: failed('backend_failed'),
    counts: ONCE,
    check: (_, { message }) => expect(message).not.toContain('10.0.0.9'),
  },
  {
    what: 'content that is refused',
    arrange: (fake) => {
      fake.failsWith = { code: 'content_policy_violation', message: 'no' };
    },
    ends: failed('content_rejected'),
    counts: ONCE,
  },
  {
    what: 'a gateway that forgets its tasks',
    is: ['forgotten work'],
    arrange: (fake) => {
      const hold = fake.moments.hold('working');
      void hold.reached.then(() => {
        fake.forgets = true;
        hold.release();
      });
    },
    ends: failed('backend_failed'),
    counts: ONCE,
  },
  {
    what: 'a content route that breaks off',
    is: ['broken download'],
    arrange: (fake) => fake.http.faults.add('GET /v1/videos/task_', { kind: 'cut-body', share: 0.6 }, 3),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'no content route, and an address of the same origin',
    options: { urlOnly: true },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'no content route, and an address inside our network',
    options: { urlOnly: true },
    arrange: (fake) => {
      fake.namedUrl = 'http://169.254.169.254/latest/meta-data';
    },
    ends: failed('backend_failed'),
    counts: ONCE,
  },
  {
    what: 'a content route that redirects into our network',
    arrange: (fake) => {
      fake.redirect = 'http://127.0.0.1:1/secret';
    },
    ends: failed('backend_failed'),
    counts: ONCE,
  },
  {
    what: 'servers that are away for a while and come back',
    is: ['death in the middle'],
    arrange: (fake) => {
      const hold = fake.moments.hold('working');
      void hold.reached.then(async () => {
        await fake.kill();
        setTimeout(() => void fake.start(), 100);
      });
    },
    ends: succeeded(),
    counts: ONCE,
  },
];

faultTable<FakeGateway, FakeGatewayOptions>({
  name: 'openai-videos',
  rows: ROWS,
  open: startFakeGateway,
  api: (fake) => opaque(apiFor(fake)),
  without: { 'old version': 'a service tells none', 'dropped socket': 'it pushes nothing' },
  count: (fake) => ({ posted: fake.http.count(POST), accepted: fake.accepted }),
});

describe('a gateway', { timeout: 30_000 }, () => {
  async function asked(options: Partial<GatewayOptions>, fakeOptions: FakeGatewayOptions = {}, generation = {}) {
    const fake = await startFakeGateway(fakeOptions);
    const stage = await openEngineStage(opaque(apiFor(fake, options)));
    try {
      return { life: await stage.live(generation), fake, body: fake.bodies[0], keys: fake.keys };
    } finally {
      await stage.close();
      await fake.kill();
    }
  }

  it('gets the seed’s fields in the seed’s places', async () => {
    const { body } = await asked({}, {}, { negativePrompt: 'cars', seed: 0, promptExtend: true, watermark: true });
    expect(body).toMatchObject({
      model: 'wan2.2-kf2v-flash',
      prompt: 'a kitten looks up',
      negative_prompt: 'cars',
      seed: 0,
      size: '480P',
      seconds: '5',
      prompt_extend: true,
      watermark: true,
      images: [expect.stringMatching(/^data:image\/png;base64,/), expect.stringMatching(/^data:/)],
    });
  });

  it('of the new-api kind gets both frames under the upstream’s own names', async () => {
    const { body, life } = await asked(
      { fields: DIALECTS['new-api'].fields, models: { 'wan2.2-kf2v-flash': 'wan-flash' } },
      {
        firstAt: ['metadata', 'input', 'first_frame_url'],
        lastAt: ['metadata', 'input', 'last_frame_url'],
      },
    );
    expect(life.status).toBe('succeeded');
    expect(body).toMatchObject({ model: 'wan-flash', metadata: { input: {}, parameters: { seed: 7 } } });
  });

  it('with fields of its own', async () => {
    const fields = { first: 'start', last: 'end.image', size: 'resolution' };
    const { body, life } = await asked(
      { fields, frames: 'base64', size: 'pixels' },
      { firstAt: ['start'], lastAt: ['end', 'image'] },
    );
    expect(life.status).toBe('succeeded');
    expect(body).toMatchObject({ start: expect.stringMatching(/^iVBOR/), resolution: '160x96' });
    expect(body).not.toHaveProperty('seed');
  });

  it('that honours Idempotency-Key is sent an unanswered start again, under the attempt’s own key', async () => {
    const fake = await startFakeGateway({ honoursKeys: true });
    fake.http.faults.add(POST, { kind: 'lost-answer' }, 2);
    const stage = await openEngineStage(opaque(apiFor(fake, { idempotencyKey: true })));
    expect((await stage.live()).status).toBe('succeeded');
    expect(fake.accepted).toBe(1);
    expect(fake.keys).toHaveLength(3);
    expect(new Set(fake.keys).size).toBe(1);
    expect(fake.keys[0]).toMatch(/^[0-9a-f-]{36}$/);
    await stage.close();
    await fake.kill();
  });

  it('that refuses an unanswered start when it is sent again has perhaps accepted it: it goes to nobody else', async () => {
    const fake = await startFakeGateway({ honoursKeys: true });
    fake.http.faults.add(POST, { kind: 'lost-answer' }, 1);
    fake.http.faults.add(POST, { kind: 'status', status: 429 }, 99);
    const stage = await openEngineStage(opaque(apiFor(fake, { idempotencyKey: true })));
    expect(await stage.live()).toMatchObject({ status: 'failed', code: 'submission_unknown', attempts: 1 });
    expect(fake.http.count(POST)).toBe(2);
    expect(fake.accepted).toBe(1);
    await stage.close();
    await fake.kill();
  });

  it('is not told a key it does not honour', async () => {
    expect((await asked({})).keys).toEqual([undefined]);
  });

  it('whose address points elsewhere gets no credential there', async () => {
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(200, { 'content-type': 'video/mp4' }).end(Buffer.alloc(500, 1));
    });
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const elsewhere = `http://127.0.0.1:${(other.address() as AddressInfo).port}/x.mp4`;
    const open = quietFetcher('127.0.0.1').fetcher;
    for (const how of ['redirect', 'namedUrl'] as const) {
      const fake = await startFakeGateway({ urlOnly: how === 'namedUrl' });
      fake[how] = elsewhere;
      const stage = await openEngineStage(opaque(apiFor(fake, { fetcher: open })));
      expect((await stage.live()).status).toBe('succeeded');
      await stage.close();
      await fake.kill();
    }
    expect(seen).toEqual([undefined, undefined]);
    await new Promise((done) => other.close(done));
  });

  it('says before the first video what is wrong with key or model', async () => {
    const fake = await startFakeGateway();
    const { signal } = new AbortController();
    expect(await apiFor(fake).probe(signal)).toEqual({ problems: [] });
    const missing = await apiFor(fake, { models: { 'wan2.2-kf2v-flash': 'wan-x' } }).probe(signal);
    expect(missing.problems[0]).toContain('wan-x');
    const other = await startFakeGateway({ key: 'sk-other' });
    expect((await apiFor(other).probe(signal)).problems).toHaveLength(1);
    await fake.kill();
    await other.kill();
  });
});
