import type { Json } from '../../packages/server/src/domain/attempt.ts';
import { Fault } from '../../packages/server/src/domain/fault.ts';
import type {
  Backend,
  BackendEvent,
  Capabilities,
  GenerateAsk,
  StopAnswer,
} from '../../packages/server/src/ports/backend.ts';
import type { Clock } from '../../packages/server/src/ports/clock.ts';

/** What one call of `generate` does. */
export type Step =
  /** Takes `ms`, tells progress on the way, and finishes. */
  | { readonly do: 'succeed'; readonly ms?: number }
  | { readonly do: 'fail'; readonly fault: Fault | Error; readonly ms?: number }
  /** Works until it is aborted. */
  | { readonly do: 'hang' }
  /** Breaks off after so many events, as a crashed child does. */
  | { readonly do: 'crash'; readonly after: number }
  /** Ends without a finished event. */
  | { readonly do: 'nothing' }
  /** A peer that remembers: accepts after `acceptMs`, tells its operation once, and works for `ms` whatever we do. */
  | { readonly do: 'operation'; readonly ms?: number; readonly acceptMs?: number; readonly end?: Fault }
  /** A peer that refuses after `ms`, whether we still want to know or not. */
  | { readonly do: 'refuse'; readonly ms: number }
  /** A peer that accepts and whose answer is lost. */
  | { readonly do: 'accept-unheard'; readonly ms?: number };

export interface Call {
  readonly ask: GenerateAsk;
  readonly startedAt: number;
  readonly firstFrame: () => Promise<Uint8Array>;
  aborted: boolean;
  /** The generator is over: its files are gone. */
  released: boolean;
}

export interface ScriptedBackend extends Backend {
  /** Steps of the calls to come; when there is none, `usually` is done. */
  readonly script: Step[];
  usually: Step;
  readonly calls: Call[];
  /** Calls that have not ended. */
  readonly running: number;
  /** Peers' operations ever started. */
  readonly operations: number;
  /** The peer's own books; of remote backends. */
  readonly peer: readonly PeerOperation[];
  /** What the peer answers to `stop`; by default it stops where it can. */
  stopAnswer: StopAnswer | undefined;
  /** Attempts that were looked up, and the error that looking up meets. */
  readonly lookedUp: string[];
  lookUpError: Error | undefined;
}

export interface PeerOperation {
  readonly attempt: string;
  readonly acceptedAt: number;
  endsAt: number;
  stopped: boolean;
  end: Fault | undefined;
}

interface Options {
  readonly name?: string;
  readonly slots?: number;
  readonly capabilities?: Partial<Capabilities>;
  /** It has a peer; what `operation` steps start goes on there. */
  readonly remote?: boolean;
  /** The machine's files by path: what a backend hands out is there until it is released. */
  readonly files: Map<string, Uint8Array>;
  readonly clock: Clock;
}

const CAPABILITIES: Capabilities = {
  ready: true,
  problems: [],
  sizes: ['480P', '720P', '1080P'],
  billed: false,
  canLookUp: false,
  cancel: 'stops',
  honoursSeed: true,
  honoursNegativePrompt: false,
  watermarks: false,
  generative: true,
};

