import { accept } from '../domain/accept.ts';
import { eventOf } from '../domain/event.ts';
import { FRAME_ROLES, type FrameRole, type FrameSource, type Frames } from '../domain/frame.ts';
import { type OwnerId, readVideoId, type VideoId } from '../domain/id.ts';
import type { Policy } from '../domain/policy.ts';
import type { PreparedFrames } from '../domain/result.ts';
import { postpone } from '../domain/transitions.ts';
import { isTerminal, type Status, type Video, videoPrefix } from '../domain/video.ts';
import type { ArtifactStore, OpenedArtifact } from '../ports/artifacts.ts';
import type { Bell } from '../ports/bell.ts';
import type { Clock } from '../ports/clock.ts';
import type { Ids } from '../ports/ids.ts';
import type { BackendRecord, BackendState, Store } from '../ports/store.ts';

/** What an operator can do to a server's videos and backends. Answers for people: a problem is a sentence, not a fault. */
export interface Operations {
  /** The newest first. */
  list(owner: OwnerId, status: Status | undefined, limit: number): Promise<readonly Video[]>;
  /** A video of any owner, deleted ones too while their row is there. */
  show(id: string): Promise<Video | undefined>;
  requeue(id: string, wish: RequeueWish): Promise<Requeued | Problem>;
  /** Opens the video's file: its result, or what was paid for and came too late. */
  file(id: string): Promise<VideoFile | Problem>;
  backends(): Promise<readonly BackendRecord[]>;
  /** Acted on by every process within seconds. */
  setBackend(name: string, state: BackendState): Promise<BackendRecord | Problem>;
}

export interface RequeueWish {
  /** Only when the video belongs to this owner. */
  readonly owner?: OwnerId | undefined;
  /** Higher goes first in the queue; 0 is usual. */
  readonly priority?: number | undefined;
}

export interface Problem {
  readonly problem: string;
}

export type Requeued =
  /** It lives and was given back: whoever is free goes on with it. */
  | { readonly how: 'given_back'; readonly video: Video }
  /** It had ended, so its ask was accepted once more, as another video. */
  | { readonly how: 'asked_again'; readonly video: Video };

export interface VideoFile {
  readonly late: boolean;
  readonly opened: OpenedArtifact;
}

interface OperationsParts {
  readonly store: Pick<Store, 'videos' | 'backends'>;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly policy: Policy;
  readonly bell: Bell;
}

/** Each loss means that a worker progressed. */
const SWAP_TRIES = 20;

export function createOperations(parts: OperationsParts): Operations {
  const { store, clock } = parts;
  const show = async (id: string) => {
    const known = readVideoId(id);
    return known === undefined ? undefined : store.videos.find(known);
  };
  return {
    async list(owner, status, limit) {
      const { items } = await store.videos.list(owner, { limit, order: 'desc', status });
      return items;
    },
    show,
    async requeue(id, wish) {
      const video = await show(id);
      if (video === undefined || video.deletedAt !== null) return { problem: `There is no video ${id}.` };
      if (wish.owner !== undefined && video.owner !== wish.owner)
        return { problem: `${id} belongs to ${video.owner}, not to ${wish.owner}.` };
      return isTerminal(video.status) ? askAgain(parts, video, wish) : giveBackNow(parts, video.id, wish);
    },
    async file(id) {
      const video = await show(id);
      if (video === undefined || video.deletedAt !== null) return { problem: `There is no video ${id}.` };
      const artifact = video.late?.video ?? (video.expired ? undefined : video.result?.video);
      if (artifact === undefined) return { problem: `${id} is ${video.status} and has no file.` };
      const opened = await parts.artifacts.open(artifact.key);
      if (opened === undefined) return { problem: `The file of ${id} is missing from storage.` };
      return { late: video.late !== null, opened };
    },
    backends: () => store.backends.list(),
    async setBackend(name, state) {
      const known = (await store.backends.list()).map((record) => record.name);
      if (!known.includes(name)) {
        const names = known.length === 0 ? 'none was ever started here' : `there are ${known.join(', ')}`;
        return { problem: `There is no backend "${name}"; ${names}.` };
      }
      await store.backends.set(name, state, clock.now());
      const record = (await store.backends.list()).find((one) => one.name === name);
      return record ?? { problem: `There is no backend "${name}".` };
    },
  };
}

/** Takes a live video from whoever holds it; that worker learns it at its next write, and lets go. */
async function giveBackNow(
  { store, clock, bell }: OperationsParts,
  id: VideoId,
  { priority }: RequeueWish,
): Promise<Requeued | Problem> {
  for (let tries = 0; tries < SWAP_TRIES; tries += 1) {
    const video = await store.videos.find(id);
    if (video === undefined || isTerminal(video.status)) return { problem: `${id} has just ended.` };
    if (video.attempt?.state === 'submitting')
      return { problem: `${id} is just being sent to ${video.backend}. Try again in a moment.` };
    const next = postpone(video, 0, clock.now());
    const written = await store.videos.swap(video, next, { event: eventOf(video, next), priority });
    if (written === 'stale') continue;
    for (const topic of [`video:${id}`, 'admit', 'generate'] as const) bell.ring(topic);
    return { how: 'given_back', video: written };
  }
  return { problem: `${id} changes too quickly. Try again.` };
}

/** An end never changes, so what is to be made again becomes another video with copies of the same prepared pictures. */
async function askAgain(parts: OperationsParts, video: Video, { priority }: RequeueWish): Promise<Requeued | Problem> {
  const { store, clock, policy, bell, ids } = parts;
  if (video.status === 'succeeded') return { problem: `${video.id} has succeeded; there is nothing to make again.` };
  if (video.prepared === null || video.expired)
    return { problem: `The pictures of ${video.id} are not there, so only its owner can ask again.` };
  const id = ids.video();
  const sources = await copyFrames(parts, id, video.prepared);
  if (sources === undefined) return { problem: `A picture of ${video.id} is missing from storage.` };
  const { owner, apiKey, generation, backend, warnings } = video;
  // The operator's word goes beyond limits, and is charged like any other video.
  const charge = video.charge && { ...video.charge, state: 'reserved' as const };
  const again = accept({ id, owner, apiKey, generation, sources, backend, warnings, charge }, clock.now(), policy);
  await store.videos.insert(again, { event: eventOf(undefined, again), priority });
  bell.ring('admit');
  return { how: 'asked_again', video: again };
}

async function copyFrames(
  { artifacts }: OperationsParts,
  id: VideoId,
  prepared: PreparedFrames,
): Promise<Frames<FrameSource> | undefined> {
  const copies = new Map<FrameRole, FrameSource>();
  for (const role of FRAME_ROLES) {
    const opened = await artifacts.open(prepared[role].key);
    if (opened === undefined) return undefined;
    const key = `${videoPrefix(id)}inputs/${role}`;
    const { bytes } = await artifacts.put(key, { stream: opened.stream }, prepared[role].type);
    copies.set(role, { kind: 'artifact', key, bytes });
  }
  const [first, last] = [copies.get('first'), copies.get('last')];
  return first === undefined || last === undefined ? undefined : { first, last };
}
