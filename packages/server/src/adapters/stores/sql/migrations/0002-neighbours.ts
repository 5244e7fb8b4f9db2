/** Which programs may go on working on a database that a newer one has migrated. */
export function neighbours(): readonly string[] {
  return ['alter table inbetween add column oldest_neighbour integer'];
}
