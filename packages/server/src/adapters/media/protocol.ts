import { Fault, type FaultCode } from '../../domain/fault.ts';
import type { SizeTier } from '../../domain/model.ts';
import type { VideoFacts } from '../../domain/result.ts';
import type { CoverCrop, Size } from '../../domain/size.ts';
import { printable } from '../system/printable.ts';

/** What the media child is asked for: paths in, files out; bytes never travel over the channel. */
export type MediaOrder =
  | {
      readonly id: number;
      readonly kind: 'prepare';
      readonly tier: SizeTier;
      readonly inputs: readonly [first: string, last: string];
      readonly outputs: readonly [first: string, last: string];
    }
  | {
      readonly id: number;
      readonly kind: 'rescale';
      readonly to: Size;
      readonly inputs: readonly [first: string, last: string];
      readonly outputs: readonly [first: string, last: string];
    }
  | { readonly id: number; readonly kind: 'inspect'; readonly path: string };

/** One prepared picture, as the child tells it. */
export interface PreparedFacts {
  readonly source: Size;
  readonly crop: CoverCrop;
}

/** What came of a pair. */
export interface PairFacts {
  readonly size: Size;
  readonly first: PreparedFacts;
  readonly last: PreparedFacts;
  readonly identical: boolean;
}

/** What a video file says of itself. */
export interface FileFacts extends VideoFacts {
  readonly codec: string;
  readonly faststart: boolean;
}

export type MediaAnswer =
  | { readonly id: number; readonly kind: 'prepared'; readonly pair: PairFacts }
  | { readonly id: number; readonly kind: 'rescaled' }
  | { readonly id: number; readonly kind: 'inspected'; readonly file: FileFacts }
  | { readonly id: number; readonly kind: 'fault'; readonly fault: SentFault };

/** A Fault on its way over the channel. */
export interface SentFault {
  readonly code: FaultCode;
  readonly message: string;
  readonly param?: string;
  readonly cause: string;
}

/** Packs a fault for the channel; its cause becomes printable text for the log. */
export function packFault(fault: Fault): SentFault {
  const { code, message, param, cause } = fault;
  const text = cause instanceof Error ? printable(cause.message) : '';
  return { code, message, ...(param === undefined ? {} : { param }), cause: text };
}

/** Unpacks a fault; its cause is the child's text. */
export function unpackFault(sent: SentFault): Fault {
  const { code, message, param, cause } = sent;
  return new Fault(code, message, { ...(param === undefined ? {} : { param }), cause: new Error(cause) });
}
