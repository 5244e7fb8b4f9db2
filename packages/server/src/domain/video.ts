import type { Attempt, Tries } from './attempt.ts';
import type { Charge } from './charge.ts';
import type { Failure } from './fault.ts';
import type { FrameSource, Frames } from './frame.ts';
import type { Generation, Warning } from './generation.ts';
import type { ApiKeyId, OwnerId, VideoId, WorkerId } from './id.ts';
import type { Artifact, LateResult, PreparedFrames, Result } from './result.ts';

/** The public status. It only ever moves right; the last three are terminal and never change. */
export const STATUSES = ['pending', 'queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type Status = (typeof STATUSES)[number];

/** What is going on inside a status; null when there is nothing more to say. */
export type Phase = 'fetching' | 'upstream_queued' | 'generating' | 'retrying' | 'storing';

/** The aggregate, from the ask to the file. Immutable: a transition returns the next one, the store compares and sets. */
export interface Video {
  readonly id: VideoId;
  readonly owner: OwnerId;
  readonly apiKey: ApiKeyId | null;
  /** Grows by one with each write; the fence against writers that lost their right to write. */
  readonly version: number;
  readonly status: Status;
  readonly phase: Phase | null;
  /** 0..1, never falls, 1 exactly at `succeeded`. */
  readonly progress: number;

  readonly generation: Generation;
  readonly sources: Frames<FrameSource> | null;
  readonly prepared: PreparedFrames | null;
  /** Who is to make the pixels next; fixed once an attempt has been accepted. */
  readonly backend: string;
  readonly attempt: Attempt | null;
  readonly tries: Tries;
  readonly result: Result | null;
  /** What a peer still made of a video that had failed with `timeout`; for the operator, never for the caller. */
  readonly late: LateResult | null;
  readonly failure: Failure | null;
  readonly warnings: readonly Warning[];
  /** What it costs its owner; null: nothing was reserved for it. */
  readonly charge: Charge | null;

  readonly createdAt: number;
  readonly updatedAt: number;
  /** When the first attempt began. */
  readonly startedAt: number | null;
  /** When it became terminal. */
  readonly completedAt: number | null;
  /** When the files go; null: never. */
  readonly expiresAt: number | null;
  /** The files are gone (content answers 410). */
  readonly expired: boolean;
  /** Tombstone: the caller deleted it; it is found nowhere any more. */
  readonly deletedAt: number | null;

  /** The worker that may write it, null when nobody holds it. */
  readonly worker: WorkerId | null;
  /** When somebody should act on it next; null: never. */
  readonly dueAt: number | null;
  /** When the current state is given up. Of a terminal video: when its attempt is, while one goes on at a peer. */
  readonly deadlineAt: number | null;
}

const TERMINAL = {
  pending: false,
  queued: false,
  running: false,
  succeeded: true,
  failed: true,
  cancelled: true,
} as const satisfies Record<Status, boolean>;

/** Whether a status never changes any more. */
export function isTerminal(status: Status): boolean {
  return TERMINAL[status];
}

/** Work goes on at a peer that remembers it: the next worker resumes it and the slot stays taken. */
export function hasOpenOperation(video: Video): boolean {
  return video.attempt?.state === 'open' && video.attempt.operation !== null;
}

/** Nothing goes on for the video anywhere, so its slot is free. */
export function freesSlot({ attempt }: Video): boolean {
  return attempt === null || attempt.state === 'closed';
}

/** The video has ended, and something of it may still go on at a peer: lane `drain` sees to it. */
export function isDraining(video: Video): boolean {
  return isTerminal(video.status) && !freesSlot(video);
}

/** The key under which an attempt's files are stored; a successor never overwrites what a predecessor wrote. */
export function attemptKey(attempt: Attempt, file: string): string {
  const [video, number] = attempt.id.split('.');
  return `videos/${video}/${number}/${file}`;
}

/** The prefix of everything stored for a video. */
export function videoPrefix(id: VideoId): string {
  return `videos/${id}/`;
}

/** The stored files that a video names now; whatever else lies under its prefix belongs to nobody once it is finished. */
export function artifactsOf({ expired, prepared, result, late }: Video): readonly Artifact[] {
  const callers = [
    prepared?.first,
    prepared?.last,
    result?.video,
    result?.thumbnail,
    result?.spritesheet,
    result?.lastFrame,
  ];
  const artifacts = [...(expired ? [] : callers), late?.video];
  return artifacts.filter((artifact) => artifact !== undefined && artifact !== null);
}
