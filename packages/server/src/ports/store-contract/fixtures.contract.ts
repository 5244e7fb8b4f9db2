import { accept } from '../../domain/accept.ts';
import type { Charge } from '../../domain/charge.ts';
import type { ApiKeyId, OwnerId, VideoId, WorkerId } from '../../domain/id.ts';
import { DEFAULT_POLICY, type Policy } from '../../domain/policy.ts';
import type { PreparedFrames, Result } from '../../domain/result.ts';
import { admit, begin, remember } from '../../domain/transitions.ts';
import type { Video } from '../../domain/video.ts';
import type { Claimed, ClaimWish, Store } from '../store.ts';

/** The instant at which all tests begin. */
export const NOW = 1_800_000_000_000;
export const POLICY: Policy = DEFAULT_POLICY;
export const ALICE = 'alice' as OwnerId;
export const BOB = 'bob' as OwnerId;

export const worker = (name: string) => `worker_${name}` as WorkerId;
export const videoId = (n: number) => `video_${String(n).padStart(26, '0')}` as VideoId;

/** What a video of five seconds costs at two cents a second. */
export const CHARGE: Charge = { seconds: 5, microUnits: 100_000, currency: 'USD', state: 'reserved' };

export interface VideoWish {
  readonly owner?: OwnerId;
  readonly model?: string;
  readonly backend?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly prompt?: string;
  readonly at?: number;
  readonly apiKey?: ApiKeyId;
  readonly charge?: Charge;
}

/** An accepted video, `pending` and due at `at`. */
export function pending(n: number, wish: VideoWish = {}): Video {
  const { owner = ALICE, model = 'wan2.2-kf2v-flash', backend = 'renderer', tags = {}, prompt = 'a', at = NOW } = wish;
  return accept(
    {
      id: videoId(n),
      owner,
      apiKey: wish.apiKey ?? null,
      generation: {
        model,
        prompt,
        negativePrompt: '',
        seconds: 5,
        size: '720P',
        promptExtend: true,
        watermark: false,
        seed: n,
        tags,
      },
      sources: {
        first: { kind: 'row', bytes: 3 },
        last: { kind: 'url', url: 'https://example.com/last.png?a=1&b=%20' },
      },
      backend,
      warnings: [],
      charge: wish.charge,
    },
    at,
    POLICY,
  );
}

const artifact = (key: string, type: string) => ({ key, bytes: 10, sha256: 'ff', type });

export const PREPARED: PreparedFrames = {
  width: 1280,
  height: 720,
  first: artifact('videos/a/first.png', 'image/png'),
  last: artifact('videos/a/last.png', 'image/png'),
};

export const RESULT: Result = {
  video: artifact('videos/a/1/video.mp4', 'video/mp4'),
  thumbnail: null,
  lastFrame: artifact('videos/a/1/last.png', 'image/png'),
  facts: { width: 1280, height: 720, fps: 24, frames: 121, durationMs: 5041.666 },
  report: { mode: 'flow', nested: { list: [1, 'two', null, true] } },
  actualPrompt: 'Zwei “Bilder” 🎬 \u2028 und ein Null-loses Ende',
};

/** A `queued` video, due at `at`. */
export function queued(n: number, wish: VideoWish = {}): Video {
  return admit(pending(n, wish), PREPARED, [], wish.at ?? NOW, POLICY);
}

/** A `running` video whose peer remembers an operation. */
export function running(n: number, wish: VideoWish = {}): Video {
  const at = wish.at ?? NOW;
  return remember(begin(queued(n, wish), at, POLICY), { task: `t${n}`, steps: [1, 2] }, at);
}

/** A living worker's wish for videos of the renderer. */
export function wish(name: string, change: Partial<ClaimWish> = {}): ClaimWish {
  return { worker: worker(name), lane: 'generate', limit: 10, now: NOW, slots: { renderer: 100 }, ...change };
}

/** Says that workers live until long after the test. */
export async function alive(store: Store, ...names: readonly string[]): Promise<void> {
  await Promise.all(names.map((name) => store.workers.renew(worker(name), NOW + 1e9)));
}

/** Inserts videos one after another. */
export async function insertAll(store: Store, videos: readonly Video[]): Promise<void> {
  for (const video of videos) await store.videos.insert(video, {});
}

export const idsOf = (found: readonly (Video | Claimed)[]) =>
  found.map((item) => ('video' in item ? item.video.id : item.id));

/** Writes what must not be stale. */
export async function write(
  store: Store,
  previous: Video,
  next: Video,
  effects: Parameters<Store['videos']['swap']>[2] = {},
): Promise<Video> {
  const written = await store.videos.swap(previous, next, effects);
  if (written === 'stale') throw new Error(`${previous.id} was stale`);
  return written;
}
