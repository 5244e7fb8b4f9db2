import { smallAsk } from '../../../../../../test/support/engines/stage.ts';
import { engineContract, openEngine } from '../../../../../../test/support/engines/world.ts';
import { type FakeComfyui, startFakeComfyui } from '../../../../../../test/support/fakes/comfyui/server.ts';
import { systemClock } from '../../system/clock.ts';
import { createComfyuiApi } from './api.ts';
import { presetsFor } from './presets.ts';

const MODELS = ['wan2.2-kf2v-flash', 'wan2.1-kf2v-plus'];

const apiFor = ({ url }: FakeComfyui) =>
  createComfyuiApi({ address: { url, headers: {} }, workflowsFor: presetsFor, models: MODELS, clock: systemClock });

for (const version of ['0.3.64', '0.33.0']) {
  engineContract({
    name: `comfyui ${version}`,
    open: () => openEngine(startFakeComfyui({ version }), apiFor),
    accepted: (fake) => fake.engine.accepted,
    hopelessAsk: (attempt) => smallAsk(attempt, { size: '1080P' }),
    leftovers: (fake) => Array.from({ length: fake.sockets }, (_, n) => `socket ${n + 1}`),
  });
}
