import { openEngineStage, smallAsk } from '../../../../../../test/support/engines/stage.ts';
import { type FakeComfyuiOptions, startFakeComfyui } from '../../../../../../test/support/fakes/comfyui/server.ts';
import { backendContract } from '../../../ports/backend.contract.ts';
import { systemClock } from '../../system/clock.ts';
import { createComfyuiApi } from './api.ts';
import { presetsFor } from './presets.ts';

const MODELS = ['wan2.2-kf2v-flash', 'wan2.1-kf2v-plus'];

function apiFor(url: string, headers: Readonly<Record<string, string>> = {}) {
  return createComfyuiApi({ address: { url, headers }, workflowsFor: presetsFor, models: MODELS, clock: systemClock });
}

async function openWorld(options: FakeComfyuiOptions = {}) {
  const fake = await startFakeComfyui(options);
  const stage = await openEngineStage(apiFor(fake.url));
  return {
    fake,
    stage,
    close: async () => {
      await stage.close();
      await fake.kill();
    },
  };
}

for (const version of ['0.3.64', '0.33.0']) {
  backendContract(`comfyui ${version}`, 'operations', async () => {
    const { fake, stage, close } = await openWorld({ version });
    return {
      backend: stage.backend,
      ask: smallAsk,
      hopelessAsk: (attempt) => smallAsk(attempt, { size: '1080P' }),
      leftovers: async () => [
        ...(await stage.leftovers()),
        ...Array.from({ length: fake.sockets }, (_, n) => `socket ${n + 1}`),
      ],
      accepted: () => fake.engine.accepted,
      close,
    };
  });
}
