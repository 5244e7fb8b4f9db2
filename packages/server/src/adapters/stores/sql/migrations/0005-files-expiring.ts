/** Files past their time, without those that stay. */
export function filesExpiring(): readonly string[] {
  return [`create index file_expiring on file (expires_at, id) where expires_at is not null`];
}
