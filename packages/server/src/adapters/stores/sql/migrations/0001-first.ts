/** The tables of the first release, and of what is about to come, so that early databases need no second migration. */
export function first({ blobType }: { readonly blobType: string }): readonly string[] {
  return [
    ...OWNERS,
    ...VIDEOS,
    `create table frame_input (
      video text not null references video (id) on delete cascade,
      role text not null,
      bytes ${blobType} not null,
      primary key (video, role)
    )`,
    ...QUEUE,
    ...OUTBOX,
  ];
}

const OWNERS = [
  `create table owner (id text not null primary key, created_at bigint not null, limits text not null)`,
  `create table api_key (
    id text not null primary key,
    owner text not null,
    name text not null,
    prefix text not null,
    hash text not null unique,
    scopes text not null,
    created_at bigint not null,
    expires_at bigint,
    revoked_at bigint,
    last_used_at bigint
  )`,
  `create index api_key_of_owner on api_key (owner, created_at, id)`,
  `create table secret (name text not null primary key, value text not null, created_at bigint not null)`,
  `create table file (
    id text not null primary key,
    owner text not null,
    created_at bigint not null,
    expires_at bigint,
    body text not null
  )`,
  `create index file_of_owner on file (owner, created_at, id)`,
];

const VIDEOS = [
  `create table video (
    id text not null primary key,
    owner text not null,
    model text not null,
    status text not null,
    backend text not null,
    version bigint not null,
    priority integer not null default 0,
    worker text,
    attempt_state text,
    due_at bigint,
    deadline_at bigint,
    created_at bigint not null,
    completed_at bigint,
    expires_at bigint,
    expired integer not null,
    deleted_at bigint,
    body text not null
  )`,
  // Claims: one index per lane, in the order of claiming, without the videos that are never due again. The last columns
  // let a claim pass by what is leased, and a queue position be counted, without reading the rows.
  `create index video_to_admit on video (priority desc, due_at, id, worker)
    where status = 'pending' and due_at is not null`,
  `create index video_to_generate on video (backend, priority desc, due_at, id, status, worker)
    where status in ('queued', 'running') and due_at is not null`,
  // Lists: one for all of an owner's videos, one for those of a status; the latter counts as well, and
  // holds `deleted_at` because SQLite reads the row for a column of the condition that the index does not hold.
  `create index video_of_owner on video (owner, created_at, id) where deleted_at is null`,
  `create index video_of_owner_by_status on video (owner, status, created_at, id, deleted_at)
    where deleted_at is null`,
  // Sweeps: each holds only what can still become due.
  `create index video_overdue on video (deadline_at, id) where deadline_at is not null`,
  `create index video_expiring on video (expires_at, id) where expired = 0 and expires_at is not null`,
  `create index video_deleted on video (deleted_at, id) where deleted_at is not null`,
  `create index video_finished on video (completed_at, id) where completed_at is not null`,
  `create table video_tag (
    video text not null references video (id) on delete cascade,
    owner text not null,
    key text not null,
    value text not null,
    created_at bigint not null,
    primary key (video, key)
  )`,
  `create index video_tag_of_owner on video_tag (owner, key, value, created_at, video)`,
  // The key is written before its video, so that of two equal asks one waits for the other; hence the late check.
  `create table idempotency (
    owner text not null,
    key text not null,
    fingerprint text not null,
    video text not null references video (id) on delete cascade deferrable initially deferred,
    created_at bigint not null,
    primary key (owner, key)
  )`,
  `create index idempotency_of_video on idempotency (video)`,
];

const QUEUE = [
  `create table worker (id text not null primary key, until bigint not null)`,
  `create table backend_slot (
    backend text not null,
    instance text not null,
    n integer not null,
    video text not null references video (id) on delete cascade,
    attempt text not null,
    until bigint,
    primary key (backend, instance, n)
  )`,
  `create index backend_slot_of_video on backend_slot (video)`,
  `create table backend_rate (backend text not null primary key, next_at bigint not null)`,
];

const OUTBOX = [
  `create table event (
    video text not null references video (id) on delete cascade,
    version bigint not null,
    owner text not null,
    type text not null,
    at bigint not null,
    primary key (video, version)
  )`,
  `create table ledger_entry (
    video text not null,
    version bigint not null,
    n integer not null,
    owner text not null,
    kind text not null,
    micro_units bigint not null,
    at bigint not null,
    primary key (video, version, n)
  )`,
  `create index ledger_entry_of_owner on ledger_entry (owner, at)`,
  `create table endpoint (
    id text not null primary key,
    owner text not null,
    created_at bigint not null,
    disabled_at bigint,
    body text not null
  )`,
  `create index endpoint_of_owner on endpoint (owner, created_at, id)`,
  `create table delivery (
    id text not null primary key,
    endpoint text not null references endpoint (id) on delete cascade,
    video text not null references video (id) on delete cascade,
    version bigint not null,
    owner text not null,
    worker text,
    due_at bigint,
    created_at bigint not null,
    body text not null
  )`,
  `create index delivery_due on delivery (due_at, id) where due_at is not null`,
  `create index delivery_of_video on delivery (video)`,
  `create index delivery_of_endpoint on delivery (endpoint, created_at, id)`,
];
