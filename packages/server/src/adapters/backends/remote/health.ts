import type { Clock } from '../../../ports/clock.ts';

/** After so many failures in a row nothing new is sent to an instance for a while. */
const FAILURES = 3;
const OPEN_MS = 15_000;
const OPEN_MAX_MS = 5 * 60_000;

/**
 * The circuit breaker of one instance, as this process sees it. Closed: it is used. Open: it failed repeatedly and rests.
 * After the rest one start at a time may try it; its outcome closes the circuit or opens it for longer. Only reaching the
 * peer counts: a refusal of one request by a peer that answers is no failure of the peer.
 */
export class Health {
  readonly #clock: Clock;
  #failures = 0;
  #openUntil = 0;
  #lastProblem = '';
  #trials = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something may be sent to it now. */
  get usable(): boolean {
    return this.#clock.now() >= this.#openUntil && (this.#failures < FAILURES || this.#trials === 0);
  }

  /** A start goes out. Call what is returned when it is over, however it ended. */
  trying(): () => void {
    this.#trials += 1;
    return () => {
      this.#trials -= 1;
    };
  }

  /** Why it rests, for the operator; empty while it is usable. */
  get problem(): string {
    return this.usable ? '' : this.#lastProblem;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#openUntil = 0;
  }

  failed(problem: string): void {
    this.#failures += 1;
    this.#lastProblem = problem;
    if (this.#failures < FAILURES) return;
    const rest = Math.min(OPEN_MAX_MS, OPEN_MS * 2 ** Math.min(10, this.#failures - FAILURES));
    this.#openUntil = this.#clock.now() + rest;
  }
}