export function createScriptedBackend({
  name = 'renderer',
  slots = 1,
  capabilities = {},
  remote = false,
  files,
  clock,
}: Options): ScriptedBackend {
  const script: Step[] = [];
  const calls: Call[] = [];
  let running = 0;
  const peer: PeerOperation[] = [];
  const can: Capabilities = { ...CAPABILITIES, ...capabilities };

  async function* play(step: Step, ask: GenerateAsk, signal: AbortSignal): AsyncGenerator<BackendEvent> {
    const wait = async (ms: number) => {
      await clock.sleep(ms, signal);
      signal.throwIfAborted();
    };
    switch (step.do) {
      case 'hang':
        yield progress(0.1);
        await wait(Number.POSITIVE_INFINITY);
        break;
      case 'nothing':
        return;
      case 'fail':
        await wait(step.ms ?? 0);
        throw step.fault;
      case 'crash':
        for (let told = 0; told < step.after; told += 1) {
          await wait(3_000);
          yield progress((told + 1) / 10);
        }
        throw new Error('the child process ended with SIGSEGV');
      case 'refuse':
        await clock.sleep(step.ms);
        throw new Fault('content_rejected', 'The peer refused.');
      case 'accept-unheard':
        accept(ask.attempt, step.ms ?? 0);
        throw new Fault('backend_unavailable', 'The connection broke.', { attemptGoesOn: true });
      case 'operation': {
        let handle = handleOf(ask.operation);
        if (handle === undefined) {
          // As a submission does that is under way: it ends, and is told, although we were told to stop meanwhile.
          await clock.sleep(step.acceptMs ?? 0);
          handle = accept(ask.attempt, step.ms ?? 0, step.end);
          yield { type: 'operation-started', operation: { handle } satisfies Json };
        }
        const operation = peer[handle - 1];
        if (operation === undefined) throw new Fault('backend_failed', 'The peer knows nothing of it.');
        yield { type: 'progress', fraction: 0.2, phase: 'upstream_queued' };
        while (!operation.stopped && clock.now() < operation.endsAt)
          await wait(Math.min(1_000, operation.endsAt - clock.now()));
        if (operation.stopped) throw new Fault('backend_failed', 'The peer stopped it.');
        if (operation.end !== undefined) throw operation.end;
        if (ask.resultWanted !== false) yield finished(ask);
        return;
      }
      case 'succeed':
        for (const fraction of [0.25, 0.5, 0.75]) {
          await wait((step.ms ?? 0) / 3);
          yield progress(fraction);
        }
        yield finished(ask);
    }
  }

  function accept(attempt: string, ms: number, end?: Fault): number {
    return peer.push({ attempt, acceptedAt: clock.now(), endsAt: clock.now() + ms, stopped: false, end });
  }

  function finished(ask: GenerateAsk): BackendEvent {
    const put = (file: string) => {
      const path = `/tmp/${ask.attempt}/${file}`;
      files.set(path, Buffer.from(`${file} of ${ask.attempt}`));
      return { path };
    };
    return {
      type: 'finished',
      video: put('video.mp4'),
      thumbnail: put('thumbnail.webp'),
      lastFrame: put('last_frame.png'),
      report: { mode: 'scripted' },
      actualPrompt: `${ask.generation.prompt}, extended`,
    };
  }

  const lookedUp: string[] = [];

  async function stop(this: ScriptedBackend, operation: Json): Promise<StopAnswer> {
    const found = peer[(handleOf(operation) ?? 0) - 1];
    if (this.stopAnswer !== undefined) return this.stopAnswer;
    if (found === undefined || found.stopped || clock.now() >= found.endsAt) return 'stopped';
    if (can.cancel === 'ignores') return 'goes_on';
    found.stopped = true;
    return 'stopped';
  }

  async function lookUp(this: ScriptedBackend, attempt: string): Promise<Json | undefined> {
    lookedUp.push(attempt);
    if (this.lookUpError !== undefined) throw this.lookUpError;
    const n = peer.findIndex((operation) => operation.attempt === attempt);
    return n === -1 ? undefined : { handle: n + 1 };
  }

  return {
    name,
    slots,
    capabilities: can,
    script,
    usually: { do: 'succeed' },
    calls,
    get running() {
      return running;
    },
    get operations() {
      return peer.length;
    },
    peer,
    stopAnswer: undefined,
    lookedUp,
    lookUpError: undefined,
    ...(remote ? { stop, ...(can.canLookUp ? { lookUp } : {}) } : {}),
    probe: async () => can,
    async *generate(ask, signal) {
      // What the peer works on goes on as it began, whoever asks.
      const resumed = remote && ask.operation !== null;
      const step: Step = resumed ? { do: 'operation' } : (script.shift() ?? this.usually);
      const call: Call = {
        ask,
        startedAt: clock.now(),
        aborted: false,
        released: false,
        firstFrame: () => readAll(ask),
      };
      calls.push(call);
      running += 1;
      signal.addEventListener('abort', () => (call.aborted = !call.released), { once: true });
      try {
        yield* play(step, ask, signal);
      } finally {
        running -= 1;
        call.released = true;
        for (const path of files.keys()) if (path.startsWith(`/tmp/${ask.attempt}/`)) files.delete(path);
      }
    },
  };
}

function handleOf(operation: Json): number | undefined {
  if (typeof operation !== 'object' || operation === null || !('handle' in operation)) return undefined;
  return Number(operation.handle);
}

const progress = (fraction: number): BackendEvent => ({ type: 'progress', fraction, phase: 'generating' });

async function readAll(ask: GenerateAsk): Promise<Uint8Array> {
  if (!('stream' in ask.frames.first)) throw new Error('a frame is handed over as a stream');
  const parts: Uint8Array[] = [];
  for await (const part of ask.frames.first.stream) parts.push(part);
  return Buffer.concat(parts);
}
