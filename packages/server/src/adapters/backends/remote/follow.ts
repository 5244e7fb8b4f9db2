import type { Json } from '../../../domain/attempt.ts';
import { Fault } from '../../../domain/fault.ts';
import type { BackendEvent } from '../../../ports/backend.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';
import type { Meter } from '../../../ports/meter.ts';
import type { Place } from './instances.ts';
import type { Pace } from './pace.ts';
import { NoReply, type Polled } from './remote-api.ts';
import { pause, pauseAfter, type Rhythm, within } from './rhythm.ts';
import { type Watch, watchOperation } from './watch.ts';

export interface FollowParts {
  readonly name: string;
  readonly billed: boolean;
  readonly rhythm: Rhythm;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly pace: Pace;
  /** What a video usually takes here, for peers that tell no progress. */
  usualMs(): number;
}

export type Done = Extract<Polled, { state: 'done' }>;

/** A peer must deny an operation twice, with a pause between, before it counts as lost: servers restart and proxies lie. */
const DENIALS = 2;
/** Estimates stay below this until the peer is done. */
const ESTIMATE_MAX = 0.95;

/**
 * THE polling loop: looks at an accepted operation until the peer says that it is over. Looks that fail change nothing
 * but the pause before the next; so do words that we don't know. Time limits are the caller's (its signal), also for a peer
 * that tells progress and stops making any.
 *
 * @throws Fault when it is over without a video: the peer failed or lost it
 */
export async function* follow(
  parts: FollowParts,
  place: Place,
  operation: Json,
  startedAt: number,
  signal: AbortSignal,
): AsyncGenerator<BackendEvent, Done> {
  const watch = watchOperation(place.api, operation, parts.clock, signal);
  try {
    return yield* lookUntilOver(parts, place, operation, startedAt, watch, signal);
  } finally {
    watch.end();
  }
}

async function* lookUntilOver(
  parts: FollowParts,
  place: Place,
  operation: Json,
  startedAt: number,
  watch: Watch,
  signal: AbortSignal,
): AsyncGenerator<BackendEvent, Done> {
  const { clock, rhythm } = parts;
  let failures = 0;
  let denials = 0;
  let told = 0;
  for (;;) {
    await parts.pace.pass(signal);
    const polled = await look(parts, place, operation, signal);
    if (polled === undefined) {
      failures += 1;
      await pause(clock, pauseAfter(failures + 1, rhythm), signal);
      continue;
    }
    failures = 0;
    switch (polled.state) {
      case 'done':
        return polled;
      case 'failed':
        throw ended(polled.fault, parts.billed);
      case 'lost':
        denials += 1;
        if (denials >= DENIALS) throw lost(polled.why, parts.billed);
        break;
      case 'working': {
        denials = 0;
        if (polled.unknownWord !== undefined) tellUnknownWord(parts, polled.unknownWord);
        const fraction = polled.fraction ?? estimate(polled, clock.now() - startedAt, parts.usualMs());
        told = Math.max(told, Math.min(1, fraction));
        const estimated = polled.fraction === undefined || !place.api.traits.tellsProgress;
        yield { type: 'progress', fraction: told, estimated, phase: polled.phase };
        signal.throwIfAborted();
      }
    }
    await watch.pause(againIn(polled, rhythm));
  }
}

/** One look; undefined when it failed. */
async function look(
  { clock, rhythm, log, name }: FollowParts,
  place: Place,
  operation: Json,
  signal: AbortSignal,
): Promise<Polled | undefined> {
  try {
    const limit = (cause: unknown) => new NoReply(`no answer within ${rhythm.requestMs} ms`, true, cause);
    const polled = await within(clock, rhythm.requestMs, signal, (inner) => place.api.poll(operation, inner), limit);
    place.health.succeeded();
    return polled;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Fault) && !(error instanceof NoReply)) throw error;
    if (error instanceof NoReply) place.health.failed(error.message);
    log.info({ backend: name, instance: place.name, err: error }, 'a look at a running operation failed');
    return undefined;
  }
}

function againIn(polled: Polled, { everyMs, failingMs }: Rhythm): number {
  if (polled.state !== 'working' || polled.againInMs === undefined) return everyMs;
  return Math.min(failingMs, Math.max(250, polled.againInMs));
}

function estimate({ phase }: Extract<Polled, { state: 'working' }>, elapsedMs: number, usualMs: number): number {
  return phase === 'generating' ? Math.min(ESTIMATE_MAX, elapsedMs / usualMs) : 0;
}

function tellUnknownWord({ meter, log, name }: FollowParts, word: string): void {
  meter.count('inbetween_upstream_unknown_words_total', { backend: name });
  log.warn({ backend: name, word: word.slice(0, 60) }, 'a status word we do not know; counted as still running');
}

/** Of a billed peer, nothing that was accepted is tried again as it was: the caller decides whether to pay once more. */
function ended(fault: Fault, billed: boolean): Fault {
  const { code, message, cause, promptFailed } = fault;
  return new Fault(code, message, { cause: cause ?? fault, retryable: fault.retryable && !billed, promptFailed });
}

function lost(why: string, billed: boolean): Fault {
  return new Fault('backend_failed', 'The service that was making the video does not know it any more.', {
    retryable: !billed,
    cause: new Error(why),
  });
}
