import type { ApiKey } from '../domain/api-key.ts';
import type { Attempt } from '../domain/attempt.ts';
import type { ToldEvent, VideoEvent } from '../domain/event.ts';
import type { StoredFile } from '../domain/file.ts';
import type { FrameRole } from '../domain/frame.ts';
import type { ApiKeyId, FileId, OwnerId, VideoId, WorkerId } from '../domain/id.ts';
import type { Allowance, Owner, OwnerLimits, Refusal } from '../domain/owner.ts';
import type { Status, Video } from '../domain/video.ts';
import type { AuditStore } from './audit.ts';
import type { LedgerStore } from './ledger.ts';
import type { Rate } from './rate.ts';
import type { Slice } from './slice.ts';
import type { WebhookStore } from './webhooks.ts';

export type { Slice } from './slice.ts';

/** One ask remembered under the caller's own key. */
export interface IdempotencyRecord {
  readonly key: string;
  /** SHA-256 of the canonical ask, lower-case hex. */
  readonly fingerprint: string;
  /** The key names this video from now on, whatever it named before; absent: a key that was used before is answered. */
  readonly moves?: boolean | undefined;
}

/** A small posted picture, stored in the video's own transaction so that the 200 is durable with one commit. */
export interface FrameInput {
  readonly role: FrameRole;
  readonly bytes: Uint8Array;
}

/**
 * What is written together with a video, or not at all. The lines of the ledger follow from the video itself
 * (`domain/ledger.ts`), so no writer can forget them.
 */
export interface Effects {
  readonly event?: VideoEvent | undefined;
  /** Of an insert only. */
  readonly idempotency?: IdempotencyRecord | undefined;
  readonly inputs?: readonly FrameInput[] | undefined;
  /** Of an insert only: what the owner and the key may have. More is refused, and nothing is written. */
  readonly within?: Allowance | undefined;
  /** What a peer charges us for what it has made, in micro-units. */
  readonly upstreamCost?: number | undefined;
  /** The video's posted pictures are not needed any more. */
  readonly dropInputs?: boolean | undefined;
  /** The video's slot is free again. */
  readonly freeSlot?: boolean | undefined;
  /** Higher goes first in the queue; an operator's word. */
  readonly priority?: number | undefined;
}

export type Inserted =
  | { readonly outcome: 'inserted'; readonly video: Video }
  /** The same key and the same ask: the video that was made then, as it is now, even when it is a tombstone. */
  | { readonly outcome: 'replayed'; readonly video: Video }
  /** The same key and another ask: nothing was written. */
  | { readonly outcome: 'mismatch' }
  /** It would exceed a limit: nothing was written. */
  | { readonly outcome: 'refused'; readonly refusal: Refusal };

export interface Page {
  readonly limit: number;
  /** Continue behind this video, in the given order. An unknown id is Fault `invalid_request` with param `after`. */
  readonly after?: VideoId | undefined;
  readonly order: 'asc' | 'desc';
  readonly status?: Status | undefined;
  readonly model?: string | undefined;
  readonly tag?: { readonly key: string; readonly value: string } | undefined;
}

export interface ClaimWish {
  readonly worker: WorkerId;
  /** `admit` takes pending videos, `generate` queued and running ones, `drain` ended ones whose attempt goes on. */
  readonly lane: 'admit' | 'generate' | 'drain';
  readonly limit: number;
  readonly now: number;
  /**
   * Slots of each backend over the whole fleet; `generate` and `drain` take only videos of these backends, and `generate`
   * takes a slot in the same transaction. A video that holds its slot already keeps it; one with 0 slots goes on with
   * what holds one, and begins nothing.
   */
  readonly slots: Readonly<Record<string, number>>;
  /**
   * How many of a backend's videos this process has room for, where that is less than `limit`: a backend that works on the
   * machine itself has as many places in the fleet as there are machines, and few on each.
   */
  readonly room?: Readonly<Record<string, number>> | undefined;
  /**
   * What this worker is at work on in this lane. Whatever else bears its name was claimed by a call whose answer never
   * came, or left by work that ended without its last write, and is taken again. Absent: nothing of its own is taken.
   */
  readonly holding?: readonly VideoId[] | undefined;
}

export interface Claimed {
  readonly video: Video;
  /** A lease was found on it: that worker was lost, or did not know of it. */
  readonly takenOver: boolean;
}

