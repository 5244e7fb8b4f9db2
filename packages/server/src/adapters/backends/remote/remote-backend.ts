import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Json } from '../../../domain/attempt.ts';
import { Fault } from '../../../domain/fault.ts';
import type { LabelNames } from '../../../domain/label.ts';
import type { Backend, BackendEvent, Capabilities, GenerateAsk, StopAnswer } from '../../../ports/backend.ts';
import type { Clock } from '../../../ports/clock.ts';
import type { FrameRescaler } from '../../../ports/frames.ts';
import type { Log } from '../../../ports/log.ts';
import type { ResultFinisher } from '../../../ports/media.ts';
import type { Meter } from '../../../ports/meter.ts';
import type { PromptWriter } from '../../../ports/prompt-writer.ts';
import { asStorageFailure } from '../../system/storage-full.ts';
import { type PreparedAsk, prepareAsk } from './ask.ts';
import { begin, resolveDoubt } from './begin.ts';
import { type Done, follow } from './follow.ts';
import type { StartGate } from './gate.ts';
import { openPlaces, type Place, type RemoteInstance } from './instances.ts';
import { createPace, type Pace } from './pace.ts';
import { nameAttempt, type Pinned, readPinned } from './pinned.ts';
import { NoReply, type Probed, type RemoteTraits } from './remote-api.ts';
import { bringHome } from './result.ts';
import { DEFAULT_RHYTHM, type Rhythm, within } from './rhythm.ts';

/** How a remote backend is set up. */
export interface RemoteBackendOptions {
  readonly name: string;
  /** At least one; several are a pool. */
  readonly instances: readonly RemoteInstance[];
  /** Works at once over the whole fleet; absent: what the instances that take work have together. */
  readonly slots?: number;
  /** Each attempt gets a folder of its own in here, removed when it ends. */
  readonly tmpFolder: string;
  readonly rhythm?: Partial<Rhythm>;
  readonly gate: StartGate;
  /** Looks a second that the peer takes of the whole fleet; absent: any number. */
  readonly pollsPerSecond?: number | undefined;
  /** Operations open at this backend over the whole fleet, as far as it is known; absent: those of this process. */
  readonly openInFleet?: () => number;
  readonly finisher: ResultFinisher;
  readonly rescaler: FrameRescaler;
  /** Rewrites prompts for peers that don't; absent: prompts stay as they are. */
  readonly promptWriter?: PromptWriter | undefined;
  /** Used for peers that want one when the caller gave none. */
  readonly defaultNegativePrompt: string;
  /** What to do about a result that does not end with the last frame, when it was not paid for. */
  readonly onIgnoredFrame?: 'warn' | 'fail';
  readonly matchTail?: boolean;
  /** Whom the content label names; absent: ourselves. */
  readonly labelNames?: LabelNames | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
}

/**
 * A backend whose work is done by a peer on the network, whatever its protocol: sends one ask once, remembers the peer's
 * handle, looks until it is over, and brings the result home.
 */
export function createRemoteBackend(options: RemoteBackendOptions): RemoteBackend {
  return new PolledBackend(options);
}

export interface RemoteBackend extends Backend {
  /** For the operator: every instance as it is now. */
  inspect(signal: AbortSignal): Promise<readonly InstanceReport[]>;
  close(): Promise<void>;
}

export interface InstanceReport extends Probed {
  readonly name: string;
  readonly draining: boolean;
  readonly slots: number;
}

/** Weight of the newest duration in the usual one. */
const NEWEST = 0.3;

class PolledBackend implements RemoteBackend {
  readonly name: string;
  readonly slots: number;
  readonly #options: RemoteBackendOptions;
  readonly #places: readonly Place[];
  readonly #rhythm: Rhythm;
  readonly #pace: Pace;
  readonly lookUp?: (attempt: string, signal: AbortSignal) => Promise<Json | undefined>;
  #problems: readonly string[] = [];
  #usualMs: number;

