/** Kinds of endpoints, states of deliveries, and the order in which an owner's deliveries are listed. */
export function webhooks(): readonly string[] {
  return [
    `alter table endpoint add column kind text not null default 'registered'`,
    // One record behind all callback addresses of an owner, however many ask for it at once.
    `create unique index endpoint_callback_of_owner on endpoint (owner) where kind = 'callback'`,
    `alter table delivery add column state text not null default 'waiting'`,
    `create index delivery_of_owner on delivery (owner, created_at, id)`,
  ];
}