/** Sets of videos that lane `sweep` acts on. */
export type DueKind =
  /** Past their deadline: not terminal, or with an attempt that still goes on. */
  | 'overdue'
  /** Their late result's time is over. */
  | 'late'
  /** Terminal, not yet expired, and past `expiresAt`. */
  | 'expiring'
  /**
   * Deleted, or finished before `finishedBefore`, and free of obligations: no attempt open and no slot taken at a peer,
   * no late result kept, no idempotency key that must still be kept. The row may go.
   */
  | 'purgeable';

export interface DueAt {
  readonly now: number;
  /** Of `purgeable`: rows finished before this may go; absent: only those of deleted videos. */
  readonly finishedBefore?: number | undefined;
  /**
   * Of `purgeable`: a row stays while its idempotency key was first used at this time or later, so that a repeated ask is
   * still answered and never made twice; absent: while it has a key at all.
   */
  readonly keysBefore?: number | undefined;
  readonly limit: number;
}

/** A place in the order in which videos finished. */
export interface KeptAfter {
  readonly completedAt: number;
  readonly id: VideoId;
}

/** The videos table is the queue: status, due time, lease and version in one truth. */
export interface VideoStore {
  /**
   * Inserts the video with its effects in one transaction, unless the owner used the idempotency key before. A key lives
   * as long as its video's row: while the row is there, deleted or not, the key is answered; once it is purged, the key
   * is new again. `due('purgeable', { keysBefore })` keeps a row for as long as its key must be.
   *
   * What the video may cost is reserved in the same transaction: of inserts that race for what is left of a budget or a
   * queue, never more come in than fit.
   */
  insert(video: Video, effects: Effects): Promise<Inserted>;
  /** Undefined when it is not there, deleted, or another owner's. Without an owner: for workers, tombstones too. */
  find(id: VideoId, owner?: OwnerId): Promise<Video | undefined>;
  /** The video this key made, when the owner used it before. */
  findByKey(owner: OwnerId, key: string): Promise<{ readonly video: Video; readonly fingerprint: string } | undefined>;
  /** One page of an owner's videos by creation, deleted ones left out. */
  list(owner: OwnerId, page: Page): Promise<Slice<Video>>;
  /**
   * Leases due videos atomically over all processes: nobody else can hold what this returns. First what holds a slot, then
   * what waits for another try, oldest due first; then the queue: the highest priority, of these the owners in turn, and
   * of one turn the oldest due. An owner never gets more slots than its running limit; who is at it is passed by.
   */
  claim(wish: ClaimWish): Promise<readonly Claimed[]>;
  /**
   * Writes `next` as version `previous.version + 1` with its effects, only if nobody wrote since `previous` was read.
   * Returns what was written, or `'stale'`, and then nothing was.
   */
  swap(previous: Video, next: Video, effects: Effects): Promise<Video | 'stale'>;
  /** A picture that was inserted with the video. */
  input(id: VideoId, role: FrameRole): Promise<Uint8Array | undefined>;
  /** What lane `sweep` has to act on, longest due first. */
  due(kind: DueKind, at: DueAt): Promise<readonly Video[]>;
  /** Attempts that are not closed, of any owner: what goes on at backends, or may. */
  openAttempts(): Promise<readonly Attempt[]>;
  /** Forgets the row and all that hangs on it, its idempotency key too; ledger lines stay. Idempotent. */
  purge(id: VideoId): Promise<void>;
  /** How many queued videos of the same backend go before this one; 0: it is next. */
  queuePosition(video: Video): Promise<number>;
  /** How many videos wait for their first attempt, over all owners and backends. */
  waiting(): Promise<number>;
  /** The last videos that succeeded on a backend, the newest first: what its speed is measured by. */
  recent(backend: string, limit: number): Promise<readonly Video[]>;
  /** Succeeded videos whose files should be there, by the time they finished, behind the given place. */
  kept(after: KeptAfter | undefined, limit: number): Promise<readonly Video[]>;
  /** The backends that videos wait for or run on. */
  backendsInUse(): Promise<readonly string[]>;
  /** The videos that a worker holds. */
  heldBy(worker: WorkerId): Promise<ReadonlySet<VideoId>>;
  /** Videos by status, of one owner or of all. Deleted ones are left out. */
  counts(owner?: OwnerId): Promise<Readonly<Record<Status, number>>>;
  /**
   * When the next unleased video of a lane becomes due; undefined when none waits. With `after`, those due by then are
   * left out: right after a claim they wait for a slot, and time alone will not bring it.
   */
  nextDue(lane: ClaimWish['lane'], backends: readonly string[], after?: number): Promise<number | undefined>;
  /** Whether a video still has a row (tombstones count); the orphan sweep asks before it removes files. */
  exists(id: VideoId): Promise<boolean>;
}