  constructor(options: RemoteBackendOptions) {
    this.name = options.name;
    this.#options = options;
    this.#places = openPlaces(options.instances, options.clock);
    this.#rhythm = { ...DEFAULT_RHYTHM, ...options.rhythm };
    this.#usualMs = this.#rhythm.usualMs;
    const here = () => sum(this.#places.map(({ running }) => running));
    const { clock, pollsPerSecond: perSecond, openInFleet: everywhere = here } = options;
    this.#pace = createPace({ clock, perSecond, here, everywhere });
    if (this.#places.every(({ api }) => api.lookup !== undefined)) this.lookUp = this.#lookUp.bind(this);
    const taking = this.#places.filter((place) => !place.draining);
    this.slots = options.slots ?? Math.max(1, sum(taking.map(({ slots }) => slots)));
  }

  get capabilities(): Capabilities {
    const all = this.#places.map(({ api }) => api.traits);
    const [traits] = all;
    if (traits === undefined) throw new Error(`${this.name} has no instance`);
    const every = (holds: (each: RemoteTraits) => boolean) => all.every(holds);
    const open = this.#places.filter((place) => !place.draining);
    const resting = open.filter((place) => !place.health.usable);
    const problems = [...this.#problems, ...resting.map((place) => `${this.#show(place)} cannot be reached`)];
    const ready = open.length > resting.length && this.#problems.length < open.length;
    return {
      ready,
      problems: ready ? [] : open.length === 0 ? ['draining: takes nothing new'] : problems,
      sizes: traits.sizes.filter((size) => every(({ sizes }) => sizes.includes(size))),
      ...(traits.sides === undefined ? {} : { sides: traits.sides }),
      billed: all.some(({ billed }) => billed),
      canLookUp: this.lookUp !== undefined,
      cancel: every(({ cancel }) => cancel === 'running') ? 'stops' : 'ignores',
      honoursSeed: every(({ honoursSeed }) => honoursSeed),
      honoursNegativePrompt: every(({ negativePrompt }) => negativePrompt !== 'none'),
      watermarks: every(({ watermarks }) => watermarks),
      generative: true,
    };
  }

  async probe(signal: AbortSignal): Promise<Capabilities> {
    const open = this.#places.filter((place) => !place.draining);
    const found = await Promise.all(open.map((place) => this.#probeOne(place, signal)));
    signal.throwIfAborted();
    this.#problems = found.flatMap(({ problems }, index) => {
      const place = open[index];
      if (place === undefined || problems.length === 0) return [];
      return [`${this.#show(place)}: ${problems.join('; ')}`];
    });
    return this.capabilities;
  }

  /** For answers to callers: an instance's own name holds its host. */
  #show(place: Place): string {
    return this.#places.length === 1 ? this.name : `instance ${this.#places.indexOf(place) + 1} of ${this.name}`;
  }

  async inspect(signal: AbortSignal): Promise<readonly InstanceReport[]> {
    return Promise.all(
      this.#places.map(async (place) => {
        const { problems, version } = await this.#probeOne(place, signal);
        const { name, draining, slots } = place;
        return { name, draining, slots, problems, ...(version === undefined ? {} : { version }) };
      }),
    );
  }

