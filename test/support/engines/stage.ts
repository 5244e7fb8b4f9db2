import type { RemoteApi } from '../../../packages/server/src/adapters/backends/remote/remote-api.ts';
import type { RemoteBackendOptions } from '../../../packages/server/src/adapters/backends/remote/remote-backend.ts';
import { systemClock } from '../../../packages/server/src/adapters/system/clock.ts';
import type { Json } from '../../../packages/server/src/domain/attempt.ts';
import { Fault } from '../../../packages/server/src/domain/fault.ts';
import type { BackendEvent, GenerateAsk } from '../../../packages/server/src/ports/backend.ts';
import type { Clock } from '../../../packages/server/src/ports/clock.ts';
import { paintPair } from '../paintings.ts';
import { askOf, openRemoteStage } from '../remote/stage.ts';

export const WIDTH = 160;
export const HEIGHT = 96;

let painted: Promise<readonly [first: Buffer, last: Buffer]> | undefined;

/** The two small pictures every ask of these tests has. */
export function smallPair(): Promise<readonly [first: Buffer, last: Buffer]> {
  painted ??= paintPair(WIDTH, HEIGHT);
  return painted;
}

/** A real, small ask. */
export async function smallAsk(
  attempt: string,
  generation: Partial<GenerateAsk['generation']> = {},
): Promise<GenerateAsk> {
  const [first, last] = await smallPair();
  const ask = askOf(attempt, { size: '480P', ...generation });
  return {
    ...ask,
    prepared: { ...ask.prepared, width: WIDTH, height: HEIGHT },
    frames: { first: { bytes: first }, last: { bytes: last } },
  };
}

/** How a video ended after all the attempts that it was given. */
export interface Life {
  readonly status: 'succeeded' | 'failed';
  readonly code: string | undefined;
  /** What a caller would read. */
  readonly message: string | undefined;
  /** What the operator finds in the log. */
  readonly causes: string;
  readonly attempts: number;
  readonly report: Readonly<Record<string, Json>> | undefined;
}

const MOST_FAULTS = 3;
/** Real waits are as many times shorter. */
const HURRY = 20;

/** A clock that runs faster than ours, so that pauses meant for days of work pass while real sockets are used. */
export const hurriedClock: Clock = {
  now: () => Math.round(performance.now() * HURRY),
  sleep: (ms, signal) => systemClock.sleep(ms / HURRY, signal),
};

export const RHYTHM = {
  everyMs: 100,
  failingMs: 400,
  acceptMs: 600_000,
  resultMs: 20_000,
  requestMs: 60_000,
  startMs: 60_000,
};

/** A remote backend over one adapter and a real fake, and a way to run videos to their end as the worker does it. */
export async function openEngineStage<Operation extends Json>(
  apis: RemoteApi<Operation> | readonly RemoteApi<Operation>[],
  options: Partial<RemoteBackendOptions> = {},
) {
  const stage = await openRemoteStage(apis, { clock: hurriedClock, rhythm: RHYTHM, ...options });
  const never = new AbortController().signal;
  let videos = 0;

  async function runOnce(
    ask: GenerateAsk,
  ): Promise<{ operation: Json; last: BackendEvent | undefined; error: unknown }> {
    let operation: Json = ask.operation;
    let last: BackendEvent | undefined;
    try {
      for await (const event of stage.backend.generate(ask, never)) {
        last = event;
        if (event.type === 'operation-started') operation = JSON.parse(JSON.stringify(event.operation));
      }
      return { operation, last, error: undefined };
    } catch (error) {
      return { operation, last, error };
    }
  }

  /** An attempt that goes on is resumed, or looked up; one that is over is followed by another while that may help. */
  async function live(wanted: Partial<GenerateAsk['generation']> = {}): Promise<Life> {
    let generation = wanted;
    videos += 1;
    const [begun, faults] = [{ attempts: 1 }, [] as Fault[]];
    let operation: Json = null;
    for (;;) {
      const ask: GenerateAsk = {
        ...(await smallAsk(`video_engine${videos}.${begun.attempts}`, generation)),
        operation,
      };
      const run = await runOnce(ask);
      if (run.error === undefined && run.last?.type === 'finished') {
        return {
          status: 'succeeded',
          code: undefined,
          message: undefined,
          causes: '',
          attempts: begun.attempts,
          report: run.last.report,
        };
      }
      if (!(run.error instanceof Fault)) throw run.error;
      faults.push(run.error);
      const { code, message, retryable, attemptGoesOn, promptFailed } = run.error;
      const plainly = promptFailed && generation.promptExtend !== false;
      if (plainly) generation = { ...generation, promptExtend: false };
      if (!(retryable || plainly) || faults.length === MOST_FAULTS) {
        return {
          status: 'failed',
          code,
          message,
          causes: causesOf(run.error),
          attempts: begun.attempts,
          report: undefined,
        };
      }
      operation = run.operation;
      const { billed, canLookUp } = stage.backend.capabilities;
      if (attemptGoesOn && operation === null && billed && !canLookUp) {
        return {
          status: 'failed',
          code: 'submission_unknown',
          message,
          causes: causesOf(run.error),
          attempts: begun.attempts,
          report: undefined,
        };
      }
      if (attemptGoesOn && operation === null) operation = (await stage.backend.lookUp?.(ask.attempt, never)) ?? null;
      if (attemptGoesOn && operation !== null) continue;
      operation = null;
      begun.attempts += 1;
    }
  }

  /** Begins an attempt and lets go of it. */
  async function operationOf(generation: Partial<GenerateAsk['generation']> = {}): Promise<Json> {
    videos += 1;
    for await (const event of stage.backend.generate(await smallAsk(`video_engine${videos}.1`, generation), never)) {
      if (event.type === 'operation-started') return JSON.parse(JSON.stringify(event.operation)) as Json;
    }
    throw new Error('it ended without an operation');
  }

  /** Follows an attempt to its end. */
  async function ends(operation: Json): Promise<BackendEvent | undefined> {
    return (await runOnce({ ...(await smallAsk('video_engine.1')), operation })).last;
  }

  return { ...stage, smallAsk, live, operationOf, ends, never };
}

/** A fault's causes, down to the first. */
function causesOf(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) texts.push(at.message);
  return texts.join(' < ');
}
