import type { Json } from '../../../domain/attempt.ts';
import type { Fault } from '../../../domain/fault.ts';
import type { Frames } from '../../../domain/frame.ts';
import type { SizeTier } from '../../../domain/model.ts';
import type { Size } from '../../../domain/size.ts';

/**
 * What one peer's protocol looks like to us: the whole job of an adapter. Everything that is the same for all peers
 * (polling, back-off, patience, looking up, failing over within a pool, deadlines without progress, downloading into
 * our own folder, making the result ours) is done once, in `remote-backend.ts`.
 *
 * Errors, in every method:
 * - a `Fault` is the peer's own answer, read and understood;
 * - `NoReply` means that nobody knows what the peer made of the request;
 * - anything else is a bug.
 */
export interface RemoteApi<Operation extends Json = Json> {
  /** What the peer can do. May change with a probe. */
  readonly traits: RemoteTraits;

  /**
   * Asks the peer to begin. Resolves with its handle as soon as the peer has accepted; whatever is needed to poll,
   * stop and fetch later must be in it, because it is saved and another process may go on with it.
   *
   * A Fault is a definite refusal: nothing was accepted, nothing will be paid. `NoReply` is the honest answer for
   * everything else, an answer without a usable handle included.
   */
  start(ask: RemoteAsk, signal: AbortSignal): Promise<Operation>;

  /**
   * Looks once. A rejected poll says nothing about the operation, which goes on; so does a word that we don't know.
   * Must be safe to call for ever, and must not say `failed` unless the peer said so.
   */
  poll(operation: Operation, signal: AbortSignal): Promise<Polled>;

  /**
   * Listens until the signal aborts to what the peer pushes about an operation, for peers that push; `poll` tells what was
   * heard. `wake` asks for a look now. Never throws: nothing may depend on it.
   */
  watch?(operation: Operation, wake: () => void, signal: AbortSignal): void;

  /**
   * Finds what the peer may have accepted of this attempt, for peers that know it by an id of ours. Undefined only when
   * the peer is sure not to have it.
   */
  lookup?(attempt: AttemptName, signal: AbortSignal): Promise<Operation | undefined>;

  /** Asks the peer to stop. `unknown`: it could not be asked, or did not say. */
  stop(operation: Operation, signal: AbortSignal): Promise<Stopped>;

  /**
   * Brings the finished video into a new local file. `result` is what the poll that said `done` carried.
   * Credentials go to the configured origin only; an address in an answer is somebody else's word.
   */
  fetchResult(operation: Operation, result: Json, toFile: string, signal: AbortSignal): Promise<void>;

  /** Removes what is left of an operation that is over, whatever its end: files that were handed over, say. Idempotent. */
  cleanUp?(operation: Operation): Promise<void>;

  /** Asks the peer what it has and what it lacks. Resolves also when nothing works; `problems` then says so in words. */
  probe(signal: AbortSignal): Promise<Probed>;

  /** Reads a handle that was saved, perhaps by an earlier version; undefined when it is none of ours. */
  readOperation(saved: Json): Operation | undefined;

  /** How many works wait or run there now, other people's included, for peers that tell. */
  load?(signal: AbortSignal): Promise<number>;

  /** Frees sockets. Idempotent. */
  close?(): Promise<void>;
}

export type Stopped = 'stopped' | 'goes_on' | 'unknown';

/** What a peer can do, as far as it matters to us. */
export interface RemoteTraits {
  readonly sizes: readonly SizeTier[];
  /** Sides in pixels that its inputs may have; both frames are rescaled equally into them. */
  readonly sides?: { readonly min: number; readonly max: number };
  readonly billed: boolean;
  /** `running`: at any time. `queued`: only before it works. `none`: never. */
  readonly cancel: 'running' | 'queued' | 'none';
  readonly honoursSeed: boolean;
  /** `default`: it also wants ours when the caller gave none. */
  readonly negativePrompt: 'none' | 'optional' | 'default';
  readonly watermarks: boolean;
  /** Rewrites prompts itself when asked to. */
  readonly extendsPrompt: boolean;
  /** Tells a fraction that grows while it works, so that silence means that it hangs. */
  readonly tellsProgress: boolean;
}

/** One attempt's names. */
export interface AttemptName {
  /** `<video id>.<number>`. */
  readonly id: string;
  /** A canonical lower-case UUID that is always the same for the same attempt. */
  readonly uuid: string;
}

/** What a peer is asked for: complete, checked and prepared, so that an adapter only spells it. */
export interface RemoteAsk {
  readonly attempt: AttemptName;
  readonly model: string;
  /** Rewritten already when we do that and the peer does not. */
  readonly prompt: string;
  /** Empty: none. */
  readonly negativePrompt: string;
  /** The peer is to rewrite the prompt; false when it cannot, or it was done already. */
  readonly extendPrompt: boolean;
  readonly size: SizeTier;
  readonly seconds: number;
  readonly seed: number;
  /** The peer is to draw the watermark; false when it cannot and we do. */
  readonly watermark: boolean;
  /** Two opaque sRGB PNGs of identical size. */
  readonly frames: Frames<Uint8Array>;
  /** Of both frames, in pixels, and so of the video wanted. */
  readonly pixels: Size;
}

export type Polled =
  | {
      readonly state: 'working';
      readonly phase: 'upstream_queued' | 'generating';
      /** 0..1 where the peer tells it. */
      readonly fraction?: number;
      /** A word of the peer that we don't know: counted as still working, and told to the operator. */
      readonly unknownWord?: string;
      /** The peer's own wish for the next look, in milliseconds. */
      readonly againInMs?: number;
    }
  | {
      readonly state: 'done';
      /** What `fetchResult` needs. */
      readonly result: Json;
      /** The prompt the peer really used, where it says so. */
      readonly actualPrompt?: string;
      /** What the peer tells about the finished work (usage, times); shown under `metadata.upstream`. */
      readonly report?: { readonly [key: string]: Json };
    }
  /** The peer ended it without a video. */
  | { readonly state: 'failed'; readonly fault: Fault }
  /** The peer is sure not to know it any more (it was restarted, or forgot). */
  | { readonly state: 'lost'; readonly why: string };

export interface Probed {
  /** What keeps it from working, in words for the operator; empty when it is ready. */
  readonly problems: readonly string[];
  /** Name and version of what answers, where it tells. */
  readonly version?: string;
}

/**
 * No answer, or none that says whether the peer acted. `reached`: the request, or part of it, may have arrived; when it
 * is false nothing was sent at all.
 */
export class NoReply extends Error {
  override readonly name = 'NoReply';
  readonly reached: boolean;

  constructor(message: string, reached: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.reached = reached;
  }
}
