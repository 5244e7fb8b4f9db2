import type { Generated } from 'kysely';
import type { Attempt } from '../../../domain/attempt.ts';
import type { AuditAction } from '../../../domain/audit.ts';
import type { Delivery } from '../../../domain/delivery.ts';
import type { Endpoint } from '../../../domain/endpoint.ts';
import type { EventType } from '../../../domain/event.ts';
import type { FrameRole } from '../../../domain/frame.ts';
import type { ApiKeyId, DeliveryId, EndpointId, FileId, OwnerId, VideoId, WorkerId } from '../../../domain/id.ts';
import type { LedgerKind } from '../../../domain/ledger.ts';
import type { Status } from '../../../domain/video.ts';
import type { BackendState } from '../../../ports/store.ts';

/**
 * The tables that the statements use. Instants are integer milliseconds, truth values 0 or 1, JSON is text: all three
 * read and write the same in SQLite and PostgreSQL. Tables that no statement uses yet are in the migration only.
 */
export interface Tables {
  owner: OwnerTable;
  api_key: ApiKeyTable;
  video: VideoTable;
  video_tag: VideoTagTable;
  frame_input: FrameInputTable;
  file: FileTable;
  idempotency: IdempotencyTable;
  event: EventTable;
  ledger_entry: LedgerEntryTable;
  account: AccountTable;
  usage_day: UsageDayTable;
  queue_turn: QueueTurnTable;
  backend_slot: BackendSlotTable;
  backend_rate: BackendRateTable;
  backend: BackendTable;
  worker: WorkerTable;
  secret: SecretTable;
  audit: AuditTable;
  endpoint: EndpointTable;
  delivery: DeliveryTable;
  inbetween: MarkerTable;
}

export interface OwnerTable {
  id: OwnerId;
  created_at: number;
  /** JSON. */
  limits: string;
  /** Once more of the limits, where a claim finds it. */
  running_limit: number | null;
}

export interface ApiKeyTable {
  id: ApiKeyId;
  owner: OwnerId;
  name: string;
  prefix: string;
  hash: string;
  /** JSON: a list. */
  scopes: string;
  /** JSON. */
  limits: Generated<string>;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

/** What is searched for has a column, and the column is the truth for it; `body` holds the rest of the aggregate. */
export interface VideoTable {
  id: VideoId;
  owner: OwnerId;
  model: string;
  status: Status;
  backend: string;
  version: number;
  /** Higher goes first. Not part of the aggregate, so no write of one changes it. */
  priority: Generated<number>;
  /** Place in the round between owners; lower goes first. Given by the store when the video joins its backend's queue. */
  turn: Generated<number>;
  worker: WorkerId | null;
  attempt_state: Attempt['state'] | null;
  due_at: number | null;
  deadline_at: number | null;
  created_at: number;
  completed_at: number | null;
  expires_at: number | null;
  expired: number;
  deleted_at: number | null;
  /** When the late result goes. */
  late_until: number | null;
  /** JSON. */
  body: string;
}

/** The tags of a video's body once more, to be found by. Carries the list's order, so that one index serves a page. */
export interface VideoTagTable {
  video: VideoId;
  owner: OwnerId;
  key: string;
  value: string;
  created_at: number;
}

export interface FrameInputTable {
  video: VideoId;
  role: FrameRole;
  bytes: Uint8Array;
}

export interface FileTable {
  id: FileId;
  owner: OwnerId;
  created_at: number;
  expires_at: number | null;
  /** JSON: the rest of the file. */
  body: string;
}

export interface IdempotencyTable {
  owner: OwnerId;
  key: string;
  fingerprint: string;
  video: VideoId;
  created_at: number;
}

export interface EventTable {
  video: VideoId;
  version: number;
  owner: OwnerId;
  type: EventType;
  at: number;
}

/** Lines stay when their video is purged: the books must still add up. */
export interface LedgerEntryTable {
  video: VideoId;
  version: number;
  /** Position among the lines of one write. */
  n: number;
  owner: OwnerId;
  api_key: ApiKeyId | null;
  kind: LedgerKind;
  seconds: number;
  micro_units: number;
  at: number;
  month: string;
}

/** Sums over the ledger by month. */
export interface AccountTable {
  owner: OwnerId;
  /** Empty: of the owner as a whole. */
  api_key: ApiKeyId | '';
  month: string;
  reserved_seconds: number;
  reserved_micro_units: number;
  settled_seconds: number;
  settled_micro_units: number;
}

/** What ended, by the day it was asked for. */
export interface UsageDayTable {
  owner: OwnerId;
  day: string;
  /** Empty: of videos without one. */
  api_key: ApiKeyId | '';
  model: string;
  succeeded: number;
  failed: number;
  cancelled: number;
  seconds: number;
  micro_units: number;
  upstream_micro_units: number;
}

/** The furthest turn that was served in a backend's queue. */
export interface QueueTurnTable {
  backend: string;
  priority: number;
  turn: number;
}

/** One row per slot that is taken. */
export interface BackendSlotTable {
  backend: string;
  instance: string;
  n: number;
  video: VideoId;
  attempt: string;
  /** When a slot that a finished video left behind is free all the same. */
  until: number | null;
}

/** When the next request to a backend's peer may be made, in microseconds since the Unix epoch. */
export interface BackendRateTable {
  backend: string;
  next_at: number;
}

/** One row per backend that some process has configured, or that an operator spoke of. */
export interface BackendTable {
  name: string;
  state: BackendState;
  changed_at: number;
  /** When a process last said that it has this backend. */
  seen_at: number;
}

export interface WorkerTable {
  id: WorkerId;
  until: number;
}

export interface SecretTable {
  name: string;
  value: string;
  created_at: number;
}

/** What operators did. */
export interface AuditTable {
  id: string;
  at: number;
  actor: string;
  address: string | null;
  request: string | null;
  action: AuditAction;
  subject: string;
  /** JSON. */
  detail: string;
}

/** Webhook endpoints. */
export interface EndpointTable {
  id: EndpointId;
  owner: OwnerId;
  kind: Endpoint['kind'];
  created_at: number;
  disabled_at: number | null;
  /** JSON: the rest of the endpoint. */
  body: string;
}

/** What endpoints are owed. */
export interface DeliveryTable {
  id: DeliveryId;
  endpoint: EndpointId;
  video: VideoId;
  version: number;
  owner: OwnerId;
  state: Delivery['state'];
  due_at: number | null;
  created_at: number;
  /** JSON: the rest of the delivery. */
  body: string;
}

/** One row that says whose database this is. */
export interface MarkerTable {
  product: string;
  schema_version: number;
  migrated_at: number;
  /** How many steps a program must know to work on this database; absent in databases of the first version. */
  oldest_neighbour?: number | null;
}
