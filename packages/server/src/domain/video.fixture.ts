import { accept } from './accept.ts';
import type { ApiKeyId, OwnerId, VideoId, WorkerId } from './id.ts';
import { DEFAULT_POLICY } from './policy.ts';
import type { Artifact, PreparedFrames, Result } from './result.ts';
import * as transitions from './transitions.ts';
import type { Video } from './video.ts';

export const policy = { ...DEFAULT_POLICY, resultTtlMs: 1_000_000 };
export const ID = 'video_00000000000000000000000001' as VideoId;
export const WORKERS = ['worker_a' as WorkerId, 'worker_b' as WorkerId] as const;
export const SECRET = 'secret-of-the-caller';

export const artifact = (key: string): Artifact => ({
  key: `${key}-${SECRET}`,
  bytes: 1,
  sha256: 'ab',
  type: 'image/png',
});
export const prepared: PreparedFrames = { width: 1280, height: 720, first: artifact('first'), last: artifact('last') };
export const result: Result = {
  video: artifact('video'),
  thumbnail: artifact('thumbnail'),
  lastFrame: artifact('last_frame'),
  facts: { width: 1280, height: 720, fps: 16, frames: 81, durationMs: 5_000 },
  report: { note: SECRET },
  actualPrompt: SECRET,
};

/** Frozen through and through: a transition that changed its input would throw. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

export function accepted(now = 0): Video {
  const video = accept(
    {
      id: ID,
      owner: 'default' as OwnerId,
      apiKey: 'key_1' as ApiKeyId,
      generation: {
        model: 'wan2.2-kf2v-flash',
        prompt: SECRET,
        negativePrompt: SECRET,
        seconds: 5,
        size: '720P',
        promptExtend: true,
        watermark: false,
        seed: 1,
        tags: { [SECRET]: SECRET },
      },
      sources: {
        first: { kind: 'url', url: `https://example.com/${SECRET}` },
        last: { kind: 'sample', name: 'sample_last' },
      },
      backend: 'renderer',
      warnings: [{ code: 'unknown_field', message: SECRET }],
    },
    now,
    policy,
  );
  return frozen(video);
}

export const admitted = (now = 0) => transitions.admit(accepted(now), prepared, [], now, policy);
export const begun = (now = 0) => transitions.begin(transitions.lease(admitted(now), WORKERS[0]), now, policy);
export const remembered = (now = 0) => transitions.remember(begun(now), { handle: 'op-1' }, now);
export const succeeded = (now = 0) => transitions.succeed(begun(now), result, now, policy);
