import type { Json } from '../domain/attempt.ts';
import type { Frames } from '../domain/frame.ts';
import type { Generation, Warning } from '../domain/generation.ts';
import type { SizeTier } from '../domain/model.ts';
import type { PreparedFrames } from '../domain/result.ts';
import type { Phase } from '../domain/video.ts';
import type { ByteSource } from './artifacts.ts';

/** What a backend can do right now. */
export interface Capabilities {
  readonly ready: boolean;
  /** What is missing, in words for the operator; empty when ready. */
  readonly problems: readonly string[];
  readonly sizes: readonly SizeTier[];
  /** Sides that frames may have; absent: any. Both are rescaled equally into them where that is possible. */
  readonly sides?: { readonly min: number; readonly max: number };
  /** Each attempt may cost money, so nothing that may have been accepted is sent again. */
  readonly billed: boolean;
  /** Can find an operation again by our attempt id after a crash; exactly the backends that have `lookUp`. */
  readonly canLookUp: boolean;
  /** `stops`: cancel ends the work. `ignores`: the work goes on and its slot stays taken. */
  readonly cancel: 'stops' | 'ignores';
  readonly honoursSeed: boolean;
  readonly honoursNegativePrompt: boolean;
  /** Draws the watermark itself. */
  readonly watermarks: boolean;
  /** Its pixels are imagined by a model, not computed from the two pictures alone. */
  readonly generative: boolean;
}

/** One ask of one attempt. */
export interface GenerateAsk {
  readonly attempt: string;
  /** The video's public id, for the content label. */
  readonly video: string;
  readonly generation: Generation;
  readonly prepared: PreparedFrames;
  readonly frames: Frames<ByteSource>;
  /** What this attempt's peer accepted before, from `operation-started` or `lookUp`: resume it. null: start. */
  readonly operation: Json;
  /**
   * False: an operation is only followed to its end, because nobody wants its result any more. Nothing is fetched, and there
   * is no `finished`. Absent: it is wanted.
   */
  readonly resultWanted?: boolean;
  /**
   * A remote backend calls it right before it sends what its peer may accept: a worker that stood still for so long that
   * the video was given to another must not send when it wakes.
   *
   * @throws when the attempt is not this worker's any more; to be passed on as it is
   */
  readonly stillOurs?: () => Promise<void>;
}

/** A file on this machine, in the backend's own temporary folder. A remote backend downloads before it is finished. */
export interface LocalFile {
  readonly path: string;
}

export type BackendEvent =
  | { readonly type: 'operation-started'; readonly operation: Json }
  | {
      readonly type: 'progress';
      readonly fraction: number;
      /** It says nothing about whether the peer still works: reckoned from how long videos usually take, say. */
      readonly estimated?: boolean;
      readonly phase: Extract<Phase, 'upstream_queued' | 'generating'>;
    }
  | {
      readonly type: 'finished';
      readonly video: LocalFile;
      /** WEBP. */
      readonly thumbnail?: LocalFile;
      /** WEBP: small frames over the whole clip, 4 a row. */
      readonly spritesheet?: LocalFile;
      /** PNG of the last output frame as it was before a watermark. */
      readonly lastFrame?: LocalFile;
      readonly report: Readonly<Record<string, Json>>;
      readonly actualPrompt?: string;
      /** Remarks about the result for its caller. */
      readonly warnings?: readonly Warning[];
    };

/** What a peer answered to being asked to stop. */
export type StopAnswer =
  /** Nothing of the operation goes on: it was stopped, had ended before, or the peer does not know it any more. */
  | 'stopped'
  /** The peer cannot stop it, or only so at some later time; its place stays taken until it has ended. */
  | 'goes_on'
  /** The peer could not be asked; it is asked again later. */
  | 'unknown';

/**
 * Who makes the pixels.
 *
 * A local backend makes them on this machine: its attempts end with this process, it tells no operations and has no
 * `stop`. The work of a remote one goes on at a peer whatever becomes of us, so it has `stop`, tells each operation
 * before anything else, and is resumed by it.
 *
 * What a rejection of `generate` says about the attempt (`afterFault` in domain/transitions.ts acts on it):
 * - A Fault: the attempt is over. The peer has refused, failed or forgotten it, or was never reached; nothing of it goes
 *   on, and a retry is a new attempt. Thrown before an operation was told, it says that nothing was accepted.
 * - A Fault with `attemptGoesOn`: we cannot go on now, and the attempt may go on without us. With an operation it is
 *   resumed later. Without one nobody knows whether the peer accepted: where `lookUp` can tell, it is asked; a billed
 *   attempt that nobody can look up ends as `submission_unknown`; any other is made anew.
 * - Anything else is a bug, and says nothing about the attempt, as with `attemptGoesOn`.
 */
export interface Backend {
  readonly name: string;
  /** How many attempts may run at once over the whole fleet. */
  readonly slots: number;
  /** How many of them may run in this process; absent: all. For those that use this machine. */
  readonly slotsHere?: number | undefined;
  readonly capabilities: Capabilities;
  /** Looks again; `capabilities` tells the last answer. */
  probe(signal: AbortSignal): Promise<Capabilities>;
  /**
   * Runs or resumes one attempt and ends with exactly one `finished` event (none when its result is not wanted), or throws.
   * Files it hands out live until the generator is returned or has ended.
   *
   * Aborting a local attempt ends it. Aborting a remote one only lets go of it, so that a shutdown never stops paid work;
   * ending it is `stop`. Aborted while it submits, a remote backend lets the submission end within its own time limit and
   * tells the operation before it throws, so that nothing accepted is forgotten. A failing poll says nothing about the
   * operation: the backend asks again with patience, and in the end throws with `attemptGoesOn`.
   */
  generate(ask: GenerateAsk, signal: AbortSignal): AsyncIterable<BackendEvent>;
  /** Asks the peer to end what it accepted; safe to repeat. Remote backends have it, local ones have not. */
  stop?(operation: Json, signal: AbortSignal): Promise<StopAnswer>;
  /**
   * Finds what the peer accepted for an attempt whose answer was lost between "sent" and "saved".
   *
   * @returns its operation, which `generate` resumes; `undefined` only when the peer surely has not accepted it and never
   * will, so that it may be sent again
   * @throws Fault when the peer cannot tell now; it is asked again later
   */
  lookUp?(attempt: string, signal: AbortSignal): Promise<Json | undefined>;
}

/** Whether a backend's work goes on at a peer that must be resumed, stopped and followed. */
export function isRemote(backend: Backend): boolean {
  return backend.stop !== undefined;
}
