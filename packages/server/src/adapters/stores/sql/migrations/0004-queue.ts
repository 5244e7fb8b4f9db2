/** Lane `drain`, turns between owners, late results, and what operators say about backends. */
export function queue(): readonly string[] {
  return [
    'alter table video add column turn bigint not null default 0',
    'alter table video add column late_until bigint',
    // One index served fresh and resumed videos alike; a claim then passed by everything that is leased.
    'drop index video_to_generate',
    `create index video_queue on video (backend, priority desc, turn, due_at, id, worker)
      where status = 'queued' and due_at is not null`,
    `create index video_turn on video (backend, priority, owner, turn) where status = 'queued' and due_at is not null`,
    `create index video_to_generate on video (backend, status, worker, due_at, id)
      where status in ('queued', 'running') and due_at is not null`,
    `create index video_to_drain on video (backend, due_at, id, worker)
      where status in ('failed', 'cancelled') and due_at is not null`,
    'create index video_of_worker on video (worker, id) where worker is not null',
    'create index video_late on video (late_until, id) where late_until is not null',
    `create index video_recent on video (backend, completed_at) where status = 'succeeded'`,
    'create index backend_slot_until on backend_slot (until)',
    `create table backend (
      name text not null primary key,
      state text not null,
      changed_at bigint not null,
      seen_at bigint not null
    )`,
  ];
}
