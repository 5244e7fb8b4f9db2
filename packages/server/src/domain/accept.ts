import type { Charge } from './charge.ts';
import type { FrameSource, Frames } from './frame.ts';
import type { Generation, Warning } from './generation.ts';
import type { ApiKeyId, OwnerId, VideoId } from './id.ts';
import type { Policy } from './policy.ts';
import type { Video } from './video.ts';

/** What is settled about a video before it is one. */
export interface Accepted {
  readonly id: VideoId;
  readonly owner: OwnerId;
  readonly apiKey: ApiKeyId | null;
  readonly generation: Generation;
  readonly sources: Frames<FrameSource>;
  readonly backend: string;
  readonly warnings: readonly Warning[];
  /** Absent: nothing is reserved for it. */
  readonly charge?: Charge | null | undefined;
}

/** A checked ask becomes a video: `pending`, due at once. */
export function accept(accepted: Accepted, now: number, policy: Policy): Video {
  return {
    ...accepted,
    charge: accepted.charge ?? null,
    version: 1,
    status: 'pending',
    phase: null,
    progress: 0,
    prepared: null,
    attempt: null,
    tries: { begun: 0, faults: 0, lost: 0 },
    result: null,
    late: null,
    failure: null,
    createdAt: now,
    updatedAt: now,
    startedAt: null,
    completedAt: null,
    expiresAt: null,
    expired: false,
    deletedAt: null,
    worker: null,
    dueAt: now,
    deadlineAt: now + policy.pendingDeadlineMs,
  };
}
