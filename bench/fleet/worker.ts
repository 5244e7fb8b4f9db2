/** One worker's lane `generate` on PostgreSQL, in front of a peer that takes so long for each. Tells when it is called. */

import { createPostgresBell } from '../../packages/server/src/adapters/stores/postgres/bell.ts';
import { openPostgresStore } from '../../packages/server/src/adapters/stores/postgres/open.ts';
import { createBell } from '../../packages/server/src/adapters/system/bell.ts';
import { systemClock } from '../../packages/server/src/adapters/system/clock.ts';
import { systemIds } from '../../packages/server/src/adapters/system/ids.ts';
import { DEFAULT_POLICY } from '../../packages/server/src/domain/policy.ts';
import type { Backend } from '../../packages/server/src/ports/backend.ts';
import { createGenerateLane } from '../../packages/server/src/worker/generate.ts';
import { createHeart } from '../../packages/server/src/worker/heart.ts';
import { createWatch } from '../../packages/server/src/worker/watch.ts';
import { answerOrders, tell } from '../accept/helper.ts';
import { type Milestone, machineMs } from '../accept/milestone.ts';
import { CAPABILITIES, createResultParts, QUIET_LOG as log, QUIET_METER as meter, RESULT_FILE } from './parts.ts';

export interface WorkerOrder {
  readonly url: string;
  readonly takesMs: number;
  /** Videos at once, of this worker. */
  readonly concurrency: number;
  /** Whether it hears the others ring. */
  readonly hears: boolean;
}

let stop: () => Promise<void> = async () => undefined;
answerOrders(
  async (order: WorkerOrder) => {
    stop = await start(order);
    return {};
  },
  () => stop(),
);

async function start({ url, takesMs, concurrency, hears }: WorkerOrder): Promise<() => Promise<void>> {
  const clock = systemClock;
  const { store, pool } = await openPostgresStore({ url, connections: 10, schema: 'require', log });
  const local = createBell(log);
  const shared = hears ? createPostgresBell({ url, pool, local, clock, log }) : undefined;
  const worker = systemIds.worker();
  const backend: Backend = {
    name: 'peer',
    slots: 10_000,
    capabilities: CAPABILITIES,
    probe: async () => CAPABILITIES,
    async *generate({ video }, signal) {
      tell({ id: video, what: 'called', at: machineMs() } satisfies Milestone);
      await clock.sleep(takesMs, signal);
      yield { type: 'finished', video: RESULT_FILE, report: {} };
    },
  };
  const common = {
    worker,
    store: store.videos,
    clock,
    log,
    meter,
    bell: shared ?? local,
    policy: DEFAULT_POLICY,
  };
  const heart = createHeart(worker, { store: store.workers, clock, log, termMs: 30_000 });
  const lane = createGenerateLane({
    ...common,
    ...createResultParts(),
    backends: { peer: backend },
    watch: createWatch(common),
    stateOf: () => 'open',
    router: { other: () => undefined },
    concurrency,
  });
  await heart.start();
  await lane.start();
  return async () => {
    await lane.stop(1_000);
    await heart.stop(0);
    await shared?.close();
    await store.close();
  };
}
