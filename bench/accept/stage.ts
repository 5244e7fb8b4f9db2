import { settle } from '../../packages/server/src/cli/settings.ts';
import { openWorld, type World } from '../../packages/server/src/compose/adapters.ts';
import { policyOf } from '../../packages/server/src/compose/policy.ts';
import { appParts } from '../../packages/server/src/compose/server.ts';
import { presenting } from '../../packages/server/src/compose/webhooks.ts';
import { workerParts } from '../../packages/server/src/compose/worker.ts';
import type { Config } from '../../packages/server/src/config/config.ts';
import { DEFAULT_OWNER } from '../../packages/server/src/domain/id.ts';
import { createApp } from '../../packages/server/src/http/app.ts';
import { surroundings } from '../../packages/server/src/http/dialects/powertokens/surroundings.ts';
import { createKeys } from '../../packages/server/src/service/keys.ts';
import type { Part } from '../../packages/server/src/worker/part.ts';

/** The server as `compose/server.ts` puts it together, with the world changed first and the lanes only where wished. */
export interface Stage {
  readonly config: Config;
  readonly world: World;
  readonly port: number;
  /** A stored key with all scopes. */
  readonly secret: string;
  close(): Promise<void>;
}

export async function openStage(
  dataDir: string,
  lanes: boolean,
  change: (world: World) => World = (world) => world,
): Promise<Stage> {
  const config = await settle({ dataDir, host: '127.0.0.1', port: '0', queueLimit: '1000000' }, { bare: true });
  const opened = await openWorld(config);
  const world = change(opened);
  const keys = createKeys({ store: world.store.keys, clock: world.clock, ids: world.ids, fixedKey: undefined });
  let url = '';
  const parts = { ...(await appParts(config, world, keys, () => url)), readiness: async () => [] };
  const app = createApp(parts);
  url = await app.listen({ host: config.server.host, port: config.server.port });
  const running: Part[] = [];
  if (lanes) {
    const chores = [() => keys.flushUses()];
    for (const part of workerParts(world, policyOf(config), presenting(surroundings(parts)), chores, config.worker)) {
      await part.start();
      running.push(part);
    }
    world.media.warm();
  }
  const { secret } = await keys.create({ owner: DEFAULT_OWNER, name: 'bench' });
  return {
    config,
    world,
    port: Number(new URL(url).port),
    secret,
    async close() {
      for (const part of running.toReversed()) await part.stop(1_000);
      await app.close();
      await opened.close();
    },
  };
}
