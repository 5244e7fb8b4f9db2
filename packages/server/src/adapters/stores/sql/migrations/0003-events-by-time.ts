/** The outbox read by time: a live server tails it, so the index holds every column that is read. */
export function eventsByTime(): readonly string[] {
  return [`create index event_by_time on event (at, video, version, owner, type)`];
}
