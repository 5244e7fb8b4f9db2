import { expect } from 'vitest';
import {
  dieAt,
  type FaultRow,
  failed,
  faultTable,
  succeeded,
} from '../../../../../../test/support/engines/fault-table.ts';
import { hurriedClock } from '../../../../../../test/support/engines/stage.ts';
import {
  type FakeComfyui,
  type FakeComfyuiOptions,
  OFFICIAL_MODELS,
  startFakeComfyui,
} from '../../../../../../test/support/fakes/comfyui/server.ts';
import { opaque } from '../remote/instances.ts';
import { createComfyuiApi } from './api.ts';
import { presetsFor } from './presets.ts';

/** Graphs posted, and graphs taken. */
const ONCE = { posted: 1, accepted: 1 };
const LOST = { kind: 'lost-answer' } as const;

const ROWS: readonly FaultRow<FakeComfyui, FakeComfyuiOptions>[] = [
  { what: 'nothing', ends: succeeded(), counts: { ...ONCE, viewed: 1 } },
  {
    what: 'a proxy that knows no WebSocket',
    arrange: (fake) => fake.http.faults.add('GET /ws', { kind: 'status', status: 400 }),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a socket that breaks in the middle',
    is: ['dropped socket'],
    options: { stepMs: 40 },
    arrange: (fake) => {
      const hold = fake.engine.moments.hold('sampling');
      void hold.reached.then(() => {
        fake.dropSockets();
        hold.release();
      });
    },
    ends: succeeded(),
    counts: ONCE,
    check: (fake) => expect(fake.http.count('GET /ws')).toBeGreaterThanOrEqual(2),
  },
  {
    what: 'an answer to the prompt that got lost',
    is: ['lost answer to a start'],
    arrange: (fake) => fake.http.faults.add('POST /prompt', LOST, 1),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a prompt that got lost',
    is: ['lost start'],
    arrange: (fake) => fake.http.faults.add('POST /prompt', { kind: 'lost-request' }, 1),
    ends: succeeded(),
    counts: { posted: 2, accepted: 1 },
  },
  {
    what: 'a prompt that is never answered',
    is: ['start without an answer'],
    arrange: (fake) => fake.http.faults.add('POST /prompt', { kind: 'silence' }, 1),
    ends: succeeded(),
    counts: { posted: 2, accepted: 1 },
  },
  {
    what: 'an answer to the prompt that is no answer',
    is: ['garbled answer to a start'],
    arrange: (fake) => fake.http.faults.add('POST /prompt', { kind: 'gibberish' }, 1),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'an upload that got lost',
    arrange: (fake) => fake.http.faults.add('POST /upload/image', LOST, 1),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a storm of 502 from the first request on',
    arrange: (fake) => fake.http.faults.add('', { kind: 'status', status: 502 }, 25),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a storm of 503 while it works',
    is: ['5xx storm'],
    arrange: (fake) => fake.http.faults.add('GET /history', { kind: 'status', status: 503 }, 12),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'answers to looks that are no answers',
    is: ['garbled looks'],
    arrange: (fake) => {
      fake.http.faults.add('GET /history', { kind: 'gibberish' }, 3);
      fake.http.faults.add('GET /api/jobs', { kind: 'gibberish' }, 3);
    },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a slow download',
    is: ['slow answers'],
    arrange: (fake) => fake.http.faults.add('GET /view', { kind: 'slow-body', bytes: 4_000, everyMs: 2 }, 1),
    ends: succeeded(),
    counts: { ...ONCE, viewed: 1 },
  },
  {
    what: 'a download that breaks off',
    is: ['broken download'],
    arrange: (fake) => fake.http.faults.add('GET /view', { kind: 'cut-body', share: 0.5 }, 2),
    ends: succeeded(),
    counts: { ...ONCE, viewed: 3 },
  },
  {
    what: 'a model file that is missing',
    is: ['missing model'],
    options: { models: { ...OFFICIAL_MODELS, vae: [] } },
    ends: failed('backend_misconfigured'),
    counts: { posted: 0, accepted: 0 },
    check: (_, { causes, message }) => {
      expect(causes).toContain("the file wan_2.1_vae.safetensors is missing in ComfyUI's models/vae");
      expect(message).not.toMatch(/vae|ComfyUI|127/);
    },
  },
  {
    what: 'a node that is missing',
    options: { without: ['WanFirstLastFrameToVideo', 'WanFunInpaintToVideo'] },
    ends: failed('backend_misconfigured'),
    counts: { posted: 0, accepted: 0 },
    check: (_, { causes }) => expect(causes).toContain('this ComfyUI has no node Wan'),
  },
  {
    what: 'a model file that was removed after we had looked',
    arrange: (fake) => {
      fake.onUpload = () => {
        fake.models = { ...fake.models, loras: [] };
      };
    },
    ends: failed('backend_misconfigured'),
    counts: { posted: 1, accepted: 0 },
    check: (_, { causes }) => {
      expect(causes).toContain(
        "the file wan2.2_i2v_lightx2v_4steps_lora_v1_high_noise.safetensors is missing in ComfyUI's models/loras",
      );
    },
  },
  {
    what: 'out of memory, once',
    is: ['out of memory'],
    arrange: (fake) => {
      fake.engine.outOfMemory = 1;
    },
    ends: succeeded(),
    counts: { posted: 2, accepted: 2, freed: 1 },
  },
  {
    what: 'out of memory, always',
    arrange: (fake) => {
      fake.engine.outOfMemory = Number.POSITIVE_INFINITY;
    },
    ends: failed('backend_failed'),
    counts: { posted: 2, accepted: 2, freed: 1 },
    check: (_, { causes, message }) => {
      expect(causes).toContain('torch.OutOfMemoryError');
      expect(message).toBe('The service that makes the video ran out of memory.');
    },
  },
  {
    what: 'out of memory, and the answer to the second try gets lost',
    arrange: (fake) => {
      fake.engine.outOfMemory = 1;
      fake.onFree = () => fake.http.faults.add('POST /prompt', LOST, 1);
    },
    ends: succeeded(),
    counts: { posted: 2, accepted: 2, freed: 1 },
  },
  {
    what: 'a file that somebody removed before it was fetched',
    is: ['expired result'],
    arrange: (fake) => fake.http.faults.add('GET /view', { kind: 'status', status: 404 }, 3),
    ends: succeeded(2),
    counts: { posted: 2, accepted: 2, viewed: 4 },
  },
  {
    what: 'a node that fails',
    is: ['failed work'],
    arrange: (fake) => {
      fake.engine.broken = { type: 'RuntimeError', message: 'CUDA error: an illegal access by /home/someone' };
    },
    ends: failed('backend_failed', 3),
    counts: { posted: 3, accepted: 3 },
    check: (_, { causes, message }) => {
      expect(causes).toContain('KSamplerAdvanced: RuntimeError: CUDA error');
      expect(message).toBe('The service that makes the video failed.');
    },
  },
  {
    what: 'somebody who interrupts it in ComfyUI',
    is: ['stopped there'],
    arrange: (fake) => {
      const hold = fake.engine.moments.hold('sampling');
      void hold.reached.then(() => {
        fake.engine.interrupt();
        hold.release();
      });
    },
    ends: failed('cancelled'),
    counts: ONCE,
  },
  {
    what: 'an engine that dies while it samples',
    is: ['death in the middle'],
    arrange: (fake) => dieAt(fake, fake.engine.moments, 'sampling'),
    ends: succeeded(2),
    counts: { posted: 2, accepted: 2 },
  },
  {
    what: 'an engine that dies as it accepts, before anybody hears of it',
    arrange: (fake) => dieAt(fake, fake.engine.moments, 'accepted'),
    ends: succeeded(),
    counts: { posted: 2, accepted: 2 },
  },
  {
    what: 'an engine that dies when it has begun',
    arrange: (fake) => dieAt(fake, fake.engine.moments, 'started'),
    ends: succeeded(2),
    counts: { posted: 2, accepted: 2 },
  },
  {
    what: 'an engine that dies while it writes the file',
    arrange: (fake) => dieAt(fake, fake.engine.moments, 'saving'),
    ends: succeeded(2),
    counts: { posted: 2, accepted: 2 },
  },
  {
    what: 'an engine that dies when the file is written and nobody was told',
    arrange: (fake) => dieAt(fake, fake.engine.moments, 'done'),
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'somebody who clears the history',
    is: ['forgotten work'],
    arrange: (fake) => {
      const hold = fake.engine.moments.hold('done');
      void hold.reached.then(() => {
        fake.engine.history.clear();
        hold.release();
      });
    },
    ends: succeeded(),
    counts: ONCE,
  },
  {
    what: 'a version that is too old',
    is: ['old version'],
    options: { version: '0.3.40' },
    ends: failed('backend_misconfigured'),
    counts: { posted: 0, accepted: 0 },
    check: (_, { causes }) => expect(causes).toContain('ComfyUI 0.3.40 is too old: 0.3.45 or newer is needed'),
  },
  {
    what: 'a door that our key does not open',
    is: ['refused key'],
    options: { door: { authorization: 'Basic b3RoZXI6a2V5' } },
    ends: failed('backend_misconfigured'),
    counts: { posted: 0, accepted: 0 },
  },
];

for (const version of ['0.3.64', '0.33.0']) {
  faultTable<FakeComfyui, FakeComfyuiOptions>({
    name: `comfyui ${version}`,
    rows: ROWS,
    open: (options) => startFakeComfyui({ version, ...options }),
    api: ({ url }) =>
      opaque(
        createComfyuiApi({
          address: { url, headers: {} },
          workflowsFor: presetsFor,
          models: ['wan2.2-kf2v-flash'],
          clock: hurriedClock,
        }),
      ),
    without: {
      'too much to do': 'its queue has no end',
      'unknown word': 'it is told by what is in queue and history, not by words',
    },
    count: ({ http, engine }) => ({
      posted: http.count('POST /prompt'),
      accepted: engine.accepted,
      viewed: http.count('GET /view'),
      freed: engine.freed,
    }),
  });
}
