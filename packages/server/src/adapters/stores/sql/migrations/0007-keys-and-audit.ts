/** What narrows a key, and what operators did. */
export function keysAndAudit(): readonly string[] {
  return [
    `alter table api_key add column limits text not null default '{}'`,
    `create table audit (
      id text not null primary key,
      at bigint not null,
      actor text not null,
      address text,
      request text,
      action text not null,
      subject text not null,
      detail text not null
    )`,
  ];
}
