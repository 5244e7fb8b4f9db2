import type { Json } from '../../../domain/attempt.ts';
import { Fault } from '../../../domain/fault.ts';
import type { GenerateAsk } from '../../../ports/backend.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { Log } from '../../../ports/log.ts';
import type { StartGate } from './gate.ts';
import { choosePlace, openOf, type Place } from './instances.ts';
import { type AttemptName, NoReply, type RemoteAsk } from './remote-api.ts';
import { pause, pauseAfter, type Rhythm, within } from './rhythm.ts';

/** What beginning an operation needs of its backend. */
export interface BeginParts {
  readonly name: string;
  readonly places: readonly Place[];
  readonly gate: StartGate;
  readonly rhythm: Rhythm;
  readonly clock: Clock;
  readonly log: Log;
  readonly stillOurs: GenerateAsk['stillOurs'] | undefined;
}

export interface Begun {
  readonly place: Place;
  readonly peer: Json;
}

/** After an abort, a reply that is on its way is waited for so long: without its handle the work cannot be stopped. */
const LAST_WORDS_MS = 10_000;
/** So long a place is waited for to say how busy it is. */
const LOAD_MS = 3_000;
/** The pause after the first round of refusals. */
const ROUND_MS = 1_000;
/** A peer that does not find an attempt is asked once more after a moment: it may be busy writing it down. */
const LOOKUP_TWICE_MS = 2_000;

/**
 * Gets one operation accepted, once: on the least busy place that works, on another one only after a definite refusal.
 * Aborted while a start is under way, it still resolves when that start is accepted. The place it names counts the work
 * already.
 *
 * @throws Fault `backend_unavailable` when nothing was accepted and another backend may have the video, with
 *   `attemptGoesOn` when nobody knows whether it was; otherwise the peer's own refusal
 */
export async function begin(parts: BeginParts, ask: RemoteAsk, signal: AbortSignal): Promise<Begun> {
  const until = parts.clock.now() + parts.rhythm.acceptMs;
  const tried = new Set<Place>();
  let lastRefusal: Fault | undefined;
  for (let rounds = 1; ; ) {
    const told = await loadsOf(parts, signal);
    let place = choosePlace(parts.places, tried, told);
    if (place === undefined && tried.size > 0) {
      // All were tried: a pause, then the next round.
      const waitMs = lastRefusal?.retryAfterMs ?? pauseAfter(rounds, { ...parts.rhythm, everyMs: ROUND_MS });
      rounds += 1;
      if (parts.clock.now() + waitMs > until) throw unavailable(lastRefusal, waitMs);
      await pause(parts.clock, waitMs, signal);
      tried.clear();
      place = choosePlace(parts.places, tried, told);
    }
    if (place === undefined) throw unavailable(lastRefusal ?? resting(parts.places), undefined);
    await parts.gate.pass(signal);
    await parts.stillOurs?.();
    const outcome = await startAt(parts, place, ask, signal);
    if ('peer' in outcome) return outcome;
    tried.add(place);
    lastRefusal = outcome;
    if (outcome.code === 'rate_limited') await parts.gate.holdOff(outcome.retryAfterMs ?? parts.rhythm.everyMs);
  }
}

/** What places that can tell have to do, when there is a choice. One that does not answer is asked for work last. */
async function loadsOf({ places, clock }: BeginParts, signal: AbortSignal): Promise<ReadonlyMap<Place, number>> {
  const open = openOf(places);
  if (open.length < 2) return new Map();
  const limit = (cause: unknown) => new NoReply('no answer in time', true, cause);
  const told = await Promise.all(
    open.map(async (place): Promise<readonly (readonly [Place, number])[]> => {
      const { load } = place.api;
      if (load === undefined) return [];
      try {
        return [[place, await within(clock, LOAD_MS, signal, load, limit)]];
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Fault) && !(error instanceof NoReply)) throw error;
        return [[place, Number.POSITIVE_INFINITY]];
      }
    }),
  );
  return new Map(told.flat());
}

/** One start at one place. Returns a refusal after which another place may be asked; throws all others. */
async function startAt(parts: BeginParts, place: Place, ask: RemoteAsk, signal: AbortSignal): Promise<Begun | Fault> {
  // Counted from here, so that two starts at once do not choose the same place.
  place.running += 1;
  const tried = place.health.trying();
  let begun = false;
  try {
    const outcome = await startOnce(parts, place, ask, signal);
    begun = 'peer' in outcome;
    return outcome;
  } finally {
    tried();
    if (!begun) place.running -= 1;
  }
}

