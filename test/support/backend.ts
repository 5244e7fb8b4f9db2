import type { Json } from '../../packages/server/src/domain/attempt.ts';
import type { Fault } from '../../packages/server/src/domain/fault.ts';
import type { Backend, BackendEvent, Capabilities, GenerateAsk } from '../../packages/server/src/ports/backend.ts';
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
  /** A peer that remembers: tells its operation once, then works until `finishOperations` or for `ms`. */
  | { readonly do: 'operation'; readonly ms?: number };

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
}

interface Options {
  readonly name?: string;
  readonly slots?: number;
  readonly capabilities?: Partial<Capabilities>;
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
  files,
  clock,
}: Options): ScriptedBackend {
  const script: Step[] = [];
  const calls: Call[] = [];
  let running = 0;
  let operations = 0;
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
      case 'operation':
        if (ask.operation === null) {
          operations += 1;
          yield { type: 'operation-started', operation: { handle: operations } satisfies Json };
        }
        yield { type: 'progress', fraction: 0.2, phase: 'upstream_queued' };
        await wait(step.ms ?? 0);
        yield finished(ask);
        return;
      case 'succeed':
        for (const fraction of [0.25, 0.5, 0.75]) {
          await wait((step.ms ?? 0) / 3);
          yield progress(fraction);
        }
        yield finished(ask);
    }
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
      return operations;
    },
    probe: async () => can,
    async *generate(ask, signal) {
      const step = script.shift() ?? this.usually;
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

const progress = (fraction: number): BackendEvent => ({ type: 'progress', fraction, phase: 'generating' });

async function readAll(ask: GenerateAsk): Promise<Uint8Array> {
  if (!('stream' in ask.frames.first)) throw new Error('a frame is handed over as a stream');
  const parts: Uint8Array[] = [];
  for await (const part of ask.frames.first.stream) parts.push(part);
  return Buffer.concat(parts);
}
