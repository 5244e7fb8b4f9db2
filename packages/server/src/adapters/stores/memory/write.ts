import { owedFor } from '../../../domain/delivery.ts';
import type { FrameRole } from '../../../domain/frame.ts';
import type { Video } from '../../../domain/video.ts';
import type { Effects, Inserted } from '../../../ports/store.ts';
import { keepBooks, refusalOf } from './ledger.ts';
import { frozen, keyName, type State } from './state.ts';

/** Inserts a video with its effects, unless its idempotency key was used before. */
export function insert(state: State, video: Video, effects: Effects): Inserted {
  if (effects.idempotency !== undefined && effects.idempotency.moves !== true) {
    const { key, fingerprint } = effects.idempotency;
    const known = state.idempotency.get(keyName(video.owner, key));
    const made = known && state.videos.get(known.video);
    if (known !== undefined && made !== undefined) {
      return known.fingerprint === fingerprint ? { outcome: 'replayed', video: made } : { outcome: 'mismatch' };
    }
  }
  if (state.videos.has(video.id)) throw new Error(`${video.id} is stored already`);
  const refusal = refusalOf(state, video, effects.within);
  if (refusal !== undefined) return { outcome: 'refused', refusal };
  if (effects.idempotency !== undefined) {
    const { key, fingerprint } = effects.idempotency;
    state.idempotency.set(keyName(video.owner, key), { fingerprint, video: video.id, createdAt: video.createdAt });
  }
  const stored = frozen(video);
  state.videos.set(video.id, stored);
  keepBooks(state, undefined, stored, undefined);
  writeEffects(state, stored, effects);
  return { outcome: 'inserted', video: stored };
}

/** Compare and set: the version is the fence. */
export function swap(state: State, previous: Video, next: Video, effects: Effects): Video | 'stale' {
  const turn = previous.status !== 'queued' && next.status === 'queued' ? turnOf(state, next) : undefined;
  const written = update(state, previous, next);
  if (written === undefined) return 'stale';
  if (turn !== undefined) state.turns.set(written.id, turn);
  const slot = state.slots.get(written.id);
  // A slot is given up at the deadline of its attempt, should its video end without freeing it and nobody ever do so.
  if (slot !== undefined && written.deadlineAt !== null)
    state.slots.set(written.id, { ...slot, until: written.deadlineAt });
  keepBooks(state, previous, written, effects.upstreamCost);
  writeEffects(state, written, effects);
  return written;
}

/** Behind all of the owner's own, not before the turn that is served next, and not before one that was served. */
function turnOf({ videos, turns, priorities, furthest }: State, joining: Video): number {
  const priority = (video: Video) => priorities.get(video.id) ?? 0;
  let served: number | undefined;
  let own = -1;
  for (const video of videos.values()) {
    if (video.status !== 'queued' || video.dueAt === null || video.backend !== joining.backend) continue;
    if (priority(video) !== priority(joining)) continue;
    const turn = turns.get(video.id) ?? 0;
    if (video.worker === null && (served === undefined || turn < served)) served = turn;
    if (video.owner === joining.owner) own = Math.max(own, turn);
  }
  return Math.max(served ?? 0, own + 1, furthest.get(`${joining.backend} ${priority(joining)}`) ?? 0);
}

/** Writes a video as the version after `previous`; undefined when somebody wrote since. */
export function update(state: State, previous: Video, next: Video): Video | undefined {
  if (state.videos.get(previous.id)?.version !== previous.version) return undefined;
  const written = frozen({ ...next, version: previous.version + 1 });
  state.videos.set(written.id, written);
  return written;
}

/** Forgets a video and all that hangs on it, except the ledger. */
export function purge(state: State, id: Video['id']): void {
  state.videos.delete(id);
  state.inputs.delete(id);
  state.slots.delete(id);
  state.turns.delete(id);
  state.priorities.delete(id);
  for (const delivery of state.deliveries.values()) if (delivery.video === id) state.deliveries.delete(delivery.id);
  for (const [name, remembered] of state.idempotency) if (remembered.video === id) state.idempotency.delete(name);
  const kept = state.events.filter((event) => event.video !== id);
  state.events.splice(0, state.events.length, ...kept);
}

function writeEffects(state: State, written: Video, effects: Effects): void {
  const { id: video, version, owner } = written;
  const { event, inputs = [] } = effects;
  if (event !== undefined) {
    state.events.push({ ...event, video, version, owner });
    const endpoints = [...state.endpoints.values()].filter((endpoint) => endpoint.owner === owner);
    for (const owed of owedFor(written, event, endpoints)) state.deliveries.set(owed.id, frozen(owed));
  }
  if (inputs.length > 0) {
    const known = state.inputs.get(video) ?? new Map<FrameRole, Uint8Array>();
    for (const { role, bytes } of inputs) known.set(role, Uint8Array.from(bytes));
    state.inputs.set(video, known);
  }
  if (effects.priority !== undefined) state.priorities.set(video, effects.priority);
  if (effects.dropInputs === true) state.inputs.delete(video);
  if (effects.freeSlot === true) state.slots.delete(video);
}
