import type { VideoId } from '../../../domain/id.ts';
import { lease } from '../../../domain/transitions.ts';
import { isTerminal, type Status, type Video } from '../../../domain/video.ts';
import type { Claimed, ClaimWish } from '../../../ports/store.ts';
import type { State } from './state.ts';
import { update } from './write.ts';

/** The statuses whose videos a lane takes. */
export const LANE_STATUSES = {
  admit: ['pending'],
  generate: ['queued', 'running'],
  drain: ['failed', 'cancelled'],
} as const satisfies Record<ClaimWish['lane'], readonly Status[]>;

/** Whether a video belongs to a lane at all. */
export function isInLane(video: Video, lane: ClaimWish['lane']): boolean {
  return LANE_STATUSES[lane].some((status) => status === video.status);
}

/** Whether a video stands before another in the queue: the more urgent, then the owner whose turn it is, then the oldest. */
export function inOrderOfQueue({ priorities, turns }: State, a: Video, b: Video): number {
  const of = (values: ReadonlyMap<VideoId, number>, { id }: Video) => values.get(id) ?? 0;
  return of(priorities, b) - of(priorities, a) || of(turns, a) - of(turns, b) || byDue(a, b);
}

/** Oldest due first; the id settles a tie. */
function byDue(a: Video, b: Video): number {
  return (a.dueAt ?? 0) - (b.dueAt ?? 0) || (a.id < b.id ? -1 : 1);
}

/** Leases due videos, and slots with them. */
export function claim(state: State, wish: ClaimWish): readonly Claimed[] {
  freeLapsedSlots(state, wish.now);
  const due = [...state.videos.values()].filter((video) => isClaimable(state, video, wish)).sort(byDue);
  const claimed: Claimed[] = [];
  for (const video of wish.lane === 'generate' ? inOrderOfClaiming(state, due) : due) {
    if (claimed.length >= wish.limit) break;
    const ofBackend = claimed.filter((one) => one.video.backend === video.backend).length;
    if (wish.lane === 'generate' && ofBackend >= (wish.room?.[video.backend] ?? wish.limit)) continue;
    if (wish.lane === 'generate' && !takeSlot(state, video, wish)) continue;
    if (wish.lane === 'generate') noteTurn(state, video);
    const leased = update(state, video, lease(video, wish.worker));
    if (leased !== undefined) claimed.push({ video: leased, takenOver: video.worker !== null });
  }
  return claimed;
}

/** Holders of slots, then of each backend what waits for another try and the queue; between backends the oldest due. */
function* inOrderOfClaiming(state: State, due: readonly Video[]): Generator<Video> {
  yield* due.filter(({ id }) => state.slots.has(id));
  const others = due.filter(({ id }) => !state.slots.has(id));
  const lines = [...new Set(others.map(({ backend }) => backend))].map((backend) => {
    const line = others.filter((video) => video.backend === backend);
    const isTry = ({ status, worker }: Video) => status === 'running' || worker !== null;
    return [
      ...line.filter(isTry),
      ...line.filter((video) => !isTry(video)).sort((a, b) => inOrderOfQueue(state, a, b)),
    ];
  });
  for (;;) {
    const [line] = lines
      .filter(({ length }) => length > 0)
      .sort(([a], [b]) => (a === undefined || b === undefined ? 0 : betweenBackends(state, a, b)));
    const next = line?.shift();
    if (next === undefined) return;
    yield next;
  }
}

function betweenBackends({ priorities }: State, a: Video, b: Video): number {
  return (priorities.get(b.id) ?? 0) - (priorities.get(a.id) ?? 0) || byDue(a, b);
}

function isClaimable(state: State, video: Video, { lane, now, slots, worker, holding }: ClaimWish): boolean {
  if (!isInLane(video, lane) || video.dueAt === null || video.dueAt > now) return false;
  if (lane !== 'admit' && !Object.hasOwn(slots, video.backend)) return false;
  if (video.worker === worker && holding !== undefined) return !holding.includes(video.id);
  return video.worker === null || (state.workers.get(video.worker) ?? 0) <= now;
}

function takeSlot(state: State, video: Video, { slots }: ClaimWish): boolean {
  if (state.slots.get(video.id)?.backend === video.backend) return true;
  const taken = [...state.slots.values()].filter((slot) => slot.backend === video.backend).length;
  if (taken >= (slots[video.backend] ?? 0) || isAtItsLimit(state, video)) return false;
  state.slots.set(video.id, { backend: video.backend, until: video.deadlineAt });
  return true;
}

/** Whether the video's owner has as many slots as it may, over all backends. */
function isAtItsLimit({ owners, slots, videos }: State, { owner }: Video): boolean {
  const most = owners.get(owner)?.limits.running;
  if (most === undefined) return false;
  return [...slots.keys()].filter((id) => videos.get(id)?.owner === owner).length >= most;
}

/** Where limits let owners fall behind, newcomers must not join at their old turns. */
function noteTurn({ owners, furthest, turns, priorities }: State, { id, backend, status }: Video): void {
  if (status !== 'queued' || ![...owners.values()].some(({ limits }) => limits.running !== undefined)) return;
  const name = `${backend} ${priorities.get(id) ?? 0}`;
  furthest.set(name, Math.max(furthest.get(name) ?? 0, turns.get(id) ?? 0));
}

function freeLapsedSlots(state: State, now: number): void {
  for (const [id, { until }] of state.slots) {
    const video = state.videos.get(id);
    const left = video === undefined || isTerminal(video.status);
    if (left && until !== null && until <= now) state.slots.delete(id);
  }
}
