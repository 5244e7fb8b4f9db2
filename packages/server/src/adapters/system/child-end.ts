/** Why a child is gone: by itself, because we wanted it, or because it broke a limit. */
export type EndReason = 'exited' | 'not-started' | 'stopped' | 'memory' | 'wall' | 'stall';

/** What is known of a child's end. */
export interface ChildEndFacts {
  readonly name: string;
  readonly reason: EndReason;
  readonly code: number | null;
  readonly signal: string | null;
  readonly residentBytes: number;
  /** Its last lines. */
  readonly output: string;
  readonly cause?: unknown;
}

const WORDS = {
  exited: 'ended by itself',
  'not-started': 'could not be started',
  stopped: 'was stopped',
  memory: 'used too much memory and was killed',
  wall: 'ran too long and was killed',
  stall: 'made no progress and was killed',
} as const satisfies Record<EndReason, string>;

/** How a child ended; made to be the `cause` of a Fault, so that the log tells all and the caller sees none of it. */
export class ChildEnded extends Error {
  override readonly name = 'ChildEnded';
  readonly reason: EndReason;
  readonly code: number | null;
  readonly signal: string | null;
  readonly residentBytes: number;
  readonly output: string;

  constructor(facts: ChildEndFacts) {
    const how = facts.signal === null ? `code ${facts.code}` : `signal ${facts.signal}`;
    super(
      `child ${facts.name} ${WORDS[facts.reason]} (${how})`,
      facts.cause === undefined ? {} : { cause: facts.cause },
    );
    this.reason = facts.reason;
    this.code = facts.code;
    this.signal = facts.signal;
    this.residentBytes = facts.residentBytes;
    this.output = facts.output;
  }
}
