import { type Caller, SCOPES } from '../../../packages/server/src/domain/api-key.ts';
import { Fault } from '../../../packages/server/src/domain/fault.ts';
import type { ApiKeyId, OwnerId, VideoId } from '../../../packages/server/src/domain/id.ts';
import { createFiles } from '../../../packages/server/src/service/files.ts';
import { createVideos } from '../../../packages/server/src/service/videos.ts';
import { createCountingMeter } from '../fakes.ts';
import { pngHeader } from '../pictures.ts';
import { createFakeFetcher, createFakePreparer } from '../world.ts';
import { createProcess } from './process.ts';
import { createBell, type FleetParts } from './worker.ts';

/** Those who ask: two owners, over one API process that never stops but whose store may fail. */
export interface Callers {
  /** Asks for a video, until it is answered. */
  submit(): void;
  cancel(): void;
  remove(): void;
  /** Videos that were answered with 200. */
  accepted(): readonly VideoId[];
  /** Calls under way. */
  readonly busy: number;
}

const OWNERS = ['one', 'two'] as const;
const PRICES = { currency: 'USD', perSecond: { 'wan2.2-kf2v-flash': { '720P': 20_000 } } };
/** Above this a picture goes to the artifact store before the row. */
const LARGE = 300 * 1024;

export function createCallers(parts: FleetParts): Callers {
  const { time, chance, peers, policy, ids, log } = parts;
  const process = createProcess(time, chance);
  const backends = Object.values(peers.backendsOf(process.gate, '/tmp/api'));
  const artifacts = process.through(parts.artifacts, parts.artifactMischief);
  const disk = { check: async () => undefined };
  const videos = createVideos({
    videos: process.through(parts.videos, parts.storeMischief),
    events: parts.store.events,
    files: createFiles({ files: parts.store.files, artifacts, clock: time, ids, disk, policy }),
    acceptCallback: async () => undefined,
    checkCallback: () => undefined,
    ledger: parts.store.ledger,
    prices: PRICES,
    preparer: createFakePreparer(),
    sample: async (name) => pngHeader(1280, name === 'sample_first' ? 720 : 721),
    artifacts,
    fetcher: createFakeFetcher(time),
    clock: time,
    ids,
    bell: createBell(parts, process.gate),
    meter: createCountingMeter(),
    log,
    policy,
    disk,
    router: { route: () => chance.of(backends) },
    slotsOf: () => 1,
  });
  const accepted = new Map<VideoId, Caller>();
  let asks = 0;
  let busy = 0;

  /** As a client does: again and again until there is an answer that is not the server's own trouble. */
  async function persist<T>(call: () => Promise<T>): Promise<T | undefined> {
    busy += 1;
    try {
      for (let tries = 0; tries < 50; tries += 1) {
        try {
          return await call();
        } catch (error) {
          if (error instanceof Fault && error.kind !== 'unavailable' && error.kind !== 'storage_full') return undefined;
          await time.sleep(chance.between(100, 3_000));
        }
      }
      return undefined;
    } finally {
      busy -= 1;
    }
  }

  const callerOf = (owner: string): Caller => ({
    owner: owner as OwnerId,
    apiKey: chance.happens(0.5) ? (`key_${owner}` as ApiKeyId) : null,
    scopes: SCOPES,
    ownerLimits: parts.limits[owner],
  });
  const any = () => (accepted.size === 0 ? undefined : chance.of([...accepted]));

  return {
    submit() {
      asks += 1;
      const caller = callerOf(chance.of(OWNERS));
      const ask = {
        generation: { model: 'wan2.2-kf2v-flash', prompt: `ask ${asks}` },
        images: [chance.happens(0.2) ? pngHeader(1280, 720, LARGE) : 'sample_first', 'sample_last'],
        unknownFields: [],
        idempotencyKey: `key ${asks}`,
      };
      void persist(() => videos.submit(caller, ask)).then((answer) => {
        if (answer !== undefined) accepted.set(answer.video.id, caller);
      });
    },
    cancel() {
      const chosen = any();
      if (chosen !== undefined) void persist(() => videos.cancel(chosen[1], chosen[0]));
    },
    remove() {
      const chosen = any();
      if (chosen !== undefined) void persist(() => videos.delete(chosen[1], chosen[0]));
    },
    accepted: () => [...accepted.keys()],
    get busy() {
      return busy;
    },
  };
}
