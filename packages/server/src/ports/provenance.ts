import type { VideoId } from '../domain/id.ts';

/** A finished file of ours that is to be signed. */
export interface SignOrder {
  readonly video: VideoId;
  readonly input: string;
  /** Written anew, in a folder of the attempt's own. */
  readonly output: string;
  /** A model imagined the pictures; false: they were computed from the two frames. */
  readonly generative: boolean;
}

/** What was written, as `metadata.labels` tells it. */
export interface Signed {
  readonly signer: string;
  readonly sourceType: string;
}

/** Signs finished files, so that others can tell who made them, how, and that nobody has changed them since. */
export interface Provenance {
  /** @throws Error for whatever keeps it from being signed; an unsigned file is never passed off as signed */
  sign(order: SignOrder, signal: AbortSignal): Promise<Signed>;
}
