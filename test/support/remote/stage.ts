import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalGate } from '../../../packages/server/src/adapters/backends/remote/gate.ts';
import { opaque } from '../../../packages/server/src/adapters/backends/remote/instances.ts';
import type { RemoteApi } from '../../../packages/server/src/adapters/backends/remote/remote-api.ts';
import {
  createRemoteBackend,
  type RemoteBackendOptions,
} from '../../../packages/server/src/adapters/backends/remote/remote-backend.ts';
import { systemClock } from '../../../packages/server/src/adapters/system/clock.ts';
import type { Json } from '../../../packages/server/src/domain/attempt.ts';
import type { GenerateAsk } from '../../../packages/server/src/ports/backend.ts';
import type { FinishOrder, ResultFinisher } from '../../../packages/server/src/ports/media.ts';
import { createCountingMeter, createQuietLog } from '../fakes.ts';
import { pngHeader } from '../pictures.ts';

/** A remote backend over any adapter, with a folder of its own and everything else of the world faked. */
export type RemoteStage = Awaited<ReturnType<typeof openRemoteStage>>;

/** Pauses short enough for a test, long enough to be seen. */
export const QUICK = { everyMs: 5, failingMs: 20, acceptMs: 300, resultMs: 300, requestMs: 2_000, startMs: 2_000 };

export async function openRemoteStage<Operation extends Json>(
  apis: RemoteApi<Operation> | readonly RemoteApi<Operation>[],
  options: Partial<RemoteBackendOptions> = {},
) {
  const folder = await mkdtemp(join(tmpdir(), 'inbetween-remote-'));
  const tmpFolder = join(folder, 'tmp');
  const log = createQuietLog();
  const meter = createCountingMeter();
  const clock = options.clock ?? systemClock;
  const finisher = createFakeFinisher();
  const many: readonly RemoteApi<Operation>[] = Array.isArray(apis) ? apis : [apis as RemoteApi<Operation>];
  const backend = createRemoteBackend({
    name: 'remote',
    instances: many.map((api, index) => ({ name: `place-${index + 1}`, slots: 2, draining: false, api: opaque(api) })),
    tmpFolder,
    rhythm: QUICK,
    gate: createLocalGate(clock, undefined),
    finisher,
    rescaler: { rescale: async (frames) => frames },
    defaultNegativePrompt: 'blurred',
    clock,
    log,
    meter,
    ...options,
  });
  return {
    backend,
    log,
    meter,
    finisher,
    tmpFolder,
    ask: (attempt: string, changes: Partial<GenerateAsk> = {}) => ({ ...askOf(attempt), ...changes }),
    leftovers: () => readdir(tmpFolder).catch(() => [] as string[]),
    async close() {
      await backend.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function askOf(attempt: string, generation: Partial<GenerateAsk['generation']> = {}): GenerateAsk {
  const artifact = { key: 'k', bytes: 1, sha256: '', type: 'image/png' };
  return {
    attempt,
    video: attempt.split('.')[0] ?? attempt,
    generation: {
      model: 'wan2.2-kf2v-flash',
      prompt: 'a kitten looks up',
      negativePrompt: '',
      seconds: 5,
      size: '720P',
      promptExtend: false,
      watermark: false,
      seed: 7,
      tags: {},
      ...generation,
    },
    prepared: { width: 1280, height: 720, first: artifact, last: artifact },
    frames: { first: { bytes: pngHeader(1280, 720, 64, 1) }, last: { bytes: pngHeader(1280, 720, 64, 2) } },
    operation: null,
  };
}

/** Takes the peer's bytes as they are, and finds whatever it is told to find. */
export function createFakeFinisher(): ResultFinisher & {
  readonly orders: FinishOrder[];
  fault: Error | undefined;
  verdict: 'respected' | 'last_frame_ignored' | 'not_judged';
} {
  return {
    orders: [],
    fault: undefined,
    verdict: 'respected',
    async finish(order, signal) {
      signal.throwIfAborted();
      this.orders.push(order);
      if (this.fault !== undefined) throw this.fault;
      const names = ['video.mp4', 'thumbnail.webp', 'spritesheet.webp', 'last_frame.png'] as const;
      const [video, thumbnail, spritesheet, lastFrame] = names.map((name) => join(order.folder, name));
      if (video === undefined || thumbnail === undefined || spritesheet === undefined || lastFrame === undefined)
        throw new Error('four names');
      await copyFile(order.input, video);
      await Promise.all([thumbnail, spritesheet, lastFrame].map((path) => writeFile(path, Buffer.alloc(200, 1))));
      const check = { firstToFirst: 1, lastToLast: 2, lastToFirst: 30, inputs: 30, verdict: this.verdict };
      return { video, thumbnail, spritesheet, lastFrame, pictures: 'kept', check };
    },
  };
}
