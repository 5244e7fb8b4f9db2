import { availableParallelism } from 'node:os';
import { openDiskArtifacts } from '../adapters/artifacts/disk.ts';
import { createRendererBackend } from '../adapters/backends/renderer/backend.ts';
import { createMedia, type MediaParts } from '../adapters/media/media.ts';
import { readAllowList } from '../adapters/net/allow-list.ts';
import { createFetcher } from '../adapters/net/fetcher.ts';
import { createPoster } from '../adapters/net/poster.ts';
import { openSqliteStore } from '../adapters/stores/sqlite/open.ts';
import { createBell } from '../adapters/system/bell.ts';
import { systemClock } from '../adapters/system/clock.ts';
import { type DataFolder, openDataFolder } from '../adapters/system/data-folder.ts';
import { systemIds } from '../adapters/system/ids.ts';
import { createLog } from '../adapters/system/log.ts';
import { createMeter, type PrometheusMeter } from '../adapters/system/meter.ts';
import type { Config } from '../config/config.ts';
import type { ArtifactStore } from '../ports/artifacts.ts';
import type { Backend } from '../ports/backend.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Fetcher } from '../ports/fetcher.ts';
import type { Ids } from '../ports/ids.ts';
import type { Log } from '../ports/log.ts';
import type { Poster } from '../ports/poster.ts';
import type { Store } from '../ports/store.ts';
import { filesOf } from './files.ts';

/** The world as the rest of the server sees it: one implementation of each port. */
export interface World {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly meter: PrometheusMeter;
  readonly bell: Bell;
  readonly store: Store;
  readonly artifacts: ArtifactStore;
  readonly fetcher: Fetcher;
  readonly poster: Poster;
  readonly media: MediaParts;
  readonly backends: Readonly<Record<string, Backend>>;
  /** Where callers' models go; every model to the built-in renderer until another backend is configured. */
  route(model: string): Backend;
  close(): Promise<void>;
}

/** Opens everything the embedded server needs, under one locked folder: the only switch on kinds of adapters. */
export async function openWorld(config: Config): Promise<World> {
  const closers: (() => unknown)[] = [];
  const close = async () => {
    for (const closer of closers.toReversed()) await closer();
  };
  try {
    const log = createLog({ ...config.log });
    for (const warning of config.warnings) log.warn({}, warning);
    const folder: DataFolder = await openDataFolder(config.data.folder);
    closers.push(() => folder.close());
    const files = filesOf(folder.path);
    const store = await openSqliteStore(files.database);
    closers.push(() => store.close());
    // The folder is ours alone, so whoever held a lease in it is dead.
    await store.workers.removeAll();
    const meter = createMeter({ videosByStatus: () => store.videos.counts(), log });
    closers.push(() => meter.close());
    const artifacts = await openDiskArtifacts(files.artifacts);
    const allow = readAllowList(config.access.fetchAllow);
    const fetcher = createFetcher({ allow, log, meter });
    closers.push(() => fetcher.close());
    const poster = createPoster({ allow, log });
    closers.push(() => poster.close());
    const media = createMedia({ tmpFolder: files.tmp, log });
    closers.push(() => media.close());
    const renderer = createRendererBackend({
      tmpFolder: files.tmp,
      slots: config.render.concurrency,
      encoder: config.render.encoder,
      threads: config.render.threads === 'auto' ? availableParallelism() : config.render.threads,
      log,
    });
    return {
      clock: systemClock,
      ids: systemIds,
      log,
      meter,
      bell: createBell(log),
      store,
      artifacts,
      fetcher,
      poster,
      media,
      backends: { [renderer.name]: renderer },
      route: () => renderer,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
