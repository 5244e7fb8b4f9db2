import type { OwnerId, VideoId } from './id.ts';
import type { Status, Video } from './video.ts';

/** A fact about a video that somebody may want to hear of. */
export type EventType = `video.${Status}` | 'video.progress' | 'video.expired' | 'video.deleted' | 'video.late_result';

/** The fact a write makes, if it makes one: at most one per write, so `<video id>:<version>` names it. */
export function eventBetween(previous: Video | undefined, next: Video): EventType | undefined {
  if (previous === undefined) return `video.${next.status}`;
  if (next.deletedAt !== null && previous.deletedAt === null) return 'video.deleted';
  if (next.status !== previous.status) return `video.${next.status}`;
  if (next.expired && !previous.expired) return 'video.expired';
  if (next.late !== null && previous.late === null) return 'video.late_result';
  if (next.progress !== previous.progress || next.phase !== previous.phase) return 'video.progress';
  return undefined;
}

/** A fact as it is written into the outbox with its video. */
export interface VideoEvent {
  readonly type: EventType;
  readonly at: number;
}

/** A row of the outbox as it is read again: `<video id>:<version>` names it. */
export interface ToldEvent extends VideoEvent {
  readonly video: VideoId;
  readonly version: number;
  readonly owner: OwnerId;
}

/** The event that belongs to a write, ready for its effects. */
export function eventOf(previous: Video | undefined, next: Video): VideoEvent | undefined {
  const type = eventBetween(previous, next);
  return type === undefined ? undefined : { type, at: next.updatedAt };
}
