/** A thing with a start and a stop. Parts stop in the reverse order of their start. */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  /** Takes no new work, lets running work end until `graceMs` have passed, then gives it back. Resolves when all is still. */
  stop(graceMs: number): Promise<void>;
}
