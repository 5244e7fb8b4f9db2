import type { ApiKey } from '../../../domain/api-key.ts';
import type { AuditEntry } from '../../../domain/audit.ts';
import type { Delivery } from '../../../domain/delivery.ts';
import type { Endpoint } from '../../../domain/endpoint.ts';
import type { ToldEvent } from '../../../domain/event.ts';
import type { StoredFile } from '../../../domain/file.ts';
import type { FrameRole } from '../../../domain/frame.ts';
import type { ApiKeyId, DeliveryId, EndpointId, FileId, OwnerId, VideoId, WorkerId } from '../../../domain/id.ts';
import type { Account, LedgerEntry } from '../../../domain/ledger.ts';
import type { Owner } from '../../../domain/owner.ts';
import type { Video } from '../../../domain/video.ts';
import type { UsageRow } from '../../../ports/ledger.ts';
import type { BackendRecord } from '../../../ports/store.ts';

/** What the memory store knows: the tables of the SQL stores as maps. Its values are frozen. */
export interface State {
  readonly videos: Map<VideoId, Video>;
  readonly inputs: Map<VideoId, Map<FrameRole, Uint8Array>>;
  /** By `keyName`. */
  readonly idempotency: Map<string, RememberedKey>;
  readonly events: ToldEvent[];
  readonly ledger: LedgerEntry[];
  /** By `accountName`. */
  readonly accounts: Map<string, Account>;
  /** By owner, day, key and model. */
  readonly usage: Map<string, UsageRow & { readonly owner: OwnerId }>;
  readonly slots: Map<VideoId, TakenSlot>;
  readonly workers: Map<WorkerId, number>;
  /** Places in the round between owners; a video without one has turn 0. */
  readonly turns: Map<VideoId, number>;
  /** The furthest turn that was served, by backend and priority. */
  readonly furthest: Map<string, number>;
  readonly priorities: Map<VideoId, number>;
  readonly backends: Map<string, Omit<BackendRecord, 'taken'>>;
  /** When the next request to a backend's peer may be made, in milliseconds. */
  readonly rates: Map<string, number>;
  readonly files: Map<FileId, StoredFile>;
  readonly owners: Map<OwnerId, Owner>;
  readonly keys: Map<ApiKeyId, ApiKey>;
  readonly secrets: Map<string, string>;
  readonly audit: AuditEntry[];
  readonly endpoints: Map<EndpointId, Endpoint>;
  readonly deliveries: Map<DeliveryId, Delivery>;
}

export interface RememberedKey {
  readonly fingerprint: string;
  readonly video: VideoId;
  readonly createdAt: number;
}

export interface TakenSlot {
  readonly backend: string;
  readonly until: number | null;
}

export function emptyState(): State {
  return {
    videos: new Map(),
    inputs: new Map(),
    idempotency: new Map(),
    events: [],
    ledger: [],
    accounts: new Map(),
    usage: new Map(),
    slots: new Map(),
    workers: new Map(),
    turns: new Map(),
    furthest: new Map(),
    priorities: new Map(),
    backends: new Map(),
    rates: new Map(),
    files: new Map(),
    owners: new Map(),
    keys: new Map(),
    secrets: new Map(),
    audit: [],
    endpoints: new Map(),
    deliveries: new Map(),
  };
}

/** Owners' names hold no space, so this is unambiguous. */
export function keyName(owner: OwnerId, key: string): string {
  return `${owner} ${key}`;
}

/** Names an account: of a key, or (empty) of the owner as a whole. */
export function accountName(owner: OwnerId, apiKey: ApiKeyId | '', month: string): string {
  return `${owner} ${apiKey} ${month}`;
}

/** A copy that nobody can change: what was stored stays as it was, whatever a caller does to what it gave or got. */
export function frozen<T>(value: T): T {
  return deepFreeze(structuredClone(value));
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
