import { createMemoryArtifacts } from '../../packages/server/src/adapters/artifacts/memory.ts';
import { accept } from '../../packages/server/src/domain/accept.ts';
import type { OwnerId, VideoId } from '../../packages/server/src/domain/id.ts';
import type { Policy } from '../../packages/server/src/domain/policy.ts';
import { admit } from '../../packages/server/src/domain/transitions.ts';
import type { Video } from '../../packages/server/src/domain/video.ts';
import type { Capabilities } from '../../packages/server/src/ports/backend.ts';
import type { Media } from '../../packages/server/src/ports/media.ts';
import type { VideoStore } from '../../packages/server/src/ports/store.ts';

/** What benches of lanes and store share: everything around them that costs nothing. */

const quiet = () => undefined;
export const QUIET_LOG = { debug: quiet, info: quiet, warn: quiet, error: quiet };
export const QUIET_METER = { count: quiet, observe: quiet };

export const CAPABILITIES: Capabilities = {
  ready: true,
  problems: [],
  sizes: ['480P', '720P', '1080P'],
  billed: true,
  canLookUp: false,
  cancel: 'ignores',
  honoursSeed: true,
  honoursNegativePrompt: true,
  watermarks: true,
  generative: true,
};

/** A file that is there; nobody looks into it. */
export const RESULT_FILE = { path: import.meta.filename };

export function createResultParts() {
  const inspect: Media['inspect'] = async () => ({
    width: 1280,
    height: 720,
    fps: 16,
    frames: 81,
    durationMs: 5_063,
    codec: 'avc',
    faststart: true,
  });
  // Of all that media do, lane `generate` inspects only.
  return { artifacts: createMemoryArtifacts(), media: { inspect } as Media };
}

export const PICTURE = { key: 'videos/none/frame.png', bytes: 1, sha256: '00', type: 'image/png' };

/** A video of backend `peer` that waits for its first attempt. Its store's bell is not rung. */
export async function insertQueued(videos: VideoStore, id: VideoId, owner: OwnerId, policy: Policy): Promise<Video> {
  const accepted = accept(
    {
      id,
      owner,
      apiKey: null,
      generation: {
        model: 'wan2.2-kf2v-flash',
        prompt: 'x',
        negativePrompt: '',
        seconds: 5,
        size: '720P',
        promptExtend: false,
        watermark: false,
        seed: 1,
        tags: {},
      },
      sources: { first: { kind: 'sample', name: 'sample_first' }, last: { kind: 'sample', name: 'sample_last' } },
      backend: 'peer',
      warnings: [],
    },
    Date.now(),
    policy,
  );
  const inserted = await videos.insert(accepted, {});
  if (inserted.outcome !== 'inserted') throw new Error('it was inserted');
  const frames = { width: 1280, height: 720, first: PICTURE, last: PICTURE };
  const written = await videos.swap(inserted.video, admit(inserted.video, frames, [], Date.now(), policy), {});
  if (written === 'stale') throw new Error('nobody else wrote it');
  return written;
}