  async #probeOne(place: Place, signal: AbortSignal): Promise<Probed> {
    const { clock } = this.#options;
    const limit = (cause: unknown) => new NoReply('no answer', true, cause);
    try {
      const found = await within(clock, this.#rhythm.requestMs, signal, (inner) => place.api.probe(inner), limit);
      if (found.problems.length === 0) place.health.succeeded();
      return found;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof NoReply) && !(error instanceof Fault)) throw error;
      place.health.failed(error.message);
      this.#options.log.info({ backend: this.name, instance: place.name, err: error }, 'a probe failed');
      return { problems: ['it cannot be reached'] };
    }
  }

  async *generate(ask: GenerateAsk, signal: AbortSignal): AsyncGenerator<BackendEvent> {
    signal.throwIfAborted();
    const folder = this.#folderOf(ask.attempt);
    let accepted = ask.operation !== null;
    try {
      // A worker that was lost may have left the same attempt's files.
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      for await (const event of this.#generateIn(folder, ask, signal)) {
        accepted ||= event.type === 'operation-started';
        yield event;
      }
    } catch (error) {
      signal.throwIfAborted();
      const failure = asStorageFailure(error);
      if (failure === error || !(failure instanceof Fault)) throw failure;
      throw new Fault(failure.code, failure.message, { cause: failure.cause, attemptGoesOn: accepted });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async *#generateIn(folder: string, ask: GenerateAsk, signal: AbortSignal): AsyncGenerator<BackendEvent> {
    const prepared = await prepareAsk(this.#options, this.#places, ask, folder, signal);
    const resumed = ask.operation === null ? undefined : this.#resume(ask.operation);
    const { place, pinned } = resumed ?? (await this.#begin(ask, prepared, signal));
    // A place counts what it has just begun already.
    if (resumed !== undefined) place.running += 1;
    try {
      // Told even when aborted meanwhile: whoever ends the video needs it to stop the work.
      if (resumed === undefined) yield { type: 'operation-started', operation: { ...pinned } };
      signal.throwIfAborted();
      const done = yield* this.#follow(place, pinned, signal);
      if (ask.resultWanted === false) return await this.#cleanUp(place, pinned.peer);
      const finished = await this.#finish(folder, ask, prepared, { place, pinned, done }, signal);
      await this.#cleanUp(place, pinned.peer);
      yield finished;
    } catch (error) {
      // The peer has ended it; what we cannot go on with now is gone on with later.
      if (error instanceof Fault && !error.attemptGoesOn) await this.#cleanUp(place, pinned.peer);
      throw error;
    } finally {
      place.running -= 1;
    }
  }

  /** An operation is over. What it left behind is no reason to fail anything. */
  async #cleanUp({ api, name }: Place, peer: Json): Promise<void> {
    await api.cleanUp?.(peer).catch((error: unknown) => {
      this.#options.log.warn(
        { backend: this.name, instance: name, err: error },
        'files of an attempt could not be removed',
      );
    });
  }

  #resume(operation: Json): { readonly place: Place; readonly pinned: Pinned } {
    const pinned = readPinned(operation);
    const place = this.#places.find(({ name }) => name === pinned?.instance);
    if (pinned !== undefined && place?.api.readOperation(pinned.peer) !== undefined) return { place, pinned };
    throw new Fault('backend_misconfigured', 'The service that was making this video is no longer configured.', {
      attemptGoesOn: true,
      cause: new Error(`operation of instance ${pinned?.instance ?? 'unknown'}`),
    });
  }

  async #begin(ask: GenerateAsk, prepared: PreparedAsk, signal: AbortSignal) {
    const { log, clock, gate, promptWriter } = this.#options;
    const wish = await prepared.withPrompt(promptWriter, signal);
    const parts = {
      name: this.name,
      places: this.#places,
      gate,
      rhythm: this.#rhythm,
      clock,
      log,
      stillOurs: ask.stillOurs,
    };
    const begun = await begin(parts, wish, signal);
    const rewritten = wish.prompt === ask.generation.prompt ? {} : { prompt: wish.prompt };
    const pinned: Pinned = {
      instance: begun.place.name,
      attempt: nameAttempt(ask.attempt).id,
      startedAt: clock.now(),
      peer: begun.peer,
      ...rewritten,
    };
    return { place: begun.place, pinned };
  }

  async *#follow(place: Place, pinned: Pinned, signal: AbortSignal): AsyncGenerator<BackendEvent, Done> {
    const { clock, log, meter } = this.#options;
    const { billed } = this.capabilities;
    const usualMs = () => this.#usualMs;
    const parts = { name: this.name, billed, rhythm: this.#rhythm, pace: this.#pace, clock, log, meter, usualMs };
    const done = yield* follow(parts, place, pinned.peer, pinned.startedAt, signal);
    this.#usualMs += NEWEST * (Math.max(1_000, clock.now() - pinned.startedAt) - this.#usualMs);
    return done;
  }

  async #finish(
    folder: string,
    ask: GenerateAsk,
    prepared: PreparedAsk,
    { place, pinned, done }: { readonly place: Place; readonly pinned: Pinned; readonly done: Done },
    signal: AbortSignal,
  ): Promise<BackendEvent> {
    const { billed } = this.capabilities;
    const parts = { ...this.#options, billed, rhythm: this.#rhythm };
    return bringHome(parts, { folder, ask, prepared, place, pinned, done }, signal);
  }

  async stop(operation: Json, signal: AbortSignal): Promise<StopAnswer> {
    const pinned = readPinned(operation);
    const place = this.#places.find(({ name }) => name === pinned?.instance);
    if (pinned === undefined || place === undefined) return 'unknown';
    const answer = await this.#stopAt(place, pinned.peer, signal);
    if (answer === 'stopped') await this.#cleanUp(place, pinned.peer);
    return answer;
  }

  /** Asks every place, because a lost worker took with it which one it was. */
  async #lookUp(attempt: string, signal: AbortSignal): Promise<Json | undefined> {
    const name = nameAttempt(attempt);
    const parts = { clock: this.#options.clock, rhythm: this.#rhythm };
    for (const place of this.#places) {
      const found = await resolveDoubt(parts, place, { attempt: name }, signal);
      if (found === 'unknown')
        throw new Fault('backend_unavailable', 'The service that makes the video cannot be asked for it now.');
      if (found === 'absent') continue;
      const pinned: Pinned = { instance: place.name, attempt, startedAt: this.#options.clock.now(), peer: found.peer };
      return { ...pinned };
    }
    return undefined;
  }

  async #stopAt(place: Place, peer: Json, signal: AbortSignal): Promise<StopAnswer> {
    const { clock, log } = this.#options;
    const limit = (cause: unknown) => new NoReply('no answer', true, cause);
    try {
      return await within(clock, this.#rhythm.requestMs, signal, (inner) => place.api.stop(peer, inner), limit);
    } catch (error) {
      log.info({ backend: this.name, instance: place.name, err: error }, 'an operation could not be stopped');
      return 'unknown';
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#places.map(({ api }) => api.close?.()));
  }

  #folderOf(attempt: string): string {
    if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(attempt)) throw new RangeError(`not an attempt: ${attempt}`);
    return join(this.#options.tmpFolder, attempt);
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
