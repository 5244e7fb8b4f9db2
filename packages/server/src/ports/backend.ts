import type { Json } from '../domain/attempt.ts';
import type { Frames } from '../domain/frame.ts';
import type { Generation } from '../domain/generation.ts';
import type { SizeTier } from '../domain/model.ts';
import type { PreparedFrames } from '../domain/result.ts';
import type { Phase, Video } from '../domain/video.ts';
import type { ByteSource } from './artifacts.ts';

/** What a backend can do right now. */
export interface Capabilities {
  readonly ready: boolean;
  /** What is missing, in words for the operator; empty when ready. */
  readonly problems: readonly string[];
  readonly sizes: readonly SizeTier[];
  /** Each attempt may cost money, so nothing that may have been accepted is sent again. */
  readonly billed: boolean;
  /** Can find an operation again by our attempt id after a crash. */
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
  /** What an earlier attempt of this process or another remembered; null: start anew. */
  readonly operation: Json;
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
      readonly phase: Extract<Phase, 'upstream_queued' | 'generating'>;
    }
  | {
      readonly type: 'finished';
      readonly video: LocalFile;
      /** WEBP. */
      readonly thumbnail?: LocalFile;
      /** PNG of the last output frame as it was before a watermark. */
      readonly lastFrame?: LocalFile;
      readonly report: Readonly<Record<string, Json>>;
      readonly actualPrompt?: string;
    };

/** Who makes the pixels. */
export interface Backend {
  readonly name: string;
  /** How many attempts may run at once over the whole fleet. */
  readonly slots: number;
  readonly capabilities: Capabilities;
  /** Looks again; `capabilities` tells the last answer. */
  probe(signal: AbortSignal): Promise<Capabilities>;
  /**
   * Runs or resumes one attempt and ends with exactly one `finished` event, or throws a Fault.
   * Files it hands out live until the generator is returned or has ended. Aborting stops the work where it can be stopped.
   */
  generate(ask: GenerateAsk, signal: AbortSignal): AsyncIterable<BackendEvent>;
}

/**
 * Whether a video that is ended now gives its slot back at once. Work that a backend cannot stop goes on at the peer, so
 * its slot stays taken until that work ends.
 */
export function freesSlotAtOnce(video: Video, backend: Backend | undefined): boolean {
  if (video.attempt === null || video.attempt.state === 'closed') return true;
  return backend?.capabilities.cancel !== 'ignores';
}