/** A place in the outbox: events are read in the order of time, then video, then version. */
export type EventPlace = Pick<ToldEvent, 'at' | 'video' | 'version'>;

/**
 * The outbox, for those who tell others of facts. Times are those of the writers' clocks, and writers commit in any order:
 * an event may appear behind a place that was read past already, so readers look again at the last seconds.
 */
export interface EventStore {
  /** Events behind this place, oldest first. An event of a purged video is gone with it. */
  after(place: EventPlace, limit: number): Promise<readonly ToldEvent[]>;
}

export interface FilePage {
  readonly limit: number;
  /** Continue behind this file, in the given order. An unknown id is Fault `invalid_request` with param `after`. */
  readonly after?: FileId | undefined;
  readonly order: 'asc' | 'desc';
}

/** Uploaded pictures, as rows; their bytes are artifacts. */
export interface FileStore {
  /** False when a file of that id is there already. */
  add(file: StoredFile): Promise<boolean>;
  /** Undefined when it is not there or another owner's. Expired files are found until they are removed. */
  find(id: FileId, owner: OwnerId): Promise<StoredFile | undefined>;
  /** One page of an owner's files by creation. */
  list(owner: OwnerId, page: FilePage): Promise<Slice<StoredFile>>;
  /** False when there was none. */
  remove(id: FileId): Promise<boolean>;
  /** Files past their time, longest first. */
  expired(now: number, limit: number): Promise<readonly StoredFile[]>;
  exists(id: FileId): Promise<boolean>;
}

/** Liveness is one row per worker, not one write per video. */
export interface WorkerStore {
  /** Says the worker lives until `until`. */
  renew(worker: WorkerId, until: number): Promise<void>;
  /** The worker is gone; what it still holds counts as lost. */
  remove(worker: WorkerId): Promise<void>;
  /** Voids every lease at once: for a server that holds its data folder alone, at start. */
  removeAll(): Promise<void>;
}

export interface KeyStore {
  owner(id: OwnerId): Promise<Owner | undefined>;
  /** False when the owner was there already; then nothing changes. */
  addOwner(owner: Owner): Promise<boolean>;
  /** By name, behind the given one. */
  owners(page: { readonly limit: number; readonly after?: OwnerId | undefined }): Promise<Slice<Owner>>;
  /** False when there is no such owner. */
  setLimits(id: OwnerId, limits: OwnerLimits): Promise<boolean>;
  add(key: ApiKey): Promise<void>;
  byHash(hash: string): Promise<ApiKey | undefined>;
  list(owner?: OwnerId): Promise<readonly ApiKey[]>;
  /** False when there is no such key, or it was revoked before. */
  revoke(id: ApiKeyId, at: number): Promise<boolean>;
  /** Notes the last use of several keys at once. */
  touch(uses: ReadonlyMap<ApiKeyId, number>): Promise<void>;
}

/**
 * What an operator says of a backend. `paused`: nothing new begins on it; what runs goes on, and what is asked for waits.
 * `draining`: nothing new is accepted for it; what was accepted is still made.
 */
export const BACKEND_STATES = ['open', 'paused', 'draining'] as const;
export type BackendState = (typeof BACKEND_STATES)[number];

export interface BackendRecord {
  readonly name: string;
  readonly state: BackendState;
  readonly changedAt: number;
  /** When a process last said that it has this backend configured; 0: none ever did. */
  readonly seenAt: number;
  /** Its slots that are taken, over the whole fleet. */
  readonly taken: number;
}

/** What all processes know of backends. */
export interface BackendStore {
  list(): Promise<readonly BackendRecord[]>;
  /** Says that the caller has these backends; new ones are `open`. */
  seen(names: readonly string[], at: number): Promise<void>;
  /** Sets the state of a backend, whether some process has it or not. */
  set(name: string, state: BackendState, at: number): Promise<void>;
}

/** Secrets of the installation itself, such as the one that signs content URLs. */
export interface SecretStore {
  /** Returns the secret of that name; when there is none yet, stores `fresh` and returns what is stored. */
  ensure(name: string, fresh: string, at: number): Promise<string>;
}

/** The store as a whole. */
export interface Store {
  readonly videos: VideoStore;
  readonly events: EventStore;
  readonly files: FileStore;
  readonly workers: WorkerStore;
  readonly keys: KeyStore;
  readonly ledger: LedgerStore;
  readonly secrets: SecretStore;
  readonly backends: BackendStore;
  readonly rate: Rate;
  readonly webhooks: WebhookStore;
  readonly audit: AuditStore;
  /** Rejects when the store cannot answer right now. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
