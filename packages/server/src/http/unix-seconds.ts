/** Milliseconds as the whole seconds in which every dialect tells instants. */
export function unixSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
