import type { ToldEvent } from '../../../domain/event.ts';
import { Fault } from '../../../domain/fault.ts';
import type { OwnerId, VideoId } from '../../../domain/id.ts';
import { STATUSES, type Status, type Video } from '../../../domain/video.ts';
import type { ClaimWish, DueAt, DueKind, EventPlace, KeptAfter, Page, Slice } from '../../../ports/store.ts';
import { inOrderOfQueue, isInLane } from './claim.ts';
import type { State } from './state.ts';

/** One page of an owner's videos by creation, the id settling ties. */
export function list(state: State, owner: OwnerId, { limit, after, order, status, model, tag }: Page): Slice<Video> {
  const sign = order === 'asc' ? 1 : -1;
  const compare = (a: Video, b: Video) =>
    sign * (a.createdAt - b.createdAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  const cursor = after === undefined ? undefined : state.videos.get(after);
  if (after !== undefined && cursor?.owner !== owner)
    throw new Fault('invalid_request', `after: there is no video "${after}".`, { param: 'after' });
  const matching = [...state.videos.values()]
    .filter((video) => video.owner === owner && video.deletedAt === null)
    .filter((video) => status === undefined || video.status === status)
    .filter((video) => model === undefined || video.generation.model === model)
    .filter(
      ({ generation: { tags } }) => tag === undefined || (Object.hasOwn(tags, tag.key) && tags[tag.key] === tag.value),
    )
    .filter((video) => cursor === undefined || compare(video, cursor) > 0)
    .sort(compare);
  return { items: matching.slice(0, limit), hasMore: matching.length > limit };
}

/** What lane `sweep` has to act on, longest due first. */
export function due(state: State, kind: DueKind, at: DueAt): readonly Video[] {
  const since = (video: Video) => SINCE[kind](state, video, at);
  return [...state.videos.values()]
    .filter((video) => since(video) !== undefined)
    .sort((a, b) => (since(a) ?? 0) - (since(b) ?? 0) || (a.id < b.id ? -1 : 1))
    .slice(0, at.limit);
}

/** Since when a video is due for the sweep; undefined: it is not. */
const SINCE: Readonly<Record<DueKind, (state: State, video: Video, at: DueAt) => number | undefined>> = {
  overdue: (_, { deadlineAt }, { now }) => (deadlineAt !== null && deadlineAt <= now ? deadlineAt : undefined),
  expiring: (_, { completedAt, expired, expiresAt }, { now }) =>
    completedAt !== null && !expired && expiresAt !== null && expiresAt <= now ? expiresAt : undefined,
  late: (_, { late }, { now }) => (late !== null && late.until <= now ? late.until : undefined),
  purgeable: (state, video, at) => {
    const { completedAt, deletedAt, late } = video;
    if (completedAt === null || late !== null || hasObligations(state, video, at)) return undefined;
    // Deleted ones go first, as in the SQL stores.
    if (deletedAt !== null) return deletedAt <= at.now ? deletedAt - Number.MAX_SAFE_INTEGER : undefined;
    return at.finishedBefore !== undefined && completedAt < at.finishedBefore ? completedAt : undefined;
  },
};

/** Something is open or taken at a peer, or an idempotency key must still be answered. */
function hasObligations(state: State, { id, attempt }: Video, { now, keysBefore }: DueAt): boolean {
  if (attempt !== null && attempt.state !== 'closed') return true;
  const slot = state.slots.get(id);
  if (slot !== undefined && (slot.until === null || slot.until > now)) return true;
  return [...state.idempotency.values()].some(
    (key) => key.video === id && (keysBefore === undefined || key.createdAt >= keysBefore),
  );
}

/** How many queued videos of the same backend stand before this one in the order of claiming. */
export function queuePosition(state: State, { id }: Video): number {
  const self = state.videos.get(id);
  if (self?.status !== 'queued') return 0;
  return [...state.videos.values()].filter(
    (other) =>
      other.status === 'queued' &&
      other.dueAt !== null &&
      other.backend === self.backend &&
      other.id !== id &&
      inOrderOfQueue(state, other, self) < 0,
  ).length;
}

/** How many videos wait for their first attempt. */
export function waiting(state: State): number {
  const waits = ({ status, dueAt }: Video) => dueAt !== null && (status === 'pending' || status === 'queued');
  return [...state.videos.values()].filter(waits).length;
}

/** Succeeded videos whose files should be there, by the time they finished. */
export function kept(state: State, after: KeptAfter | undefined, limit: number): readonly Video[] {
  const byEnd = (a: { id: VideoId; completedAt: number | null }, b: { id: VideoId; completedAt: number | null }) =>
    (a.completedAt ?? 0) - (b.completedAt ?? 0) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
  return [...state.videos.values()]
    .filter(({ status, expired, deletedAt }) => status === 'succeeded' && !expired && deletedAt === null)
    .filter((video) => after === undefined || byEnd(video, after) > 0)
    .sort(byEnd)
    .slice(0, limit);
}

/** The last videos that succeeded on a backend, the newest first. */
export function recent(state: State, backend: string, limit: number): readonly Video[] {
  return [...state.videos.values()]
    .filter((video) => video.status === 'succeeded' && video.backend === backend)
    .sort((a, b) => (b.completedAt ?? 0) - (a.completedAt ?? 0))
    .slice(0, limit);
}

/** Videos by status, of one owner or of all, without the deleted ones. */
export function counts(state: State, owner?: OwnerId): Readonly<Record<Status, number>> {
  const counted = Object.fromEntries(STATUSES.map((status) => [status, 0])) as Record<Status, number>;
  for (const video of state.videos.values()) {
    if (video.deletedAt === null && (owner === undefined || video.owner === owner)) counted[video.status] += 1;
  }
  return counted;
}

/** When the next unleased video of a lane becomes due. */
export function nextDue(
  state: State,
  lane: ClaimWish['lane'],
  backends: readonly string[],
  after = Number.NEGATIVE_INFINITY,
): number | undefined {
  let next: number | undefined;
  for (const video of state.videos.values()) {
    const { dueAt, worker, backend } = video;
    if (!isInLane(video, lane) || dueAt === null || dueAt <= after || worker !== null) continue;
    if (lane !== 'admit' && !backends.includes(backend)) continue;
    if (next === undefined || dueAt < next) next = dueAt;
  }
  return next;
}

/** The outbox in the order of time. */
export function eventsAfter({ events }: State, place: EventPlace, limit: number): readonly ToldEvent[] {
  return events
    .filter((event) => inOrderOfTelling(event, place) > 0)
    .sort(inOrderOfTelling)
    .slice(0, limit);
}

function inOrderOfTelling(a: EventPlace, b: EventPlace): number {
  return a.at - b.at || (a.video < b.video ? -1 : a.video > b.video ? 1 : a.version - b.version);
}