async function startOnce(parts: BeginParts, place: Place, ask: RemoteAsk, signal: AbortSignal): Promise<Begun | Fault> {
  try {
    const peer = await startUnlessAborted(parts, place, ask, signal);
    place.health.succeeded();
    return { place, peer };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof Fault) return refusal(place, error);
    if (!(error instanceof NoReply)) throw error;
    place.health.failed(error.message);
    parts.log.warn({ backend: parts.name, instance: place.name, err: error }, 'a peer did not answer a start');
    const notNow = new Fault('backend_unavailable', 'The service that makes the video does not answer.', {
      cause: error,
    });
    if (!error.reached) return notNow;
    const known = await resolveDoubt(parts, place, ask, signal);
    if (known === 'absent') return notNow;
    if (known !== 'unknown') return known;
    throw new Fault('backend_unavailable', notNow.message, { cause: error, attemptGoesOn: true });
  }
}

/** The peer answered and said no. Only what has to do with the peer, not with this video, may be tried elsewhere. */
function refusal(place: Place, fault: Fault): Fault {
  if (fault.code === 'backend_unavailable' || fault.code === 'backend_misconfigured')
    place.health.failed(fault.message);
  else place.health.succeeded();
  if (fault.code === 'backend_unavailable' || fault.code === 'rate_limited') return fault;
  throw fault;
}

/** An abort leaves a start that is under way a moment to be answered. */
async function startUnlessAborted(
  { clock, rhythm }: BeginParts,
  place: Place,
  ask: RemoteAsk,
  signal: AbortSignal,
): Promise<Json> {
  const cut = new AbortController();
  const settled = new AbortController();
  const onAbort = () =>
    void clock.sleep(LAST_WORDS_MS, settled.signal).then(() => {
      if (!settled.signal.aborted) cut.abort(signal.reason);
    });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const limit = (cause: unknown) => new NoReply(`no answer within ${rhythm.startMs} ms`, true, cause);
    return await within(clock, rhythm.startMs, cut.signal, (inner) => place.api.start(ask, inner), limit);
  } finally {
    signal.removeEventListener('abort', onAbort);
    settled.abort();
  }
}

/** Asks a peer that knows our attempts whether it accepted this one. */
export async function resolveDoubt(
  { clock, rhythm }: Pick<BeginParts, 'clock' | 'rhythm'>,
  place: Place,
  ask: { readonly attempt: AttemptName },
  signal: AbortSignal,
): Promise<Begun | 'absent' | 'unknown'> {
  const { lookup } = place.api;
  if (lookup === undefined) return 'unknown';
  const until = clock.now() + rhythm.acceptMs;
  let absences = 0;
  for (let failures = 0; ; ) {
    try {
      const limit = (cause: unknown) => new NoReply('no answer to a look-up', true, cause);
      const peer = await within(clock, rhythm.requestMs, signal, (inner) => lookup(ask.attempt, inner), limit);
      if (peer !== undefined) return { place, peer };
      absences += 1;
      if (absences === 2) return 'absent';
      await pause(clock, LOOKUP_TWICE_MS, signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Fault) && !(error instanceof NoReply)) throw error;
      failures += 1;
      absences = 0;
      const waitMs = pauseAfter(failures, rhythm);
      if (clock.now() + waitMs > until) return 'unknown';
      await pause(clock, waitMs, signal);
    }
  }
}

function unavailable(refusal: Fault | undefined, waitMs: number | undefined): Fault {
  const busy = refusal?.code === 'rate_limited';
  const message = busy
    ? 'The service that makes the video has too much to do.'
    : (refusal?.message ?? 'The service that makes the video cannot be reached.');
  const details = { cause: refusal?.cause ?? refusal };
  return new Fault(
    'backend_unavailable',
    message,
    waitMs === undefined ? details : { ...details, retryAfterMs: waitMs },
  );
}

function resting(places: readonly Place[]): Fault {
  const problems = places.map((place) => `${place.name}: ${place.draining ? 'draining' : place.health.problem}`);
  return new Fault('backend_unavailable', 'The service that makes the video cannot be reached.', {
    cause: new Error(problems.join('; ')),
  });
}
