/** Lines of the ledger by key and month, the counters that are kept with them, and owners' running limits. */
export function ledger(): readonly string[] {
  return [
    'alter table ledger_entry add column api_key text',
    'alter table ledger_entry add column seconds bigint not null default 0',
    `alter table ledger_entry add column month text not null default ''`,
    // An empty key stands for the owner as a whole.
    `create table account (
      owner text not null,
      api_key text not null,
      month text not null,
      reserved_seconds bigint not null,
      reserved_micro_units bigint not null,
      settled_seconds bigint not null,
      settled_micro_units bigint not null,
      primary key (owner, api_key, month)
    )`,
    // Here an empty key stands for videos without one.
    `create table usage_day (
      owner text not null,
      day text not null,
      api_key text not null,
      model text not null,
      succeeded bigint not null,
      failed bigint not null,
      cancelled bigint not null,
      seconds bigint not null,
      micro_units bigint not null,
      upstream_micro_units bigint not null,
      primary key (owner, day, api_key, model)
    )`,
    'alter table owner add column running_limit integer',
    'create index owner_with_running_limit on owner (id, running_limit) where running_limit is not null',
    // The furthest turn that was served, where owners' limits let some fall behind.
    `create table queue_turn (
      backend text not null,
      priority integer not null,
      turn bigint not null,
      primary key (backend, priority)
    )`,
  ];
}
