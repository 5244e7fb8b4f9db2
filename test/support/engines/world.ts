import type { RemoteApi } from '../../../packages/server/src/adapters/backends/remote/remote-api.ts';
import type { RemoteBackendOptions } from '../../../packages/server/src/adapters/backends/remote/remote-backend.ts';
import type { Json } from '../../../packages/server/src/domain/attempt.ts';
import { backendContract } from '../../../packages/server/src/ports/backend.contract.ts';
import type { GenerateAsk } from '../../../packages/server/src/ports/backend.ts';
import { openEngineStage, smallAsk } from './stage.ts';

/** What a world needs of a fake engine. */
interface Killable {
  kill(): Promise<void>;
}

/** A fake engine and a backend over its adapter; they end together. */
export interface EngineWorld<Fake> extends AsyncDisposable {
  readonly fake: Fake;
  readonly stage: Awaited<ReturnType<typeof openEngineStage>>;
}

export async function openEngine<Fake extends Killable, Operation extends Json>(
  starting: Fake | Promise<Fake>,
  api: (fake: Fake) => RemoteApi<Operation>,
  options: Partial<RemoteBackendOptions> = {},
): Promise<EngineWorld<Fake>> {
  const fake = await starting;
  const stage = await openEngineStage(api(fake), options);
  return {
    fake,
    stage,
    async [Symbol.asyncDispose]() {
      await stage.close();
      await fake.kill();
    },
  };
}

export interface EngineContract<Fake> {
  readonly name: string;
  open(): Promise<EngineWorld<Fake>>;
  accepted(fake: Fake): number;
  /** An ask that the engine refuses or fails; two things that are no pictures unless said otherwise. */
  hopelessAsk?(attempt: string, fake: Fake): Promise<GenerateAsk>;
  /** What else an attempt must not leave behind. */
  leftovers?(fake: Fake): readonly string[];
}

/** The contract of all backends, over a fake engine. */
export function engineContract<Fake>(contract: EngineContract<Fake>): void {
  const { name, accepted, hopelessAsk = noPictures, leftovers = () => [] } = contract;
  backendContract(name, 'operations', async () => {
    const world = await contract.open();
    const { fake, stage } = world;
    return {
      backend: stage.backend,
      ask: smallAsk,
      hopelessAsk: (attempt) => hopelessAsk(attempt, fake),
      leftovers: async () => [...(await stage.leftovers()), ...leftovers(fake)],
      accepted: () => accepted(fake),
      close: async () => world[Symbol.asyncDispose](),
    };
  });
}

async function noPictures(attempt: string): Promise<GenerateAsk> {
  const nothing = { bytes: Buffer.from('no') };
  return { ...(await smallAsk(attempt)), frames: { first: nothing, last: nothing } };
}
