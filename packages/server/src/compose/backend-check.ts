import { createFinisher } from '../adapters/media/finish/finisher.ts';
import { readAllowList } from '../adapters/net/allow-list.ts';
import { createFetcher } from '../adapters/net/fetcher.ts';
import { systemClock } from '../adapters/system/clock.ts';
import { createLog } from '../adapters/system/log.ts';
import { createMeter } from '../adapters/system/meter.ts';
import type { Config } from '../config/config.ts';
import { openBackends } from './backends.ts';

/** One row of `inbetween backends check`. */
export interface CheckedInstance {
  readonly backend: string;
  readonly kind: string;
  readonly instance: string;
  readonly state: 'ready' | 'draining' | 'not ready';
  readonly billed: boolean;
  readonly sizes: readonly string[];
  readonly version: string;
  readonly models: readonly string[];
  readonly problems: readonly string[];
}

const CHECK_MS = 30_000;

/** Asks every configured backend whether it could work. Nothing is sent that could cost money, and no data is touched. */
export async function checkBackends(config: Config): Promise<readonly CheckedInstance[]> {
  const log = createLog({ ...config.log, level: 'silent' });
  const meter = createMeter({ videosByStatus: async () => ({}) as never, log });
  const fetcher = createFetcher({ allow: readAllowList(config.access.fetchAllow), log, meter });
  const nothing = { rescale: () => Promise.reject(new Error('nothing is made here')) };
  const remotes = openBackends(config.generation, {
    tmpFolder: config.data.folder,
    clock: systemClock,
    log,
    meter,
    fetcher,
    finisher: createFinisher({ encoder: config.render.encoder, log }),
    rescaler: nothing,
    rate: { take: async () => 0 },
    takenOf: () => 0,
  });
  const signal = AbortSignal.timeout(CHECK_MS);
  try {
    const rows = await Promise.all(
      remotes.map(async (remote): Promise<readonly CheckedInstance[]> => {
        const kind = config.generation.backends.find(({ name }) => name === remote.name)?.kind ?? '';
        const reports = await remote.inspect(signal);
        const { sizes, billed } = remote.capabilities;
        const models = Object.entries(config.generation.routes)
          .filter(([, names]) => names.includes(remote.name))
          .map(([model]) => model);
        return reports.map(({ name, draining, problems, version = '' }) => {
          const state = problems.length > 0 ? 'not ready' : draining ? 'draining' : 'ready';
          return { backend: remote.name, kind, instance: name, state, billed, sizes, version, models, problems };
        });
      }),
    );
    return rows.flat();
  } finally {
    await Promise.all(remotes.map((remote) => remote.close()));
    await fetcher.close();
    meter.close();
  }
}
