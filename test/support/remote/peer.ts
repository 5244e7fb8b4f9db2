import { writeFile } from 'node:fs/promises';
import {
  NoReply,
  type Polled,
  type RemoteApi,
  type RemoteAsk,
  type RemoteTraits,
  type Stopped,
} from '../../../packages/server/src/adapters/backends/remote/remote-api.ts';
import { Fault } from '../../../packages/server/src/domain/fault.ts';

/** A peer in memory that does what a test says, for what is the same with all peers. */

export type PeerOperation = { readonly handle: number };

/** What one start does. */
export type StartStep =
  | 'accept'
  /** Accepts, and its answer is lost. */
  | 'accept-silently'
  | { readonly refuse: Fault }
  | { readonly noReply: 'before' | 'after' }
  /** Answers only when the signal aborts, if ever. */
  | 'hang';

export type PollStep = Polled | { readonly fail: Error };

export interface ScriptedPeer extends RemoteApi<PeerOperation> {
  readonly starts: StartStep[];
  readonly polls: PollStep[];
  /** What polls say when none is scripted. */
  usually: PollStep;
  stopsWith: Stopped;
  lookups: 'knows' | 'fails';
  readonly fetches: (Error | Uint8Array)[];
  readonly asks: RemoteAsk[];
  readonly calls: string[];
  readonly accepted: ReadonlyMap<string, PeerOperation>;
  problems: readonly string[];
}

const TRAITS: RemoteTraits = {
  sizes: ['480P', '720P', '1080P'],
  billed: false,
  cancel: 'running',
  honoursSeed: true,
  negativePrompt: 'optional',
  watermarks: false,
  extendsPrompt: false,
  tellsProgress: true,
};

export const DONE: Polled = { state: 'done', result: { file: 'video' } };
export const working = (fraction: number): Polled => ({ state: 'working', phase: 'generating', fraction });

export function createScriptedPeer(
  options: { readonly traits?: Partial<RemoteTraits>; readonly lookup?: boolean } = {},
) {
  const accepted = new Map<string, PeerOperation>();
  const accept = (ask: RemoteAsk): PeerOperation => {
    const operation = { handle: accepted.size + 1 };
    accepted.set(ask.attempt.id, operation);
    return operation;
  };
  const peer: ScriptedPeer = {
    traits: { ...TRAITS, ...options.traits },
    starts: [],
    polls: [],
    usually: DONE,
    stopsWith: 'stopped',
    lookups: 'knows',
    fetches: [],
    asks: [],
    calls: [],
    accepted,
    problems: [],
    async start(ask, signal) {
      peer.calls.push('start');
      peer.asks.push(ask);
      const step = peer.starts.shift() ?? 'accept';
      if (step === 'accept') return accept(ask);
      if (step === 'accept-silently') {
        accept(ask);
        throw new NoReply('the connection broke', true);
      }
      if (step === 'hang') {
        const { promise, reject } = Promise.withResolvers<never>();
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        return promise;
      }
      if ('refuse' in step) throw step.refuse;
      throw new NoReply('no answer', step.noReply === 'after');
    },
    async poll({ handle }) {
      peer.calls.push(`poll ${handle}`);
      const step = peer.polls.shift() ?? peer.usually;
      if ('fail' in step) throw step.fail;
      return step;
    },
    async stop({ handle }) {
      peer.calls.push(`stop ${handle}`);
      return peer.stopsWith;
    },
    async fetchResult({ handle }, _result, toFile) {
      peer.calls.push(`fetch ${handle}`);
      const step = peer.fetches.shift() ?? Buffer.alloc(300, handle);
      if (step instanceof Error) throw step;
      await writeFile(toFile, step);
    },
    probe: async () => ({ problems: peer.problems }),
    readOperation(saved) {
      const handle = typeof saved === 'object' && saved !== null && 'handle' in saved ? saved['handle'] : undefined;
      return typeof handle === 'number' ? { handle } : undefined;
    },
    ...(options.lookup === true
      ? {
          async lookup({ id }: { readonly id: string }) {
            peer.calls.push('lookup');
            if (peer.lookups === 'fails') throw new NoReply('no answer', true);
            return accepted.get(id);
          },
        }
      : {}),
  };
  return peer;
}

export const full = (retryAfterMs?: number) =>
  new Fault('rate_limited', 'Full.', retryAfterMs === undefined ? {} : { retryAfterMs });
