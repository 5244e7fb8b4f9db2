import { randomBytes } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { settle } from '../../packages/server/src/cli/settings.ts';
import { openWorld, type World } from '../../packages/server/src/compose/adapters.ts';
import { policyOf } from '../../packages/server/src/compose/policy.ts';
import { workerParts } from '../../packages/server/src/compose/worker.ts';
import type { Config } from '../../packages/server/src/config/config.ts';
import { DEFAULT_OWNER } from '../../packages/server/src/domain/id.ts';
import { MODELS } from '../../packages/server/src/domain/model.ts';
import { createApp } from '../../packages/server/src/http/app.ts';
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from '../../packages/server/src/http/parts.ts';
import { createUrlSigner } from '../../packages/server/src/http/signature.ts';
import { createDiskGuard } from '../../packages/server/src/service/disk-guard.ts';
import { createFiles } from '../../packages/server/src/service/files.ts';
import { createKeys, type Keys } from '../../packages/server/src/service/keys.ts';
import { createVideos } from '../../packages/server/src/service/videos.ts';
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
  const config = await settle({ dataDir, host: '127.0.0.1', port: '0' }, { bare: true });
  const opened = await openWorld(config);
  const world = change(opened);
  const keys = createKeys({ store: world.store.keys, clock: world.clock, ids: world.ids, fixedKey: undefined });
  let url = '';
  const app = await makeApp(config, world, keys, () => url);
  url = await app.listen({ host: config.server.host, port: config.server.port });
  const running: Part[] = [];
  if (lanes) {
    for (const part of workerParts(world, policyOf(config), [() => keys.flushUses()])) {
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

async function makeApp(config: Config, world: World, keys: Keys, publicUrl: () => string): Promise<FastifyInstance> {
  const { clock, log, meter, store } = world;
  const secret = await store.secrets.ensure('content-url-1', randomBytes(32).toString('hex'), clock.now());
  const policy = policyOf(config);
  const disk = createDiskGuard(world.artifacts, clock, config.data.diskReserveBytes);
  const files = createFiles({ ...world, files: store.files, disk, policy });
  return createApp({
    files,
    videos: createVideos({
      ...world,
      videos: store.videos,
      events: store.events,
      files,
      policy,
      disk,
    }),
    keys,
    signer: createUrlSigner([{ kid: '1', secret }]),
    clock,
    log,
    meter,
    models: () =>
      MODELS.map((model) => {
        const { name: backend, capabilities } = world.route(model.name);
        return { model, backend, capabilities };
      }),
    publicUrl,
    renderMetrics: () => meter.render(),
    readiness: async () => [],
    limits: { ...DEFAULT_LIMITS, inFlightBytes: config.server.maxBodyInFlightBytes },
    timeouts: DEFAULT_TIMEOUTS,
    trustProxy: config.server.trustProxy,
    version: '0.0.0-bench',
    examples: { curl: () => '' },
  });
}
