import { lease } from '../../../domain/transitions.ts';
import { isTerminal, type Status, type Video } from '../../../domain/video.ts';
import type { Claimed, ClaimWish } from '../../../ports/store.ts';
import type { State } from './state.ts';
import { update } from './write.ts';

/** The statuses whose videos a lane takes. */
export const LANE_STATUSES = {
  admit: ['pending'],
  generate: ['queued', 'running'],
} as const satisfies Record<ClaimWish['lane'], readonly Status[]>;

/** Whether a video belongs to a lane at all. */
export function isInLane(video: Video, lane: ClaimWish['lane']): boolean {
  return LANE_STATUSES[lane].some((status) => status === video.status);
}

/** Oldest due first; the id settles a tie. */
export function inOrderOfClaiming(a: Video, b: Video): number {
  return (a.dueAt ?? 0) - (b.dueAt ?? 0) || (a.id < b.id ? -1 : 1);
}

/** Leases due videos, and slots with them. */
export function claim(state: State, wish: ClaimWish): readonly Claimed[] {
  freeLapsedSlots(state, wish.now);
  const due = [...state.videos.values()].filter((video) => isClaimable(state, video, wish)).sort(inOrderOfClaiming);
  const claimed: Claimed[] = [];
  for (const video of due) {
    if (claimed.length >= wish.limit) break;
    if (wish.lane === 'generate' && !takeSlot(state, video, wish)) continue;
    const leased = update(state, video, lease(video, wish.worker));
    if (leased !== undefined) claimed.push({ video: leased, takenOver: video.worker !== null });
  }
  return claimed;
}

function isClaimable(state: State, video: Video, { lane, now }: ClaimWish): boolean {
  if (!isInLane(video, lane) || video.dueAt === null || video.dueAt > now) return false;
  return video.worker === null || (state.workers.get(video.worker) ?? 0) <= now;
}

function takeSlot(state: State, video: Video, { slots }: ClaimWish): boolean {
  if (!Object.hasOwn(slots, video.backend)) return false;
  if (state.slots.get(video.id)?.backend === video.backend) return true;
  const taken = [...state.slots.values()].filter((slot) => slot.backend === video.backend).length;
  if (taken >= (slots[video.backend] ?? 0)) return false;
  state.slots.set(video.id, { backend: video.backend, until: video.deadlineAt });
  return true;
}

function freeLapsedSlots(state: State, now: number): void {
  for (const [id, { until }] of state.slots) {
    const video = state.videos.get(id);
    const left = video === undefined || isTerminal(video.status);
    if (left && until !== null && until <= now) state.slots.delete(id);
  }
}
